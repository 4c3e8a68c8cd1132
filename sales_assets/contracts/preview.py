"""The first lines of a day, as a person sees them beside the day's figures.

Belongs here: which days, lines and columns are shown, and the SQL that finds them. Does not: how
they are shown (`telling`).

Of accepted lines only canonical columns are shown: those hold pseudonyms of personal values, and a
source's own columns may hold the values themselves. Rejected lines are kept masked.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sales_assets.amounts import plain
from sales_assets.contracts.canonical import MAPPED_COLUMNS
from sales_assets.contracts.quoting import literal

DAYS = 7
"""The newest days with lines of a run that get a preview: a week. Previews of a whole year would
take three CPU-s and 8 MB (docs/decisions/0023-what-a-materialisation-tells.md)."""
LINES = 5
"""Lines of a preview."""
LONGEST = 200
"""Characters of a value that are shown: a rejected line may be of a MiB."""
ACCEPTED = (*(column.name for column in MAPPED_COLUMNS), "file", "line")
"""Columns of accepted lines that are shown."""
REJECTED = ("file", "line", "reasons", "text")
"""Columns of rejected lines that are shown."""

Line = tuple[str | int | None, ...]
Preview = tuple[Line, ...]
"""Lines with the values of ACCEPTED or REJECTED."""


def newest(days: Iterable[date]) -> frozenset[date]:
    """Those of a run's days with lines that get a preview."""
    return frozenset(sorted(days)[-DAYS:])


def first_lines(
    table: str,
    columns: Sequence[str],
    days: Collection[date],
    condition: str,
    order: str = "file, line",
) -> str:
    """The SQL of the first lines of some days in a table, the day before the columns.

    Each day's are found by themselves, by `order`, for which nothing is sorted: to number the lines
    of a day of 5M, DuckDB took half a minute of CPU.
    """
    names = ", ".join(columns)
    found = " UNION ALL ".join(
        f"SELECT * FROM (SELECT partition_date, {names} FROM {table} "
        f"WHERE partition_date = DATE {literal(day.isoformat())} AND {condition} "
        f"ORDER BY {order} LIMIT {LINES}) AS day_{number}"
        for number, day in enumerate(sorted(days))
    )
    return f"SELECT * FROM ({found}) AS days ORDER BY partition_date, file, line"


def by_day(rows: Iterable[Sequence[Any]]) -> dict[date, Preview]:
    """The lines that `first_lines` found, for each day, in their order."""
    found: dict[date, list[Line]] = {}
    for day, *values in rows:
        found.setdefault(day, []).append(tuple(map(_shown, values)))
    return {day: tuple(lines) for day, lines in found.items()}


def dump_preview(preview: Preview) -> str:
    """A preview as text."""
    return json.dumps(preview) if preview else ""


def load_preview(text: str) -> Preview:
    """A preview from its text; none from the empty one."""
    return tuple(map(tuple, json.loads(text))) if text else ()


def _shown(value: Any) -> str | int | None:
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    text = "; ".join(value) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
