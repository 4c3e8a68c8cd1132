"""Net revenue in the reporting currency over time, split by what adds up to it.

Belongs here: sums over sources or currencies, which only converted amounts have. Does not: how
lines were converted (`reporting`), or revenue in the lines' own currencies (`figures`).

A sum of which a part is not known is None: a part of it would pass for the whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sales_assets.report.periods import Step, spanned, starts_of, step_of
from sales_assets.report.rows import DayRow

SERIES = 6
"""Series that can be told apart in a chart; the smaller parts share the last one."""
ZERO = Decimal(0)


@dataclass(frozen=True)
class Series:
    """Net revenue of a part, or of several, in each period and in all."""

    name: str
    amounts: tuple[Decimal | None, ...]
    total: Decimal | None


@dataclass(frozen=True)
class Split:
    """Net revenue of each part, by name, and of all of them together."""

    currency: str
    """The reporting currency."""
    step: Step
    starts: tuple[date, ...]
    """The beginning of each period: all months from the first to the last, or years with sales."""
    parts: tuple[Series, ...]
    together: Series

    @property
    def charted(self) -> tuple[Series, ...]:
        """The largest parts, and the others as one."""
        ranked = sorted(self.parts, key=_size, reverse=True)
        if len(ranked) <= SERIES:
            return tuple(ranked)
        others = ranked[SERIES - 1 :]
        return (*ranked[: SERIES - 1], _together(f"{len(others)} others", others))


def split(rows: Sequence[DayRow], part: Callable[[DayRow], str], whole: str) -> Split:
    """The split of these days, at least one, by what `part` says; `whole` is what they are of."""
    days = {row.day for row in rows}
    step = Step.YEAR if step_of(min(days), max(days)) is Step.YEAR else Step.MONTH
    starts, start = spanned(days, step), starts_of(days, step)
    by_part: defaultdict[str, list[DayRow]] = defaultdict(list)
    for row in rows:
        by_part[part(row)].append(row)
    parts = [_series(name, by_part[name], starts, start) for name in sorted(by_part)]
    return Split(
        currency=rows[0].reporting_currency,
        step=step,
        starts=tuple(starts),
        parts=tuple(parts),
        together=_together(whole, parts),
    )


def whole_sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, if all of it is known."""
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _series(name: str, rows: list[DayRow], starts: list[date], start: dict[date, date]) -> Series:
    periods: dict[date, list[Decimal | None]] = {first: [] for first in starts}
    for row in rows:
        periods[start[row.day]].append(row.reporting)
    amounts = tuple(whole_sum(amounts) for amounts in periods.values())
    return Series(name, amounts, whole_sum(amounts))


def _together(name: str, series: list[Series]) -> Series:
    amounts = tuple(whole_sum(period) for period in zip(*(s.amounts for s in series), strict=True))
    return Series(name, amounts, whole_sum(s.total for s in series))


def _size(series: Series) -> Decimal:
    return sum((abs(amount) for amount in series.amounts if amount is not None), ZERO)
