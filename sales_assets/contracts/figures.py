"""What a day's accepted lines come to: amounts by currency, and the span of dates and times.

Belongs here: those figures, the SQL that finds them, and their text in the catalogue. Does not: the
counts and control totals that prove that no line is lost (`parquet`, `resources.warehouse`), or how
a person is told of them (`telling`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

GROSS = (
    "CASE WHEN kind = 'sale' THEN amount WHEN net_amount < 0 THEN 0 "
    "WHEN amount > 0 THEN amount ELSE 0 END"
)
"""What a line adds to gross revenue, as the model `stg_sales` has it."""
FIGURES = (
    f"currency, count(*), sum({GROSS}), sum(net_amount), min(order_date), max(order_date), "
    "min(ordered_at), max(ordered_at), count(CASE WHEN order_date < partition_date THEN 1 END)"
)
"""The values of `in_currency`, of accepted lines grouped by day and `currency`."""
_DATES, _TIMES = ("first_date", "last_date"), ("first_time", "last_time")


@dataclass(frozen=True)
class InCurrency:
    """The lines in one currency: exact sums, dates of orders, times in UTC without a zone.

    `late_lines` are those of orders before the day of their drop.
    """

    currency: str
    lines: int
    gross: Decimal
    net: Decimal
    first_date: date
    last_date: date
    first_time: datetime | None
    last_time: datetime | None
    late_lines: int
    orders: int | None = None
    """How many orders the lines are of; None if that was not counted, or no line says."""

    @property
    def returned(self) -> Decimal:
        """What net revenue lacks of gross revenue: returns and cancellations."""
        return self.gross - self.net


_NAMES = tuple(field.name for field in fields(InCurrency))
Figures = tuple[InCurrency, ...]
"""A day's figures, by currency; none for a day without accepted lines."""


def in_currency(row: Sequence[Any]) -> InCurrency:
    """The figures of one currency, from the values of FIGURES and, after them, the orders."""
    values = dict(zip(_NAMES, row, strict=False))
    return InCurrency(**values | {"orders": values.get("orders") or None})


def dump_figures(figures: Figures) -> str:
    """Figures as text."""
    return json.dumps([asdict(item) for item in figures], default=str) if figures else ""


def load_figures(text: str) -> Figures:
    """Figures from their text; none from the empty one."""
    return tuple(map(_load, json.loads(text))) if text else ()


def _load(values: dict[str, Any]) -> InCurrency:
    values |= {name: Decimal(values[name]) for name in ("gross", "net")}
    values |= {name: date.fromisoformat(values[name]) for name in _DATES}
    values |= {name: datetime.fromisoformat(values[name]) for name in _TIMES if values[name]}
    return InCurrency(**values)
