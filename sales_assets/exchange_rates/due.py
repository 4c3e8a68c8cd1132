"""Which days' rates are worth asking for again, and how soon.

Belongs here: these rules. Does not: asking (`collecting`), or starting runs (`automation`).
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from datetime import date, datetime, timedelta

from sales_assets.exchange_rates.calendar import due_at, last_publication, published_by
from sales_assets.exchange_rates.state import DayState, KnownDay

AGAIN_AFTER = timedelta(days=1)
"""When what only a person can set right is looked at again, and the longest pause of all."""
PAUSE = timedelta(minutes=30)
"""The shortest pause between two questions for the same days."""
_SELDOM = frozenset({DayState.INCOMPLETE, DayState.REFUSED})
"""Days in these states wait for a person, and are asked for once in AGAIN_AFTER."""


def days_to_ask(
    known: Mapping[date, KnownDay],
    symbols: Collection[str],
    published_until: date,
    moment: datetime,
    wanted: Collection[date] = (),
) -> list[date]:
    """The days that are not current and could be, by a moment (aware), in order.

    A day whose publication is out but was not to be had; one of which something was put aside, or
    for which the API refused the question, a day later; one that was asked for before a contract
    brought another currency; and a `wanted` one of which nothing is known.
    """
    behind = {
        day
        for day, was in known.items()
        if not set(symbols) <= set(was.symbols)
        or (was.state is DayState.UNPUBLISHED and last_publication(day) <= published_until)
        or (was.state in _SELDOM and was.checked_at + AGAIN_AFTER <= moment)
    }
    return sorted(behind.union(day for day in wanted if day not in known))


def overdue(known: Mapping[date, KnownDay], moment: datetime) -> dict[date, KnownDay]:
    """The days that lack rates which the bank has published by a moment (aware)."""
    until = published_by(moment)
    return {
        day: was
        for day, was in known.items()
        if was.state is not DayState.CURRENT and last_publication(day) <= until
    }


def pause_after(
    moment: datetime,
    asked: Container[date],
    behind: Collection[date],
    known: Mapping[date, KnownDay],
) -> timedelta:
    """How long after a moment (aware), when `asked` were asked for, to ask for the days behind.

    A quarter of how late the newest of them was, so that a publication that does not come is asked
    for ever less often, down to once in AGAIN_AFTER. No longer than PAUSE if there is a day among
    them that was not asked for then, or one that a person may have set right in the meantime.
    """
    if any(day not in asked or (day in known and known[day].state in _SELDOM) for day in behind):
        return PAUSE
    return min(max(PAUSE, (moment - due_at(max(behind))) / 4), AGAIN_AFTER)
