"""Reading a table into a frame: which rows, from which warehouse.

Belongs here: what a caller may ask for, as conditions with bound values, and filling the frame.
Does not: the tables' columns (`tables`), or the functions for notebooks (`analysis` itself).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Any

import pandas as pd

from sales_assets.analysis.tables import Table
from sales_assets.errors import UsageError
from sales_assets.partitions import Window
from sales_assets.resources.build import build_warehouse
from sales_assets.resources.warehouse import Warehouse
from sales_assets.settings import Settings

Day = date | str
"""A day as a `date`, as text like 2024-12-31, or as a `datetime` or `Timestamp` at midnight."""
Names = str | Iterable[str]
"""One name or several; none at all give a frame without rows."""
LONGEST_WAIT_SECONDS = 30.0
"""How long a question waits where there is no snapshot: a chunk is loaded in two or three
seconds (docs/decisions/0019), and who sits before a notebook wants an answer, if only that it is
busy."""
Condition = tuple[str, Sequence[Any]]
"""A condition in SQL, and what is bound to its marks."""


def read(
    table: Table,
    warehouse: Warehouse | None,
    sources: Names | None = None,
    currencies: Names | None = None,
    days: Condition | None = None,
) -> pd.DataFrame:
    """The rows of a table that fulfil all conditions, as a frame; None is no condition."""
    codes = _codes(currencies)
    asked = _of_settings() if warehouse is None else warehouse
    asked.demand(table.name, table.columns)
    conditions = [
        condition
        for condition in (
            days,
            _one_of("source", _full_names(asked, sources)),
            _one_of("currency", codes),
        )
        if condition is not None
    ]
    where = f"WHERE {' AND '.join(sql for sql, _ in conditions)} " if conditions else ""
    rows = asked.rows(
        f"SELECT {', '.join(table.columns)} FROM {table.name} {where}"
        f"ORDER BY {', '.join(table.keys)}",
        [value for _, values in conditions for value in values],
    )
    columns = zip(*rows, strict=True) if rows else [()] * len(table.columns)
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=dtype)
            for (name, dtype), values in zip(table.columns.items(), columns, strict=True)
        }
    )


def _of_settings() -> Warehouse:
    settings = Settings.load()
    wait = min(settings.lock_timeout_seconds, LONGEST_WAIT_SECONDS)
    hurried = settings.model_copy(update={"lock_timeout_seconds": wait})
    return build_warehouse(hurried, for_people=True)


def window(column: str, start: Day, end: Day) -> Condition:
    """That a day is in `[start, end)`; raises UsageError if no day is."""
    first, after = _day("start", start), _day("end", end)
    try:
        days = Window(first, after)
    except ValueError as error:
        raise UsageError(
            f"{error}: its end is not included, so give a later one than {first}"
        ) from error
    return f"{column} >= ? AND {column} < ?", (days.start, days.end)


def _day(name: str, given: Day) -> date:
    try:
        day = date.fromisoformat(given) if isinstance(given, str) else given
    except ValueError as error:
        raise UsageError(f"{name} {given!r} is no date; write it as '2024-12-31'") from error
    if not isinstance(day, datetime):
        return day
    if day.time() != time():
        raise UsageError(f"{name} {day} has a time of day, but a window is of whole days")
    return day.date()


def _one_of(column: str, values: Sequence[str] | None) -> Condition | None:
    if values is None:
        return None
    return (f"{column} IN ({', '.join('?' * len(values))})" if values else "1 = 0"), values


def _several(names: Names) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _codes(currencies: Names | None) -> list[str] | None:
    if currencies is None:
        return None
    codes = _several(currencies)
    for code in codes:
        if not re.fullmatch("[A-Z]{3}", code):
            raise UsageError(f"{code!r} is no currency; give ISO 4217 codes, like 'EUR'")
    return codes


def _full_names(warehouse: Warehouse, sources: Names | None) -> list[str] | None:
    """Sources as the warehouse has them: a notebook may have no contracts beside it."""
    if sources is None:
        return None
    known = [
        name for (name,) in warehouse.rows("SELECT DISTINCT source FROM ledger ORDER BY source")
    ]
    found = []
    for asked in _several(sources):
        fitting = [name for name in known if asked in {name, name.rpartition("/")[2]}]
        if len(fitting) != 1:
            told = "is not clear" if fitting else "is not loaded"
            choice = ", ".join(fitting or known) or "nothing is, yet"
            raise UsageError(f"source {asked!r} {told}; there are: {choice}")
        found += fitting
    return found
