"""The embedded warehouse: what assets and checks ask of a DuckDB file, and change in it.

Belongs here: DuckDB's SQL. Does not: the file and its lock (`duckdb_file`), what the tables mean
(`warehouse`), or the steps of a load (`duckdb_load`, `duckdb_rates`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sales_assets.contracts.model import AcrossDays
from sales_assets.errors import UsageError
from sales_assets.partitions import Window
from sales_assets.resources import duckdb_marts, duckdb_rates
from sales_assets.resources.duckdb_file import DuckDBFile, transaction
from sales_assets.resources.duckdb_load import replace_days
from sales_assets.resources.warehouse import (
    DayLoad,
    LoadedDay,
    LoadedRates,
    Outweighed,
    RateLoad,
    UnconvertedSales,
    ValidRate,
    Warehouse,
)


class DuckDBWarehouse(DuckDBFile, Warehouse):
    """A warehouse in one DuckDB file."""

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
        with self._write() as connection, transaction(connection):
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
        """Every rate that is lacking since it may not enter."""
        rows = (
            "SELECT rate_date, currency, value, reason FROM quarantined_rates "
            "ANTI JOIN exchange_rates USING (rate_date, currency) ORDER BY ALL"
        )
        return [(day, currency, value, reason) for day, currency, value, reason in self.rows(rows)]

    def unconverted(self) -> list[UnconvertedSales]:
        """The sales that are not converted at the rate that is due."""
        if "rate_state" not in self._columns_of_models().get("core.fct_sales", []):
            return []  # not built yet, or by older models
        return [UnconvertedSales(*row) for row in self.rows(duckdb_marts.UNCONVERTED)]

    def outdated_marts(self, rules: Mapping[str, str]) -> list[date]:
        """Days of drops whose sales the models have to compute anew."""
        unfinished = self.rows("SELECT partition_date FROM unfinished_marts")
        found = {day for (day,) in unfinished}
        if "staging.stg_exchange_rates" in self._columns_of_models():
            parameters = [list(rules), list(rules.values())]
            found |= {day for (day,) in self.rows(duckdb_marts.OUTDATED, parameters)}
        return sorted(found)

    def begin_marts(self, days: Collection[date] | None) -> None:
        """Note that the models are being built for some days."""
        with self._write() as connection, transaction(connection):
            duckdb_marts.begin(connection, days)

    def abandon_marts(self, days: Collection[date]) -> None:
        """Note that the build of some days has failed."""
        with self._write() as connection, transaction(connection):
            duckdb_marts.abandon(connection, days)

    def end_marts(self, days: Collection[date] | None, rules: Mapping[str, str]) -> None:
        """Note that all models were built for some days."""
        with self._write() as connection, transaction(connection):
            duckdb_marts.end(connection, days, rules)

    def needs_full_refresh(self, reporting_currency: str) -> bool:
        """Whether the models' tables were made for another currency, or by older models."""
        tables = {
            name: columns
            for name, columns in self._columns_of_models().items()
            if not name.startswith("staging.")
        }
        if any("reporting_currency" not in columns for columns in tables.values()):
            return True
        return bool(self.rows(duckdb_marts.OF_ANOTHER_CURRENCY, [reporting_currency]))

    def _columns_of_models(self) -> dict[str, list[str]]:
        return dict(self.rows(duckdb_marts.COLUMNS))

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
            with transaction(connection):
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
