"""What teams have used this month, followed through the ledger.

Belongs here: keeping sums by day and team up to date. Does not: what the ledger's rows mean
(`costs.entries`), or what a sum costs (`costs.pricing`).

The month is read once a day, and when the process starts. In between only runs are read again of
which something new was told, and the sums of processes and credits of the last three days: credits
come two days late.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from sales_assets.costs.amounts import Amounts
from sales_assets.costs.bill import month_of
from sales_assets.costs.entries import AT_ONCE, Entry, bounds, of_days, of_steps
from sales_assets.costs.ledger import Ledger, microseconds, moment_of
from sales_assets.costs.tables import AMOUNTS, CREDITS, DAYS, PROCESSES, STEPS
from sales_assets.partitions import DAY, Window
from sales_assets.resources.database import reading

RECENT = 2 * DAY
"""So many days before today may still change."""
_LOOKED_BACK = 120_000_000
"""Microseconds, for transactions that commit late and clocks that differ: of a run that has ended
nothing is new after that."""
Sums = dict[tuple[date, str], Amounts]


class Month:
    """The sums of the month that it is now."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._today: date | None = None
        self._window: Window
        self._since: date
        self._recent: int
        """The first of the days that may still change, and its first microsecond."""
        self._settled: Sums = {}
        self._runs: dict[str, Sums] = {}
        """Of those that have rows of these days."""
        self._at = 0
        """The moment of the last reading."""

    def entries(self, now: datetime) -> Iterator[Entry]:
        """The sums as they are now, as an entry for each day and team."""
        with reading(self._ledger.engine) as connection:
            if self._today != now.date() or not self._follow(connection, now):
                self._begin(connection, now)
            others = self._of_others(connection, self._recent, bounds(self._window)[1])
        for sums in (self._settled, *self._runs.values(), others):
            for (day, team), amounts in sums.items():
                yield Entry(day, amounts, team)

    def _begin(self, connection: sa.Connection, now: datetime) -> None:
        self._today = None  # until all is read
        self._window = month_of(now.date())
        start, end = bounds(self._window)
        recent = max(self._window.start, now.date() - RECENT)
        self._since = recent
        self._recent = microseconds(datetime(recent.year, recent.month, recent.day, tzinfo=UTC))
        days = of_days(connection, _within(DAYS.c.day, self._window))
        self._settled = _sums(days, self._of_others(connection, start, self._recent))
        self._runs = {}
        for run_id, sums in _by_run(of_steps(connection, _begun(start, end), now)).items():
            if any(day >= recent for day, _ in sums):
                self._runs[run_id] = sums
            else:
                _add(self._settled, sums)
        self._at = microseconds(now)
        self._today = now.date()

    def _follow(self, connection: sa.Connection, now: datetime) -> bool:
        """Read runs again of which something was told since; False if one was settled before."""
        start, end = bounds(self._window)
        after = self._at - _LOOKED_BACK
        news = sa.and_(_begun(self._recent, end), STEPS.c.told > after)
        changed: list[str] = list(
            connection.scalars(sa.select(STEPS.c.run_id).where(news).distinct())
        )
        for first in range(0, len(changed), AT_ONCE):
            some = changed[first : first + AT_ONCE]
            found = of_steps(connection, STEPS.c.run_id.in_(some) & _begun(start, end), now)
            for run_id, sums in _by_run(found).items():
                if run_id not in self._runs and any(day < self._since for day, _ in sums):
                    return False
                self._runs[run_id] = sums
        self._at = microseconds(now)
        return True

    def _of_others(self, connection: sa.Connection, start: int, end: int) -> Sums:
        """What processes used of themselves, and credits, of the days between two moments."""
        sums: Sums = {}
        if start >= end:
            return sums
        window = Window(moment_of(start).date(), moment_of(end).date())
        c, hour = PROCESSES.c, CREDITS.c.hour
        used = [sa.func.sum(c[name]).label(name) for name in AMOUNTS]
        processes = sa.select(c.day, c.team, *used).group_by(c.day, c.team)
        for row in connection.execute(processes.where(_within(c.day, window))):
            amounts = Amounts(**{name: int(row._mapping[name]) for name in AMOUNTS})
            _add(sums, {(date.fromisoformat(row.day), row.team): amounts})
        credited = sa.select(hour, CREDITS.c.team, sa.func.sum(CREDITS.c.credits).label("sum"))
        credited = credited.where(hour >= start, hour < end).group_by(hour, CREDITS.c.team)
        for row in connection.execute(credited):
            key = moment_of(row.hour).date(), row.team
            _add(sums, {key: Amounts(credits=int(row.sum))})
        return sums


def _begun(start: int, end: int) -> sa.ColumnElement[bool]:
    return sa.and_(STEPS.c.begun >= start, STEPS.c.begun < end)


def _within(day: sa.ColumnElement[Any], window: Window) -> sa.ColumnElement[bool]:
    return sa.and_(day >= window.first_key, day <= window.last_key)


def _by_run(found: Iterable[Entry]) -> dict[str, Sums]:
    runs: dict[str, Sums] = defaultdict(dict)
    for entry in found:
        _add(runs[entry.run_id], {(entry.day, entry.team): entry.amounts})
    return dict(runs)


def _sums(found: Iterable[Entry], others: Sums) -> Sums:
    sums = dict(others)
    for entry in found:
        _add(sums, {(entry.day, entry.team): entry.amounts})
    return sums


def _add(sums: Sums, more: Sums) -> None:
    for key, amounts in more.items():
        sums[key] = sums.get(key, Amounts()) + amounts
