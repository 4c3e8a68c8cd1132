"""Which days, months or years figures are shown by.

Belongs here: choosing and making periods. Does not: their figures, or their names on the page.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum

LONGEST_BY_DAY = 92
"""Days up to which revenue is shown day by day."""
LONGEST_BY_MONTH = 3660
"""Days up to which revenue is shown month by month; of longer spans, the years with sales."""


class Step(StrEnum):
    """How long the periods are that revenue is shown by."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


def step_of(first: date, last: date) -> Step:
    """The finest step that is still readable; a mistaken date can be centuries away."""
    days = (last - first).days + 1
    if days <= LONGEST_BY_DAY:
        return Step.DAY
    return Step.MONTH if days <= LONGEST_BY_MONTH else Step.YEAR


def start_of(day: date, step: Step) -> date:
    """The first day of the period that a day is in."""
    if step is Step.DAY:
        return day
    return day.replace(day=1) if step is Step.MONTH else day.replace(month=1, day=1)


def starts_of(days: Collection[date], step: Step) -> dict[date, date]:
    """The first day of the period of each of these days, each day looked at once."""
    return {day: start_of(day, step) for day in set(days)}


def days_between(first: date, last: date) -> list[date]:
    """Every day from the first to the last."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def spanned(days: Collection[date], step: Step) -> list[date]:
    """The first day of every period from the first day to the last; of years, those with days."""
    if not days:
        return []
    span = days if step is Step.YEAR else days_between(min(days), max(days))
    return sorted({start_of(day, step) for day in span})
