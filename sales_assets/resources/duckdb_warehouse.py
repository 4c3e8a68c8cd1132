"""The embedded warehouse: a DuckDB file.

Belongs here: what of a warehouse is DuckDB's own. Does not: the file and its lock (`duckdb_file`),
or the SQL that all warehouses share (`sql_warehouse`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sales_assets.errors import UsageError
from sales_assets.resources.duckdb_file import DuckDBFile
from sales_assets.resources.duckdb_session import DuckDBSession
from sales_assets.resources.session import Row, Session
from sales_assets.resources.sql_warehouse import SqlWarehouse


class DuckDBWarehouse(DuckDBFile, SqlWarehouse):
    """A warehouse in one DuckDB file."""

    @contextmanager
    def _read(self) -> Iterator[Session]:
        with self._reading() as connection:
            yield DuckDBSession(connection)

    def _at_one_moment(self) -> AbstractContextManager[Session]:
        return self._read()  # who reads the file keeps writers out

    @contextmanager
    def _write(self) -> Iterator[Session]:
        with self._writing() as connection:
            yield DuckDBSession(connection)

    def select(self, query: str) -> tuple[list[str], list[Row]]:
        """Column names and rows of a person's query, which can read the warehouse only.

        Raises UsageError with DuckDB's own words if the query is wrong or would change anything.
        """
        import duckdb

        # A person's query runs with settings that an engine cannot take back.
        with self._reading(alone=True) as connection:
            connection.execute("SET enable_external_access = false; SET lock_configuration = true")
            try:
                if not connection.extract_statements(query):
                    raise UsageError("The query is empty; ask for example: SELECT * FROM ledger")
                cursor = connection.execute(query)
                names = [column[0] for column in cursor.description or []]
                return names, cursor.fetchall()
            except duckdb.Error as error:
                raise UsageError(str(error).strip()) from error
