"""Judged lines as Parquet: accepted and rejected ones, a file of each for a day.

Belongs here: the files' columns, and writing them. Does not: judging lines (`staging`), or where
the files go (`resources.object_store`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from sales_assets.contracts.canonical import REJECTED_COLUMNS, REVENUE_COLUMNS
from sales_assets.contracts.figures import FIGURES, Figures, in_currency
from sales_assets.contracts.keys import LINE_KEY, line_key
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.preview import ACCEPTED, Preview, by_day, first_lines
from sales_assets.contracts.quoting import literal, quoted

if TYPE_CHECKING:
    import duckdb

LARGE_DAY = 5_000
"""Lines a day from which on each day is written by a statement of its own."""
_PARQUET = "FORMAT parquet, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 100"
"""Looking for more repeated values than these costs more than it saves: a day of 10M lines takes a
quarter less CPU than with DuckDB's limit, and 50 MB instead of 73."""


@dataclass(frozen=True)
class StagedDay:
    """What one day's lines became: counts, sums and the two Parquet files (None if no rows).

    `amount` and `net_amount` are exact sums over the accepted lines, in the lines' currencies.
    There is a preview of those days alone for which one was asked.
    """

    day: date
    accepted: int
    rejected: int
    amount: Decimal
    net_amount: Decimal
    accepted_file: Path | None
    rejected_file: Path | None
    figures: Figures = ()
    preview: Preview = ()


def write_days(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    contract: SourceContract,
    days: Sequence[date],
    previewed: Collection[date] = (),
) -> list[StagedDay]:
    """Write the lines of the table `judged` of some days, at most two files for each day."""
    first, last = literal(min(days).isoformat()), literal(max(days).isoformat())
    within = f"partition_date BETWEEN DATE {first} AND DATE {last}"
    amounts: dict[date, Decimal] = {}
    figures: dict[date, Figures] = {}
    for day, amount, *values in connection.execute(
        f"SELECT partition_date, sum(amount), {FIGURES} FROM judged "
        f"WHERE {within} AND reasons IS NULL GROUP BY partition_date, currency ORDER BY 1, 3"
    ).fetchall():
        amounts[day] = amounts.get(day, Decimal(0)) + amount
        figures[day] = (*figures.get(day, ()), in_currency(values))
    rejected: dict[date, int] = dict(
        connection.execute(
            "SELECT partition_date, count(*) FROM judged "
            f"WHERE {within} AND reasons IS NOT NULL GROUP BY partition_date"
        ).fetchall()
    )
    accepted = {day: sum(item.lines for item in items) for day, items in figures.items()}
    accepted_files = _copy(
        connection,
        folder / uuid4().hex,
        _accepted_columns(contract),
        f"{within} AND reasons IS NULL",
        accepted,
    )
    rejected_files = _copy(
        connection,
        folder / uuid4().hex,
        [quoted(column.name) for column in REJECTED_COLUMNS],
        f"{within} AND reasons IS NOT NULL",
        rejected,
    )
    shown = accepted.keys() & previewed
    query = first_lines("judged", ACCEPTED, shown, "reasons IS NULL", "file_no, line")
    previews = by_day(connection.execute(query).fetchall()) if shown else {}
    return [
        StagedDay(
            day,
            accepted.get(day, 0),
            rejected.get(day, 0),
            amounts.get(day, Decimal(0)),
            sum((item.net for item in figures.get(day, ())), Decimal(0)),
            accepted_files.get(day),
            rejected_files.get(day),
            figures.get(day, ()),
            previews.get(day, ()),
        )
        for day in days
    ]


def _copy(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    columns: Sequence[str],
    condition: str,
    rows: Mapping[date, int],
) -> dict[date, Path]:
    """Write those of the judged lines as one Parquet file for each day that has any.

    One COPY for all days costs less for small days, one COPY for each day for large ones.
    """
    folder.mkdir(parents=True)
    names = ", ".join(columns)
    if sum(rows.values()) < LARGE_DAY * len(rows):
        connection.execute(
            f"COPY (SELECT {names}, partition_date AS __day FROM judged WHERE {condition}) "
            f"TO {literal(str(folder))} ({_PARQUET}, "
            "PARTITION_BY (__day), FILENAME_PATTERN 'part_{i}', OVERWRITE_OR_IGNORE)"
        )
        # Exactly one file for each day: unpacking fails otherwise.
        return {day: _only(folder / f"__day={day.isoformat()}") for day in rows}
    files = {day: folder / f"{day.isoformat()}.parquet" for day in rows}
    for day, file in files.items():
        connection.execute(
            f"COPY (SELECT {names} FROM judged WHERE {condition} AND partition_date = DATE "
            f"{literal(day.isoformat())}) TO {literal(str(file))} ({_PARQUET})"
        )
    return files


def _accepted_columns(contract: SourceContract) -> list[str]:
    """What the Parquet of accepted lines has: canonical and extra columns, and the key's hash.

    Where a key is unique across days another day's line may yet outweigh this one, which is then
    rejected: its text is kept for that.
    """
    names = [c.name for c in REVENUE_COLUMNS] + [c.name for c in contract.extra_columns]
    columns = list(map(quoted, names))
    if contract.across_days:
        columns += [f"{line_key(contract)} AS {LINE_KEY}", "text"]
    return columns


def _only(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file
