"""The warehouse: revenue, rejected lines and the ledger of what was loaded.

Belongs here: the interface, whatever the product behind it. Does not: the tables
(`warehouse_tables`), the SQL (`sql_warehouse`), or the models above `revenue` (dbt_project).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, Self

import dagster as dg

from sales_assets.contracts.days import AcrossDays
from sales_assets.errors import UsageError
from sales_assets.partitions import Window
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.session import Columns, StagedFile


@dataclass(frozen=True)
class DayLoad:
    """One day to be written: its identity and where its staged rows lie."""

    day: date
    fingerprint: str
    contract_version: str
    files: str
    lines: int
    accepted: StagedFile | None
    rejected: StagedFile | None


@dataclass(frozen=True)
class LoadedDay:
    """One day as the ledger has it. Sums are exact, over the accepted lines."""

    day: date
    fingerprint: str
    lines: int
    accepted: int
    rejected: int
    amount: Decimal
    net_amount: Decimal

    @classmethod
    def empty(cls, day: date) -> Self:
        """A day of which nothing was ever loaded."""
        return cls(day, "empty", 0, 0, 0, Decimal(0), Decimal(0))


@dataclass(frozen=True)
class Outweighed:
    """A day's sound lines that do not count: their number and exact sums."""

    lines: int
    amount: Decimal
    net_amount: Decimal


class UnconvertedSales(NamedTuple):
    """Lines of a source in a currency that have no rate, or a stale one (see fct_sales)."""

    source: str
    currency: str
    rate_state: str
    lines: int
    first: date
    last: date
    oldest_days: int | None
    """Days between order and rate, the most of any line; None without a rate."""


class ValidRate(NamedTuple):
    """The last published rate on or before a day, in units for one euro."""

    rate_date: date
    rate: Decimal


@dataclass(frozen=True)
class RateLoad:
    """Publications to be written, and the days of which they are known from then on."""

    rates: Sequence[tuple[date, str, Decimal, str]]
    """Date, currency, rate, object key."""
    quarantined: Sequence[tuple[date, str, str, str, str]]
    """Date, currency, value, reason, object key."""
    days: Sequence[tuple[date, date]]
    """Day, and the publication that is due for it."""


@dataclass(frozen=True)
class LoadedRates:
    """What writing publications changed."""

    changed_days: list[date]
    """Days known before, of which another rate is valid now."""
    quarantined: list[tuple[date, str, str, str]]
    """Date, currency, value and reason of what was not in quarantine before."""


@dataclass(frozen=True)
class Unload:
    """A table to be written as a file: its columns with their types in ANSI terms."""

    table: str
    columns: Columns
    keys: Sequence[str]
    """The columns that its rows are sorted by."""

    @property
    def query(self) -> str:
        """All rows, each column as the type that it has to have."""
        columns = ", ".join(f"CAST({name} AS {type_}) AS {name}" for name, type_ in self.columns)
        return f"SELECT {columns} FROM {self.table} ORDER BY {', '.join(self.keys)}"


