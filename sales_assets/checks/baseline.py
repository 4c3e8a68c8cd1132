"""What a day's number is expected to be, by the same weekdays before it.

Belongs here: the rule, as a function of days and numbers. Does not: which days count, what is
said of a day that stands out (`anomalies`), or where the numbers come from. Why this rule and no
library: docs/decisions/0024-anomalies-by-weekday.md.

A day is compared with the days of the eight weeks before it:

1. Each weekday's usual number is the median of its own days. A weekday with fewer than four of
   them takes the median of all days.
2. Each day is so many times its weekday's usual number. The median of that over the last two
   weeks is the level: it follows growth, seasons, and a shift within a week.
3. The spread around the level is the median absolute deviation (MAD) over the eight weeks.
4. A day stands out that is further from the level than 3.5 spreads, and further than all but one
   of the days before it, whatever their distribution; but not of those of the last week: what is
   wrong for days would soon be what is usual.

Two kinds of days have to be further off. Where the days are so uneven that even nothing is within
3.5 spreads, as those of a few large orders, a day stands out at twice the most of all days before
it. And until its weekday has four days of its own, at a third beyond them: what looks odd may be
the week's rhythm.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import NamedTuple

TRAILING = timedelta(weeks=8)
"""How far back a day is compared: eight of each weekday."""
FEWEST_DAYS = 7
"""With fewer days before it nothing is said of a day."""
FEWEST_OF_WEEKDAY = 4
"""With fewer of its own a weekday has the median of all days: less than half may be odd."""
NEWS = timedelta(weeks=1)
"""How long what is new may stand out, which is as long as the level takes to follow it."""
LEVEL_DAYS = 14
"""The last days, two of each weekday, whose median is the level."""
MAD_TO_DEVIATION = Decimal("1.4826")
"""The MAD of normally distributed numbers times this is their standard deviation: 1 / 0.6745,
the inverse of the normal distribution's third quartile (Rousseeuw and Croux, "Alternatives to the
Median Absolute Deviation", JASA 88, 1993)."""
MOST_SPREADS = Decimal("3.5")
"""From where on a number is an outlier by its modified z-score (Iglewicz and Hoaglin, "How to
Detect and Handle Outliers", ASQC 1993)."""
LEAST_SPREAD = Decimal("0.1")
"""The spread is at least this part of the level: of a very even source not every ripple is told.
A day within 35 % of what is expected never stands out."""
UNEVEN = Decimal(2)
"""How many times the most before it a day has to be where days are uneven."""
_DIGITS = 50
"""More than the warehouse's 38, so that nothing that is compared is rounded in between."""


class Band(NamedTuple):
    """A day's number beside what is expected of it, in the same unit."""

    value: Decimal
    low: Decimal
    expected: Decimal
    high: Decimal
    stands_out: bool
    days: int
    """How many days before it the day is compared with."""
    by_weekday: bool
    """Whether its weekday had days enough of its own."""


def bands(series: Mapping[date, Decimal | int], days: Iterable[date]) -> dict[date, Band]:
    """The band of each of some days of a series; none for one without days enough before it.

    A series has the days that count, and no others: neither a closed day nor one whose drop is
    missing is a zero. Nothing is said either where nothing, or less, is usual.
    """
    known = sorted(series)
    values = {day: Decimal(series[day]) for day in known}
    found: dict[date, Band] = {}
    with localcontext(prec=_DIGITS):
        for day in days:
            if day in values:
                start, end = bisect_left(known, day - TRAILING), bisect_left(known, day)
                usual = _usual(day, known[start:end], values)
                if usual is not None:
                    found[day] = usual.band(values[day])
    return found


@dataclass(frozen=True)
class _Usual:
    """What is usual on a day: limits are in times of its weekday's number."""

    number: Decimal
    low: Decimal
    level: Decimal
    high: Decimal
    days: int
    by_weekday: bool

    def band(self, value: Decimal) -> Band:
        # Compared as a quotient: equal quotients are rounded alike, products are not.
        inside = self.low <= value / self.number <= self.high
        low, expected, high = (n * self.number for n in (self.low, self.level, self.high))
        return Band(value, low, expected, high, not inside, self.days, self.by_weekday)


def _usual(day: date, before: Sequence[date], values: Mapping[date, Decimal]) -> _Usual | None:
    """What is usual on a day, by the days before it; None if they do not say."""
    if len(before) < FEWEST_DAYS:
        return None
    of_weekday: list[list[Decimal]] = [[] for _ in range(7)]
    for other in before:
        of_weekday[other.weekday()].append(values[other])
    of_all = _median([values[other] for other in before])
    numbers = [_median(own) if len(own) >= FEWEST_OF_WEEKDAY else of_all for own in of_weekday]
    number = numbers[day.weekday()]
    dated = [
        (other, values[other] / numbers[other.weekday()])
        for other in before
        if numbers[other.weekday()] > 0
    ]
    times = [one for _, one in dated]
    if number <= 0 or len(times) < FEWEST_DAYS or (level := _median(times[-LEVEL_DAYS:])) <= 0:
        return None
    spread = MAD_TO_DEVIATION * _median([abs(one - level) for one in times])
    width = MOST_SPREADS * max(spread, LEAST_SPREAD * level)
    ordered = sorted(times)
    older = sorted(one for other, one in dated if other < day - NEWS)
    compared = older if len(older) >= FEWEST_DAYS else ordered
    by_weekday = len(of_weekday[day.weekday()]) >= FEWEST_OF_WEEKDAY
    if width >= level:
        least, most = _beyond(ordered, UNEVEN)
    elif by_weekday:
        least, most = compared[1], compared[-2]
    else:
        least, most = _beyond(compared, 1 + MOST_SPREADS * LEAST_SPREAD)
    low = min(level - width, least)
    return _Usual(
        number=number,
        low=low if ordered[0] < 0 else max(low, Decimal(0)),
        level=level,
        high=max(level + width, most),
        days=len(before),
        by_weekday=by_weekday,
    )


def _beyond(ordered: Sequence[Decimal], factor: Decimal) -> tuple[Decimal, Decimal]:
    """The least and the most of numbers, each further off by a factor."""
    least, most = ordered[0], ordered[-1]
    return (least * factor if least < 0 else least / factor), most * factor


def _median(numbers: Sequence[Decimal]) -> Decimal:
    # Of `statistics`, with less around it: a backfill of a year takes some thousands of medians.
    ordered, half = sorted(numbers), len(numbers) // 2
    return ordered[half] if len(numbers) % 2 else (ordered[half - 1] + ordered[half]) / 2
