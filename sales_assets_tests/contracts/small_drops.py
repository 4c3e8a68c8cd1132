"""Two contracts of the same few columns, one of which has the day in a column, and their lines.

Belongs here: what several test files need. Does not: any expectation.
"""

from __future__ import annotations

from datetime import date

from sales_assets.contracts.days import DayFromColumn
from sales_assets.contracts.logical import LogicalType
from sales_assets_tests.contracts.builders import Judged, column, contract

COLUMNS = [
    column("day", LogicalType.DATE, required=True),
    column("item"),
    column("price", LogicalType.NUMBER, required=True),
]
MAPPINGS = {"order_date": "day", "product": "item", "amount": "price", "net_amount": "price"}
DAILY = contract(COLUMNS, MAPPINGS)
MANY = contract(COLUMNS, MAPPINGS, day=DayFromColumn("day"))
HEADER = b"day,item,price\n"


def on(day: int) -> date:
    return date(2024, 3, day)


def line_numbers(found: Judged) -> list[tuple[str, int]]:
    """The lines that were judged, of both kinds."""
    return sorted((row["file"], row["line"]) for row in (*found.accepted, *found.rejected))