class Warehouse(dg.ConfigurableResource[Any], ABC):
    """What the assets and checks need of a warehouse.

    Every method raises WarehouseBusyError (transient) if the warehouse stays taken.
    """

    def reach(
        self, store: ObjectStore, keys: Sequence[str]
    ) -> AbstractContextManager[Sequence[StagedFile]]:
        """Objects in a form that `replace` can load, in the keys' order, inside the block.

        Raises PermanentError if an object is not there.
        """
        return store.local(keys)

    @abstractmethod
    def loaded(self, source: str, window: Window) -> dict[date, LoadedDay]:
        """The ledger's entries of a source for the days of a window."""

    @abstractmethod
    def replace(
        self,
        source: str,
        loads: Sequence[DayLoad],
        confirm: Callable[[], None] = lambda: None,
        across_days: AcrossDays | None = None,
    ) -> list[LoadedDay]:
        """Replace these days of `revenue` and `rejected`, and their ledger, in one transaction.

        With `across_days`, of lines that have the same key on several days only one counts, and
        loading a day can change others: the result has every day whose rows are not as before.

        `confirm` is called when nobody else can write any more, before anything is changed; it
        raises if the loads are no longer what is wanted.

        The rows are counted before the commit: if a day's lines are not all accepted or
        rejected, nothing is changed and PermanentError is raised.
        """

    @abstractmethod
    def counted(self, source: str, window: Window) -> dict[date, LoadedDay]:
        """As `loaded`, with the rows and sums that the tables hold now instead of the ledger's."""

    @abstractmethod
    def net_by_currency(self, source: str, window: Window) -> dict[date, dict[str, Decimal]]:
        """By day and currency, the net amounts of a source's rows, added up exactly."""

    @abstractmethod
    def outweighed(self, source: str, window: Window) -> dict[date, Outweighed]:
        """The sound lines of some days that do not count, as another day's line has their key."""

    @abstractmethod
    def moved_days(self, window: Window) -> list[date]:
        """Other days of which lines began or ceased to count by loads of a window's days."""

    @abstractmethod
    def replace_rates(self, load: RateLoad) -> LoadedRates:
        """Write publications in one transaction.

        A rate replaces the one of its date and currency, and ends its quarantine. What is not in
        the load stays: a publication does not cease to have been made.
        """

    @abstractmethod
    def rates_before(self, day: date) -> dict[str, ValidRate]:
        """Of each currency the last rate that was published before a day."""

    @abstractmethod
    def valid_rates(self, window: Window) -> dict[date, dict[str, ValidRate]]:
        """By day and currency, the last published rate on or before each known day of a window."""

    @abstractmethod
    def quarantined_rates(self) -> list[tuple[date, str, str, str]]:
        """Date, currency, value and reason of every rate that is lacking since it may not enter.

        By date; without those in whose place an earlier answer had a rate that could.
        """

    @abstractmethod
    def unconverted(self) -> list[UnconvertedSales]:
        """The sales in `fct_sales` that are not converted at the rate that is due."""

    @abstractmethod
    def outdated_marts(self, rules: Mapping[str, str]) -> list[date]:
        """Days of drops whose sales the models have to compute anew, whatever a run is about.

        They were converted at rates that are no longer the valid ones, or by other rules (source ->
        its rules), or a build that began with them did not end.
        """

    @abstractmethod
    def begin_marts(self, days: Collection[date] | None) -> None:
        """Note that the models are being built for some days, or for all of history (None).

        The days are outdated until that has ended.
        """

    @abstractmethod
    def abandon_marts(self, days: Collection[date]) -> None:
        """Note that days could not be built for what they hold: no other takes them along."""

    @abstractmethod
    def end_marts(self, days: Collection[date] | None, rules: Mapping[str, str]) -> None:
        """Note that all models were built for some days, or for all of history (None)."""

    @abstractmethod
    def needs_full_refresh(self, reporting_currency: str) -> bool:
        """Whether the models' tables were made for another currency, or by older models."""

    def in_dialect(self, query: str) -> str:
        """A query written for DuckDB, as a contract's or the report's, as the product has it."""
        return query

    @abstractmethod
    def select(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and rows of a person's query, which can read the warehouse only.

        Raises UsageError in the product's own words if the query is wrong or would change anything.
        """

    @abstractmethod
    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query over the warehouse; parameters are bound to `?`."""

    @abstractmethod
    def answers(self, queries: Sequence[str]) -> list[list[tuple[Any, ...]]]:
        """The rows of several queries, one after the other in one session."""

    def columns(self, *tables: str) -> dict[str, set[str]]:
        """The columns of tables and models: none of those that are not there; older lack some."""
        marks = ", ".join("?" * len(tables))
        found: dict[str, set[str]] = {table: set() for table in tables}
        for table, column in self.rows(
            "SELECT lower(table_name), lower(column_name) FROM information_schema.columns "
            f"WHERE lower(table_name) IN ({marks})",
            tables,
        ):
            found[table].add(column)
        return found

    def demand(self, table: str, columns: Collection[str]) -> None:
        """Raise UsageError if a table is not made yet, or by older models without some columns."""
        if absent := sorted(set(columns) - self.columns(table)[table]):
            raise UsageError(
                f"the warehouse has no table {table} yet, or an older one without "
                f"{', '.join(absent)}; make it by `sales-assets materialize --missing`"
            )

    @abstractmethod
    def unload(self, tables: Sequence[Unload], folder: Path, about: Mapping[str, str]) -> None:
        """Write tables as Parquet files, `<table>.parquet`, as all are at one moment.

        `about` is written into each file's own metadata. Raises UsageError if a table or a column
        is not there.
        """

    @abstractmethod
    def number(self, query: str, source: str, window: Window) -> Decimal | None:
        """The one number of a checked query in which `revenue` is a source's rows of some days.

        None if it has none, such as the smallest amount of no rows.
        """

    @abstractmethod
    def exclusive(self) -> AbstractContextManager[None]:
        """Keep others from writing while another program (dbt) connects by itself.

        What is asked for in the block is of the same moment as what that program sees.
        """
