"""Revenue of all sources in the reporting currency, and the rates that it rests on.

Belongs here: how lines were converted. Does not: sums over time (`split`), revenue in the lines'
own currencies (`figures`), or converting (dbt).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import attrgetter

from sales_assets.report.data import ReportData
from sales_assets.report.split import Split, split, whole_sum


@dataclass(frozen=True)
class Conversion:
    """Lines of one source and currency that were converted, or not, in the same way."""

    source: str
    currency: str
    state: str
    """As in `fct_sales.rate_state`."""
    lines: int
    first: date
    last: date
    rate_date: date | None
    oldest: int | None
    """Days between order and rates, the most of any line; None without rates."""


@dataclass(frozen=True)
class Reporting:
    """All that is told in the reporting currency."""

    sources: Split
    gross: Decimal | None
    returned: Decimal | None
    conversions: tuple[Conversion, ...]

    @property
    def currency(self) -> str:
        """The reporting currency."""
        return self.sources.currency

    @property
    def total(self) -> Decimal | None:
        """Net revenue of all sources; None if it is not known whole."""
        return self.sources.together.total

    @property
    def oldest(self) -> int | None:
        """Days between order and rates, the most of any converted line; None without rates."""
        ages = (item.oldest for item in self.conversions if item.state in {"current", "stale"})
        return max((age for age in ages if age is not None), default=None)

    @property
    def unconverted(self) -> tuple[Conversion, ...]:
        """Lines without an amount in the reporting currency."""
        done = {"same_currency", "current", "stale"}
        return tuple(item for item in self.conversions if item.state not in done)

    @property
    def stale(self) -> tuple[Conversion, ...]:
        """Lines converted at older rates than those that were due."""
        return tuple(item for item in self.conversions if item.state == "stale")

    @property
    def last_rate_date(self) -> date | None:
        """The day of the last rates that a line was converted at."""
        used = (item.rate_date for item in self.conversions if item.state in {"current", "stale"})
        return max((day for day in used if day is not None), default=None)


def reporting_of(data: ReportData) -> Reporting | None:
    """What there is in the reporting currency; None without sales."""
    rows = data.days
    if not rows:
        return None
    return Reporting(
        sources=split(rows, attrgetter("source"), "All sources"),
        gross=whole_sum(row.reporting_gross for row in rows),
        returned=whole_sum(row.reporting_returned for row in rows),
        conversions=tuple(
            Conversion(
                source=row.source,
                currency=row.currency,
                state=row.rate_state,
                lines=row.lines,
                first=row.first_day,
                last=row.last_day,
                rate_date=row.rate_date,
                oldest=row.oldest,
            )
            for row in data.conversions
        ),
    )
