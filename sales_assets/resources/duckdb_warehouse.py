"""The embedded warehouse: one DuckDB file.

Belongs here: DuckDB's SQL and its locking. Does not: what the tables mean (`warehouse`).

DuckDB lets one process write and then refuses everyone else at once, readers too. A lock file
beside the database makes them queue instead: any number of readers or one writer. The lock is
the operating system's, so a killed process leaves none behind.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import ReadWriteLock, Timeout
from pydantic import PrivateAttr

from sales_assets.contracts.model import AcrossDays
from sales_assets.contracts.quoting import literal
from sales_assets.errors import UsageError, WarehouseBusyError
from sales_assets.partitions import Window
from sales_assets.resources import duckdb_rates
from sales_assets.resources.duckdb_load import replace_days
from sales_assets.resources.warehouse import (
    TABLES,
    DayLoad,
    LoadedDay,
    LoadedRates,
    Outweighed,
    RateLoad,
    Reconverted,
    UnconvertedSales,
    ValidRate,
    Warehouse,
)

if TYPE_CHECKING:
    import duckdb

_log = logging.getLogger("sales_assets.warehouse")
SCHEMAS = ("main", "marts", "core", "staging")
"""Where a bare table name is looked up: the pipeline's own tables, then dbt's layers."""


class DuckDBWarehouse(Warehouse):
    """A DuckDB file at `path`; waits up to `lock_timeout` seconds for other processes."""

    path: str
    memory_limit: str = "2GB"
    lock_timeout: float = 3600.0
    _holds_lock: bool = PrivateAttr(default=False)
    _has_tables: bool = PrivateAttr(default=False)

    def loaded(self, source: str, window: Window) -> dict[date, LoadedDay]:
        """The ledger's entries of a source for the days of a window."""
        rows = self.rows(
            "SELECT partition_date, fingerprint, lines, accepted, rejected, amount, net_amount "
            "FROM ledger WHERE source = ? AND partition_date >= ? AND partition_date < ?",
            [source, window.start, window.end],
        )
        return {row[0]: LoadedDay(*row) for row in rows}

    def counted(self, source: str, window: Window) -> dict[date, LoadedDay]:
        """What the tables hold for a source and the days of a window, by the ledger's days."""
        these = [source, window.start, window.end]
        within = "source = ? AND partition_date >= ? AND partition_date < ?"
        rows = self.rows(
            "SELECT partition_date, fingerprint, lines, coalesce(a.rows, 0), coalesce(r.rows, 0), "
            "coalesce(a.amount, 0), coalesce(a.net_amount, 0) FROM ledger LEFT JOIN ("
            "SELECT partition_date, count(*) AS rows, sum(amount) AS amount, "
            f"sum(net_amount) AS net_amount FROM main.revenue WHERE {within} GROUP BY ALL"
            ") AS a USING (partition_date) LEFT JOIN ("
            f"SELECT partition_date, count(*) AS rows FROM rejected WHERE {within} GROUP BY ALL"
            f") AS r USING (partition_date) WHERE {within}",
            these * 3,
        )
        return {row[0]: LoadedDay(*row) for row in rows}

    def outweighed(self, source: str, window: Window) -> dict[date, Outweighed]:
        """The sound lines of some days whose key another day's line has."""
        rows = self.rows(
            "SELECT partition_date, count(*), sum(amount), sum(net_amount) FROM outweighed "
            "WHERE source = ? AND partition_date >= ? AND partition_date < ? GROUP BY ALL",
            [source, window.start, window.end],
        )
        return {row[0]: Outweighed(*row[1:]) for row in rows}

    def moved_days(self, window: Window) -> list[date]:
        """Other days that loads of a window's days have changed."""
        rows = self.rows(
            "SELECT DISTINCT moved_date FROM moved WHERE partition_date >= ? "
            "AND partition_date < ? AND NOT (moved_date >= ? AND moved_date < ?) ORDER BY 1",
            [window.start, window.end] * 2,
        )
        return [day for (day,) in rows]

    def replace_rates(self, load: RateLoad) -> LoadedRates:
        """Write publications in one transaction; see `Warehouse.replace_rates`."""
        with self._write() as connection, _transaction(connection):
            return duckdb_rates.replace_rates(connection, load)

    def rates_before(self, day: date) -> dict[str, ValidRate]:
        """Of each currency the last rate that was published before a day."""
        rows = self.rows(
            "SELECT currency, max(rate_date), max_by(rate, rate_date) FROM exchange_rates "
            "WHERE rate_date < ? GROUP BY currency",
            [day],
        )
        return {currency: ValidRate(rate_date, rate) for currency, rate_date, rate in rows}

    def valid_rates(self, window: Window) -> dict[date, dict[str, ValidRate]]:
        """The last published rates on or before each known day of a window."""
        found: dict[date, dict[str, ValidRate]] = {}
        for day, currency, rate_date, rate in self.rows(
            duckdb_rates.VALID, [window.start, window.end]
        ):
            found.setdefault(day, {})[currency] = ValidRate(rate_date, rate)
        return found

    def quarantined_rates(self) -> list[tuple[date, str, str, str]]:
        """Every rate that may not enter."""
        rows = "SELECT rate_date, currency, value, reason FROM quarantined_rates ORDER BY ALL"
        return [(day, currency, value, reason) for day, currency, value, reason in self.rows(rows)]

    def unconverted(self) -> list[UnconvertedSales]:
        """The sales that are not converted at the rate that is due."""
        if "rate_state" not in self._columns_of_models().get("core.fct_sales", []):
            return []  # not built yet, or by older models
        return [UnconvertedSales(*row) for row in self.rows(duckdb_rates.UNCONVERTED)]

    def reconverted(self, window: Window) -> Reconverted:
        """Sales outside of a window whose kept rate is not the valid one any more."""
        if len(self._columns_of_models()) < 2:  # before the first build
            return Reconverted([], [])
        parameters = duckdb_rates.outdated_parameters(window)
        return duckdb_rates.reconverted(
            [
                (partition, order)
                for partition, order in self.rows(duckdb_rates.OUTDATED, parameters)
            ]
        )

    def needs_full_refresh(self, reporting_currency: str) -> bool:
        """Whether `fct_sales` was made for another currency or by older models."""
        columns = self._columns_of_models().get("core.fct_sales")
        if columns is None:
            return False
        return "reporting_currency" not in columns or bool(
            self.rows(
                "SELECT 1 FROM core.fct_sales WHERE reporting_currency <> ? LIMIT 1",
                [reporting_currency],
            )
        )

    def _columns_of_models(self) -> dict[str, list[str]]:
        return dict(self.rows(duckdb_rates.COLUMNS))

    def replace(
        self,
        source: str,
        loads: Sequence[DayLoad],
        confirm: Callable[[], None] = lambda: None,
        across_days: AcrossDays | None = None,
    ) -> list[LoadedDay]:
        """Replace days of a source in one transaction; see `Warehouse.replace`."""
        with self._write() as connection:
            confirm()
            with _transaction(connection):
                return replace_days(connection, source, loads, across_days)

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self._read() as connection:
            return connection.execute(query, list(parameters)).fetchall()

    def number(self, query: str, source: str, window: Window) -> Decimal | None:
        """The one number of a query over a source's rows of some days."""
        rows = self.rows(
            "WITH revenue AS (SELECT * FROM main.revenue WHERE source = ? AND "
            f"partition_date >= ? AND partition_date < ?) SELECT ({query})",
            [source, window.start, window.end],
        )
        return None if rows[0][0] is None else Decimal(str(rows[0][0]))

    def select(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and rows of a person's query, which can read the warehouse only.

        Raises UsageError with DuckDB's own words if the query is wrong or would change anything.
        """
        import duckdb

        with self._read() as connection:
            connection.execute("SET enable_external_access = false; SET lock_configuration = true")
            try:
                if not connection.extract_statements(query):
                    raise UsageError("The query is empty; ask for example: SELECT * FROM ledger")
                cursor = connection.execute(query)
                names = [column[0] for column in cursor.description or []]
                return names, cursor.fetchall()
            except duckdb.Error as error:
                raise UsageError(str(error).strip()) from error

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the writers' lock without a connection, for dbt's own."""
        self._create()
        with self._locked(write=True):
            self._holds_lock = True
            try:
                yield
            finally:
                self._holds_lock = False

    @contextmanager
    def _write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self._create()
        with self._locked(write=True), self._connected(read_only=False) as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self._create()
        with self._locked(write=False), self._connected(read_only=True) as connection:
            yield connection

    def _create(self) -> None:
        """Make the file with its tables; it appears complete or not at all."""
        import duckdb

        if Path(self.path).exists():
            self._add_tables()
            return
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        with self._locked(write=True):
            if Path(self.path).exists():
                return
            unfinished = Path(f"{self.path}.new")
            unfinished.unlink(missing_ok=True)
            with duckdb.connect(str(unfinished)) as connection:
                _create_tables(connection)
                for schema in SCHEMAS[1:]:
                    connection.execute(f"CREATE SCHEMA {schema}")
            os.replace(unfinished, self.path)

    def _add_tables(self) -> None:
        """Make the tables that a warehouse of an earlier version lacks."""
        if self._has_tables:
            return
        with self._locked(write=False), self._connected(read_only=True) as connection:
            names = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
            there = {name for (name,) in connection.execute(names).fetchall()}
        if not there >= TABLES.keys():
            with self._locked(write=True), self._connected(read_only=False) as connection:
                _create_tables(connection)
        self._has_tables = True

    @contextmanager
    def _locked(self, write: bool) -> Iterator[None]:
        if self._holds_lock and not write:
            yield
            return
        lock = ReadWriteLock(f"{self.path}.lock")
        acquire = lock.acquire_write if write else lock.acquire_read
        try:
            acquired = acquire(timeout=0.2)
        except Timeout:
            _log.warning(
                "Another run is using the warehouse; waiting up to %d s for it.", self.lock_timeout
            )
            try:
                acquired = acquire(timeout=self.lock_timeout)
            except Timeout as error:
                raise WarehouseBusyError(
                    f"{self.path}: another run kept the warehouse for {self.lock_timeout:g} s; "
                    "try again when it has ended"
                ) from error
        with acquired:
            yield

    @contextmanager
    def _connected(self, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        import duckdb

        try:
            connection = duckdb.connect(self.path, read_only=read_only)
        except duckdb.IOException as error:
            if "lock" not in str(error).lower():
                raise
            raise WarehouseBusyError(
                f"{self.path}: a program outside of sales-assets has the warehouse open; close it "
                "and try again"
            ) from error
        try:
            connection.execute(f"SET memory_limit = {literal(self.memory_limit)}")
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"SET search_path = {literal(','.join(SCHEMAS))}")
            yield connection
        finally:
            connection.close()


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    import duckdb

    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.TransactionException):  # a failed COMMIT has ended it already
            connection.execute("ROLLBACK")
        raise


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    for name, columns in TABLES.items():
        described = ", ".join(f"{column} {sql_type}" for column, sql_type in columns)
        connection.execute(f"CREATE TABLE IF NOT EXISTS main.{name} ({described})")
