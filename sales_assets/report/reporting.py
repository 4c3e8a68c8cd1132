"""Revenue of all sources in the reporting currency, and the rates that it rests on.

Belongs here: sums over sources and currencies, which only converted amounts have, and how lines
were converted. Does not: revenue in the lines' own currencies (`figures`), or converting (dbt).

A sum of which a part is not known is None: a part of it would pass for the whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sales_assets.report.data import ReportData
from sales_assets.report.periods import Step, days_between, start_of, step_of
from sales_assets.report.rows import DayRow

SERIES = 6
"""Series that can be told apart in a chart; the smaller sources share the last one."""
ZERO = Decimal(0)


@dataclass(frozen=True)
class Series:
    """Net revenue of a source, or of several, in each period and in all."""

    name: str
    amounts: tuple[Decimal | None, ...]
    total: Decimal | None


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

    currency: str
    step: Step
    starts: tuple[date, ...]
    """The beginning of each period: all months from the first to the last, or years with sales."""
    sources: tuple[Series, ...]
    together: Series
    conversions: tuple[Conversion, ...]

    @property
    def charted(self) -> tuple[Series, ...]:
        """The largest sources, and the others as one."""
        ranked = sorted(self.sources, key=_size, reverse=True)
        if len(ranked) <= SERIES:
            return tuple(ranked)
        others = ranked[SERIES - 1 :]
        return (*ranked[: SERIES - 1], _together(f"{len(others)} other sources", others))

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
    first, last = min(row.day for row in rows), max(row.day for row in rows)
    step = Step.YEAR if step_of(first, last) is Step.YEAR else Step.MONTH
    span = [row.day for row in rows] if step is Step.YEAR else days_between(first, last)
    starts = sorted({start_of(day, step) for day in span})
    by_source: defaultdict[str, list[DayRow]] = defaultdict(list)
    for row in rows:
        by_source[row.source].append(row)
    sources = [_series(name, by_source[name], starts, step) for name in sorted(by_source)]
    return Reporting(
        currency=rows[0].reporting_currency,
        step=step,
        starts=tuple(starts),
        sources=tuple(sources),
        together=_together("All sources", sources),
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


def whole_sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, if all of it is known."""
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _series(name: str, rows: list[DayRow], starts: list[date], step: Step) -> Series:
    periods: dict[date, list[Decimal | None]] = {start: [] for start in starts}
    for row in rows:
        periods[start_of(row.day, step)].append(row.reporting)
    amounts = tuple(whole_sum(amounts) for amounts in periods.values())
    return Series(name, amounts, whole_sum(amounts))


def _together(name: str, series: list[Series]) -> Series:
    amounts = tuple(whole_sum(period) for period in zip(*(s.amounts for s in series), strict=True))
    return Series(name, amounts, whole_sum(s.total for s in series))


def _size(series: Series) -> Decimal:
    return sum((abs(amount) for amount in series.amounts if amount is not None), ZERO)
