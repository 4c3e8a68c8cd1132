"""A warehouse that is spoken to in SQL: what assets and checks ask of it, and change in it.

Belongs here: the questions, in SQL that DuckDB and Snowflake understand alike, so that both give
the same answers. Does not: connections, locks and bulk loading (`duckdb_warehouse`,
`snowflake_warehouse`), what the tables mean (`warehouse_tables`), or the steps of a change
(`sql_load`, `sql_keys`, `sql_rates`, `sql_marts`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sales_assets.contracts.days import AcrossDays
from sales_assets.partitions import Window
from sales_assets.resources import sql_marts, sql_rates
from sales_assets.resources.session import Row, Session
from sales_assets.resources.sql_load import replace_days
from sales_assets.resources.warehouse import (
    DayLoad,
    LoadedDay,
    LoadedRates,
    Outweighed,
    RateLoad,
    UnconvertedSales,
    Unload,
    ValidRate,
    Warehouse,
)

_WITHIN = "source = ? AND partition_date >= ? AND partition_date < ?"


class SqlWarehouse(Warehouse):
    """A warehouse of which a product's class says how to connect."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Session]:
        """A session that asks."""

    @abstractmethod
    def _at_one_moment(self) -> AbstractContextManager[Session]:
        """A session all of whose questions are answered as of the same moment."""

    @abstractmethod
    def _write(self) -> AbstractContextManager[Session]:
        """A session that changes; nobody else writes meanwhile."""

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """The rows of a query."""
        with self._read() as session:
            return session.query(query, parameters)

    def answers(self, queries: Sequence[str]) -> list[list[Row]]:
        """The rows of several queries in one session."""
        if not queries:
            return []
        with self._read() as session:
            return [session.query(query) for query in queries]

    def loaded(self, source: str, window: Window) -> dict[date, LoadedDay]:
        """The ledger's entries of a source for the days of a window."""
        rows = self.rows(
            "SELECT partition_date, fingerprint, lines, accepted, rejected, amount, net_amount "
            f"FROM main.ledger WHERE {_WITHIN}",
            [source, window.start, window.end],
        )
        return {row[0]: LoadedDay(*row) for row in rows}

    def counted(self, source: str, window: Window) -> dict[date, LoadedDay]:
        """What the tables hold for a source and the days of a window, by the ledger's days."""
        these = [source, window.start, window.end]
        rows = self.rows(
            "SELECT l.partition_date, l.fingerprint, l.lines, coalesce(a.counted, 0), "
            "coalesce(r.counted, 0), coalesce(a.amount, 0), coalesce(a.net_amount, 0) "
            f"FROM (SELECT * FROM main.ledger WHERE {_WITHIN}) AS l LEFT JOIN ("
            "SELECT partition_date, count(*) AS counted, sum(amount) AS amount, "
            f"sum(net_amount) AS net_amount FROM main.revenue WHERE {_WITHIN} "
            "GROUP BY partition_date) AS a ON a.partition_date = l.partition_date LEFT JOIN ("
            f"SELECT partition_date, count(*) AS counted FROM main.rejected WHERE {_WITHIN} "
            "GROUP BY partition_date) AS r ON r.partition_date = l.partition_date",
            these * 3,
        )
        return {row[0]: LoadedDay(*row) for row in rows}

    def net_by_currency(self, source: str, window: Window) -> dict[date, dict[str, Decimal]]:
        """The net amounts of a source's rows by day and currency."""
        found: dict[date, dict[str, Decimal]] = {}
        for day, currency, net in self.rows(
            "SELECT partition_date, currency, sum(net_amount) FROM main.revenue "
            f"WHERE {_WITHIN} GROUP BY partition_date, currency",
            [source, window.start, window.end],
        ):
            found.setdefault(day, {})[currency] = net
        return found

    def outweighed(self, source: str, window: Window) -> dict[date, Outweighed]:
        """The sound lines of some days whose key another day's line has."""
        rows = self.rows(
            "SELECT partition_date, count(*), sum(amount), sum(net_amount) FROM main.outweighed "
            f"WHERE {_WITHIN} GROUP BY partition_date",
            [source, window.start, window.end],
        )
        return {row[0]: Outweighed(*row[1:]) for row in rows}

    def moved_days(self, window: Window) -> list[date]:
        """Other days that loads of a window's days have changed."""
        rows = self.rows(
            "SELECT DISTINCT moved_date FROM main.moved WHERE partition_date >= ? "
            "AND partition_date < ? AND NOT (moved_date >= ? AND moved_date < ?) ORDER BY 1",
            [window.start, window.end] * 2,
        )
        return [day for (day,) in rows]

    def replace(
        self,
        source: str,
        loads: Sequence[DayLoad],
        confirm: Callable[[], None] = lambda: None,
        across_days: AcrossDays | None = None,
    ) -> list[LoadedDay]:
        """Replace days of a source in one transaction; see `Warehouse.replace`."""
        with self._write() as session:
            confirm()
            return replace_days(session, source, loads, across_days)

    def replace_rates(self, load: RateLoad) -> LoadedRates:
        """Write publications in one transaction; see `Warehouse.replace_rates`."""
        with self._write() as session:
            return sql_rates.replace_rates(session, load)

    def rates_before(self, day: date) -> dict[str, ValidRate]:
        """Of each currency the last rate that was published before a day."""
        rows = self.rows(
            "SELECT currency, max(rate_date), max_by(rate, rate_date) FROM main.exchange_rates "
            "WHERE rate_date < ? GROUP BY currency",
            [day],
        )
        return {currency: ValidRate(rate_date, rate) for currency, rate_date, rate in rows}

    def valid_rates(self, window: Window) -> dict[date, dict[str, ValidRate]]:
        """The last published rates on or before each known day of a window."""
        found: dict[date, dict[str, ValidRate]] = {}
        for day, currency, rate_date, rate in self.rows(
            sql_rates.VALID, [window.start, window.end]
        ):
            found.setdefault(day, {})[currency] = ValidRate(rate_date, rate)
        return found

    def quarantined_rates(self) -> list[tuple[date, str, str, str]]:
        """Every rate that is lacking since it may not enter."""
        rows = (
            "SELECT rate_date, currency, value, reason FROM main.quarantined_rates AS q "
            "WHERE NOT EXISTS (SELECT 1 FROM main.exchange_rates AS r "
            "WHERE r.rate_date = q.rate_date AND r.currency = q.currency) ORDER BY 1, 2, 3, 4"
        )
        return [(day, currency, value, reason) for day, currency, value, reason in self.rows(rows)]

    def unconverted(self) -> list[UnconvertedSales]:
        """The sales that are not converted at the rate that is due."""
        if "rate_state" not in self._columns_of_models().get("core.fct_sales", ()):
            return []  # not built yet, or by older models
        return [UnconvertedSales(*row) for row in self.rows(sql_marts.UNCONVERTED)]

    def outdated_marts(self, rules: Mapping[str, str]) -> list[date]:
        """Days of drops whose sales the models have to compute anew."""
        unfinished = self.rows("SELECT partition_date FROM main.unfinished_marts")
        found = {day for (day,) in unfinished}
        if "staging.stg_exchange_rates" in self._columns_of_models():
            with self._read() as session:
                found |= {day for (day,) in sql_marts.outdated(session, rules)}
        return sorted(found)

    def begin_marts(self, days: Collection[date] | None) -> None:
        """Note that the models are being built for some days."""
        with self._write() as session:
            sql_marts.begin(session, days)

    def abandon_marts(self, days: Collection[date]) -> None:
        """Note that the build of some days has failed."""
        with self._write() as session:
            sql_marts.abandon(session, days)

    def end_marts(self, days: Collection[date] | None, rules: Mapping[str, str]) -> None:
        """Note that all models were built for some days."""
        with self._write() as session:
            sql_marts.end(session, days, rules)

    def needs_full_refresh(self, reporting_currency: str) -> bool:
        """Whether the models' tables were made for another currency, or by older models."""
        tables = {
            name: columns
            for name, columns in self._columns_of_models().items()
            if not name.startswith("staging.")
        }
        if any("reporting_currency" not in columns for columns in tables.values()):
            return True
        return bool(self.rows(sql_marts.OF_ANOTHER_CURRENCY, [reporting_currency]))

    def _columns_of_models(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for schema, table, column in self.rows(sql_marts.COLUMNS):
            found.setdefault(f"{schema}.{table}", set()).add(column)
        return found

    def unload(self, tables: Sequence[Unload], folder: Path, about: Mapping[str, str]) -> None:
        """Write tables as Parquet files, as all are at one moment."""
        for one in tables:
            self.demand(one.table, [name for name, _ in one.columns])
        with self._at_one_moment() as session:
            for one in tables:
                session.unload(one.query, one.columns, folder / f"{one.table}.parquet", about)

    def number(self, query: str, source: str, window: Window) -> Decimal | None:
        """The one number of a query over a source's rows of some days."""
        rows = self.rows(
            f"WITH revenue AS (SELECT * FROM main.revenue WHERE {_WITHIN}) "
            f"SELECT ({self.in_dialect(query)})",
            [source, window.start, window.end],
        )
        return None if rows[0][0] is None else Decimal(str(rows[0][0]))
