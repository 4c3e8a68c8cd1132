"""What came back: returns and cancellations of a source over time, in the reporting currency.

Belongs here: gross, returned and net revenue of all of a source's currencies, and the return rate.
Does not: the same in each currency (`figures`), or what the parts of net revenue come to
(`split`). A sum of which a part is not known is None here too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sales_assets.report.periods import Step, spanned, starts_of, step_of
from sales_assets.report.rows import DayRow
from sales_assets.report.split import whole_sum


@dataclass(frozen=True)
class Returned:
    """Sales of a period and what of them was returned or cancelled."""

    start: date
    gross: Decimal | None
    returned: Decimal | None
    net: Decimal | None

    @property
    def rate(self) -> Decimal | None:
        """The returned share of gross revenue in per cent; None if not known, or without sales."""
        if not self.gross or self.returned is None:
            return None
        return self.returned / self.gross * 100


@dataclass(frozen=True)
class Returns:
    """Returns of a source, by period and in all."""

    source: str
    currency: str
    step: Step
    periods: tuple[Returned, ...]
    total: Returned


def returns_of(rows: Sequence[DayRow]) -> Returns | None:
    """What a source's days, in any order, come to; None if nothing came back."""
    if not any(row.returned for row in rows):
        return None
    days = {row.day for row in rows}
    step = step_of(min(days), max(days))
    start = starts_of(days, step)
    own: defaultdict[date, list[DayRow]] = defaultdict(list)
    for row in rows:
        own[start[row.day]].append(row)
    return Returns(
        source=rows[0].source,
        currency=rows[0].reporting_currency,
        step=step,
        periods=tuple(_returned(first, own[first]) for first in spanned(days, step)),
        total=_returned(min(days), rows),
    )


def _returned(start: date, rows: Sequence[DayRow]) -> Returned:
    return Returned(
        start,
        gross=whole_sum(row.reporting_gross for row in rows),
        returned=whole_sum(row.reporting_returned for row in rows),
        net=whole_sum(row.reporting for row in rows),
    )
