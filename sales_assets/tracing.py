"""From a number on a mart to the lines of the files behind it, and back: `sales-assets trace`.

Belongs here: those two questions to the warehouse and their answers. Does not: where files lie
(`resources.landing_zone`), or the warehouse's tables (`resources.warehouse`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from sales_assets.amounts import cents, money
from sales_assets.contracts.inspection import part_name
from sales_assets.errors import UsageError
from sales_assets.resources.warehouse import Warehouse

COLUMNS = (
    "file",
    "line",
    "source",
    "partition_date",
    "order_date",
    "order_id",
    "product",
    "kind",
    "amount",
    "net_amount",
    "currency",
)
"""What is shown of a row; the rest of it is in `revenue`, by file and line."""
CONVERTED = ("reporting_net_amount", "rate_date")
"""What is shown beside it of `fct_sales`; empty while the marts do not hold the row."""
FOUND = (*CONVERTED, "reporting_currency")
"""What is asked of `fct_sales`."""

FATE = ("file", "line", "became", "partition_date", "net_amount", "currency", "reasons", "text")
"""What is shown of a line. Personal values are masked in `text`, which rejected lines have."""


@dataclass(frozen=True)
class Answer:
    """Rows by name, and a sentence about all of them."""

    names: Sequence[str]
    rows: list[tuple[Any, ...]]
    told: str


def behind(
    warehouse: Warehouse,
    *,
    limit: int,
    source: str | None = None,
    day: date | None = None,
    product: str | None = None,
    order: str | None = None,
    region: str | None = None,
) -> Answer:
    """The rows of `revenue` that a number of a mart is made of, with their files and lines.

    `source` is a full name, `team/source`; `day` is the order date, as the marts have it. Raises
    UsageError if nothing narrows it down.
    """
    wanted = {
        "source": source,
        "order_date": day,
        "product": product,
        "order_id": order,
        "region": region,
    }
    given = {column: value for column, value in wanted.items() if value is not None}
    if not given.keys() - {"source"}:
        raise UsageError("Say which number: give --day, --product, --order or --region")
    where = " AND ".join(f"{column} = ?" for column in given)
    values = list(given.values())
    asked = f"SELECT * FROM revenue WHERE {where}"
    converted = _converted(warehouse)
    rows = warehouse.rows(
        f"WITH asked AS ({asked} ORDER BY source, file, line LIMIT {int(limit)}) "
        f"SELECT {', '.join(COLUMNS + CONVERTED)} FROM {converted} ORDER BY source, file, line",
        values,
    )
    sums = warehouse.rows(
        f"WITH asked AS ({asked}) SELECT currency, count(*), sum(net_amount), "
        "max(reporting_currency), CASE WHEN count(*) = count(reporting_net_amount) "
        f"THEN sum(reporting_net_amount) END FROM {converted} GROUP BY currency ORDER BY currency",
        values,
    )
    count = sum(row[1] for row in sums)
    net = ", ".join(f"{money(amount)} {currency}" for currency, _, amount, *_ in sums) or "nothing"
    told = f"{count:,} lines, net amount {net}{_together(sums)}; {len(rows):,} are shown."
    return Answer(COLUMNS + CONVERTED, rows, told)


def _together(sums: Sequence[tuple[Any, ...]]) -> str:
    """What lines of other currencies come to in the reporting currency, if all are converted."""
    currencies = {reporting for *_, reporting, _ in sums}
    amounts = [amount for *_, amount in sums]
    if None in amounts or len(currencies) != 1 or currencies == {row[0] for row in sums}:
        return ""
    return f", in all {money(cents(sum(amounts, Decimal(0))))} {currencies.pop()}"


def _converted(warehouse: Warehouse) -> str:
    """The rows of `asked` with the amount that `fct_sales` has of the very same line."""
    if not warehouse.columns("fct_sales")["fct_sales"].issuperset(FOUND):
        nothing = ", ".join(f"NULL AS {column}" for column in FOUND)
        return f"(SELECT *, {nothing} FROM asked) AS lines"
    # What is loaded anew has no amount before the marts follow, rather than that of before.
    same = "source, partition_date, file, file_sha256, line, order_date, net_amount, currency"
    return (
        f"asked LEFT JOIN (SELECT {same}, {', '.join(FOUND)} FROM fct_sales) AS converted "
        f"USING ({same})"
    )


def fate(warehouse: Warehouse, place: str) -> Answer:
    """What became of a line, `FILE:LINE`, the file named as in the landing zone or by its end.

    One row for each file that fits. Raises UsageError for another form, and for a file of which
    nothing is loaded.
    """
    file, _, number = place.rpartition(":")
    if not file or not number.isdecimal():
        raise UsageError(f"{place}: name a line as FILE:LINE, like sales.csv:17")
    line = int(number)
    files = sorted(
        {
            name
            for (entries,) in warehouse.rows("SELECT DISTINCT files FROM ledger WHERE lines > 0")
            for entry in json.loads(entries)
            for name in [entry["file"]]
            if _fits(name, file) and not entry.get("reference")
        }
    )
    if not files:
        raise UsageError(
            f"{file}: no line of such a file is loaded; `sales-assets status` says which drops are "
            "refused or due"
        )
    rows = [_fate(warehouse, name, file, line) for name in files]
    return Answer(FATE, rows, f"{len(rows)} files are named so." if len(rows) > 1 else "")


def _fits(drop: str, asked: str) -> bool:
    """Whether a drop is the file that is asked for, or the archive that it is in."""
    name, parts = PurePosixPath(drop).parts, PurePosixPath(asked).parts
    return any(
        name[-end:] == parts[:end] and (end == len(parts) or drop.lower().endswith(".zip"))
        for end in range(1, len(parts) + 1)
    )


def _fate(warehouse: Warehouse, drop: str, asked: str, line: int) -> tuple[Any, ...]:
    archive = f"{PurePosixPath(drop).name}/"
    file = part_name(drop, asked.partition(archive)[2] if archive in asked else "")
    rows = warehouse.rows(
        "SELECT 'accepted', partition_date, net_amount, currency, NULL, NULL FROM revenue "
        "WHERE file = ? AND line = ? UNION ALL "
        "SELECT 'rejected', partition_date, NULL, NULL, array_to_string(reasons, '; '), text "
        "FROM rejected WHERE file = ? AND line = ?",
        [file, line] * 2,
    )
    nothing = ("no row: it is no data, beyond the file's end, or of a day that is not loaded",)
    return (file, line, *(rows[0] if rows else (*nothing, *[None] * (len(FATE) - 3))))
