"""A session in the embedded warehouse.

Belongs here: what of a session is DuckDB's own. Does not: the file and its lock (`duckdb_file`),
or any question or change (`sql_warehouse`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sales_assets.contracts.quoting import literal
from sales_assets.resources.session import Columns, Row, Session, StagedFile

if TYPE_CHECKING:
    import duckdb


class DuckDBSession(Session):
    """A session on a connection, which stays the caller's."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """The rows of a query."""
        return self._connection.execute(sql, list(parameters)).fetchall()

    def change(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Insert, delete or update."""
        [(rows,)] = self.query(sql, parameters)
        return int(rows)

    def scratch(self, name: str, columns: Columns, rows: Iterable[Sequence[Any]] = ()) -> None:
        """Make a temporary table; rows are bound as one list for each column."""
        described = ", ".join(f"{column} {sql_type}" for column, sql_type in columns)
        self.query(f"CREATE OR REPLACE TEMP TABLE {name} ({described})")
        values = list(zip(*rows, strict=True))
        if values:
            unnested = ", ".join(f"unnest(?::{sql_type}[])" for _, sql_type in columns)
            self.change(f"INSERT INTO {name} SELECT {unnested}", [list(value) for value in values])

    def staged(
        self,
        name: str,
        columns: Columns,  # noqa: ARG002  # the files say which they have
        files: Sequence[StagedFile],
    ) -> str:
        """The files themselves, read where they lie."""
        paths = ", ".join(literal(str(path)) for path in files)
        return f"read_parquet([{paths}], hive_partitioning = false) AS {name}"

    def load(self, table: str, columns: Sequence[str], rows: str, *, small: bool) -> int:
        """Add rows to a table; those of small files by one thread.

        Several threads would copy batches smaller than a row group once more, to put them together
        in order: 24 files of 20,000 rows took 0.91 CPU-s with two, and 0.69 with one.
        """
        if not small:
            return super().load(table, columns, rows, small=small)
        self.query("SET threads = 1")
        added = super().load(table, columns, rows, small=small)
        self.query("RESET threads")  # after an error the connection is of no more use
        return added

    def unload(
        self,
        query: str,
        columns: Columns,  # noqa: ARG002  # the query says which it has
        file: Path,
        about: Mapping[str, str],
    ) -> None:
        """Let DuckDB write the file, compressed as every reader of Parquet knows it (Snappy)."""
        told = ", ".join(f"{literal(name)}: {literal(text)}" for name, text in about.items())
        metadata = f", KV_METADATA {{{told}}}" if told else ""
        self.query(f"COPY ({query}) TO {literal(str(file))} (FORMAT parquet{metadata})")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is changed in the block, or nothing of it."""
        import duckdb

        self._connection.execute("BEGIN")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(duckdb.TransactionException):  # a failed COMMIT has ended it already
                self._connection.execute("ROLLBACK")
            raise

    def list_of(self, expression: str) -> str:
        """A list with one element."""
        return f"[{expression}]"
