"""A session in Snowflake.

Belongs here: what of a session is Snowflake's own: types, binding, loading from a stage. Does not:
connecting (`snowflake_account`), who may write (`snowflake_lease`), or any question or change
(`sql_warehouse`).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sales_assets.contracts.quoting import literal
from sales_assets.errors import SalesAssetsError
from sales_assets.resources.parquet_rows import ROWS_AT_ONCE, write_rows
from sales_assets.resources.session import Columns, Row, Session, StagedFile, StageFile
from sales_assets.resources.snowflake_commits import leave_mark
from sales_assets.resources.snowflake_errors import errors_told

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_log = logging.getLogger("sales_assets.warehouse")
LOADS = "main.loads"
"""The internal stage that local files go to on their way into a table."""
FILES_AT_ONCE = 1000
"""The most files that one COPY takes by name."""
_PARQUET = "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE)"
_BY_NAME = "MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"
_LISTS = frozenset({5, 10})
"""The connector's numbers of the types VARIANT and ARRAY, whose values come as JSON."""


def snowflake_type(sql_type: str) -> str:
    """A type in ANSI terms as Snowflake's: numbers exact, times without a zone."""
    if sql_type.endswith("[]"):
        return "ARRAY"
    if sql_type == "TIMESTAMP":
        return "TIMESTAMP_NTZ(6)"
    if sql_type == "BIGINT":
        return "NUMBER(38, 0)"
    decimal = re.fullmatch(r"DECIMAL\((\d+), ?(\d+)\)", sql_type)
    return f"NUMBER({decimal[1]}, {decimal[2]})" if decimal else sql_type


def described(columns: Columns) -> str:
    """Columns for CREATE TABLE."""
    return ", ".join(f"{name} {snowflake_type(sql_type)}" for name, sql_type in columns)


class SnowflakeSession(Session):
    """A session on a connection, which stays the caller's.

    `stage` is the external stage; `timeout` how many seconds a statement may take.
    """

    def __init__(
        self,
        connection: SnowflakeConnection,
        address: str,
        stage: str | None = None,
        timeout: int | None = None,
    ) -> None:
        self._connection = connection
        # Else the connector ends statements after the time-out that is meant for the network.
        self._timeout = timeout
        self._address = address
        self._stage = stage
        self._fence: Callable[[Session], None] = lambda _: None
        self._beside: AbstractContextManager[Any] = nullcontext()
        self._committed: Callable[[str], bool] = lambda _: False

    def fenced(
        self,
        fence: Callable[[Session], None],
        beside: AbstractContextManager[Any],
        committed: Callable[[str], bool],
    ) -> Session:
        """This session as the writer's: each transaction is in `beside` and begins with `fence`.

        `committed` is asked whether the one that left a mark took effect, if its end is unknown.
        """
        self._fence, self._beside, self._committed = fence, beside, committed
        return self

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """The rows of a query; lists come as lists."""
        return self.select(sql, parameters)[1]

    def select(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[list[str], list[Row]]:
        """Names, in lower case, and rows of a query."""
        with errors_told(self._address), self._connection.cursor() as cursor:
            cursor.execute(sql, _bound(parameters), timeout=self._timeout)
            rows: list[Row] = cursor.fetchall()
            columns = cursor.description or []
        lists = [at for at, column in enumerate(columns) if column.type_code in _LISTS]
        return [column.name.lower() for column in columns], [_with_lists(r, lists) for r in rows]

    def change(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Insert, delete or update."""
        with errors_told(self._address), self._connection.cursor() as cursor:
            cursor.execute(sql, _bound(parameters), timeout=self._timeout)
            return cursor.rowcount or 0

    def scratch(self, name: str, columns: Columns, rows: Iterable[Sequence[Any]] = ()) -> None:
        """Make a temporary table; rows are bound as arrays, in one statement."""
        self.query(f"CREATE OR REPLACE TEMPORARY TABLE {name} ({described(columns)})")
        values = [_bound(row) for row in rows]
        if values:
            marks = ", ".join("?" * len(columns))
            with errors_told(self._address), self._connection.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO {name} VALUES ({marks})", values, timeout=self._timeout
                )

    def staged(self, name: str, columns: Columns, files: Sequence[StagedFile]) -> str:
        """Copy the files into a temporary table."""
        self.scratch(name, columns)
        keys = [file.key for file in files if isinstance(file, StageFile)]
        paths = [file for file in files if isinstance(file, Path)]
        for start in range(0, len(keys), FILES_AT_ONCE):
            named = ", ".join(map(literal, keys[start : start + FILES_AT_ONCE]))
            self.query(
                f"COPY INTO {name} FROM @{self._stage} FILES = ({named}) {_PARQUET} {_BY_NAME}"
            )
        if paths:
            folder = f"@{LOADS}/{uuid4().hex}/"
            try:
                self._upload(paths, folder)
                self.query(f"COPY INTO {name} FROM {folder} {_PARQUET} {_BY_NAME}")
            finally:
                with _told_only():
                    self.query(f"REMOVE {folder}")
        return name

    def _upload(self, paths: Sequence[Path], folder: str) -> None:
        """Put files into a stage; several have the same name, so each gets another."""
        with TemporaryDirectory(prefix="sales-assets-") as links:
            for number, path in enumerate(paths):
                Path(links, f"{number:05}.parquet").symlink_to(path.absolute())
            self.query(
                f"PUT {literal(f'file://{links}/*.parquet')} {folder} "
                "PARALLEL = 8 AUTO_COMPRESS = FALSE"
            )

    def unload(self, query: str, columns: Columns, file: Path, about: Mapping[str, str]) -> None:
        """Fetch the rows, a chunk at a time, into the file."""
        with errors_told(self._address), self._connection.cursor() as cursor:
            cursor.execute(query, timeout=self._timeout)
            write_rows(file, columns, iter(lambda: cursor.fetchmany(ROWS_AT_ONCE), []), about)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is changed in the block, or nothing of it."""
        mark = ""
        try:
            with self._beside:
                self.query("BEGIN TRANSACTION")
                try:
                    self._fence(self)
                    yield
                    mark = leave_mark(self)
                except BaseException:
                    with _told_only():  # the first error is the one that says what happened
                        self.query("ROLLBACK")
                    raise
                self.query("COMMIT")
        except SalesAssetsError as error:
            if not mark or not self._committed(mark):
                raise
            _log.warning("A COMMIT had no answer but took effect: %s", error)

    def list_of(self, expression: str) -> str:
        """An array with one element."""
        return f"ARRAY_CONSTRUCT({expression})"


@contextmanager
def _told_only() -> Iterator[None]:
    """Tidying up, whose failure hides no other: what is left ends with the session, or is junk."""
    try:
        yield
    except SalesAssetsError as error:
        _log.warning("%s", error)


def _with_lists(row: Row, lists: Sequence[int]) -> Row:
    if not lists:
        return tuple(row)
    values = list(row)
    for at in lists:
        values[at] = None if values[at] is None else json.loads(values[at])
    return tuple(values)


def _bound(parameters: Iterable[Any]) -> Row:
    """Values as the connector binds them; numbers as all their digits, without an exponent."""
    return tuple(
        ("FIXED", format(value, "f")) if isinstance(value, Decimal) else value
        for value in parameters
    )
