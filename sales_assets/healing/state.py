"""What healing remembers between two looks: days that are due, attempts, what is parked.

Belongs here: keeping that, and telling others what is parked. Does not: deciding anything (`plan`).

It lies in the catalogue's database, so that all code locations and commands share it while the
warehouse is busy. All of it can be lost: days that fail are then tried a few times more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

import dagster as dg
import sqlalchemy as sa

from sales_assets.healing.days import Row, Target
from sales_assets.healing.tables import DAYS, LOOKS, TRIES, create_tables
from sales_assets.partitions import DAY, Window
from sales_assets.resources.database import open_database, writing

KEPT_SECONDS = 90 * 86_400
"""How long it is known that an attempt was counted; no run is repeated so late."""
_OWN = tuple(Row.__dataclass_fields__)


@dataclass(frozen=True)
class Parked:
    """Days that nothing asks for any more, until their cause changes or a person says so."""

    source: str
    """`team/source`, or `models`."""
    team: str
    window: Window
    since: datetime
    attempts: int
    last_error: str
    run_id: str


@dataclass(frozen=True)
class Remembered:
    """What is known of a target from the last look."""

    rows: Mapping[date, Row]
    looked_at: float
    """When that was (POSIX seconds); 0 if never."""
    counted: frozenset[str]
    """Those of the attempts asked about that were counted."""


class HealingState(dg.ConfigurableResource[Any]):
    """What is remembered, at a SQLAlchemy address."""

    url: str

    @cached_property
    def _engine(self) -> sa.Engine:
        return open_database(self.url, create_tables)

    def rows(self, target: str) -> dict[date, Row]:
        """The days of a target that were due when it was looked at last."""
        with self._engine.connect() as connection:
            return _rows(connection, target)

    def looked_at(self, target: str) -> float:
        """When a target was looked at last (POSIX seconds); 0 if never."""
        return self.remembered(target, ()).looked_at

    def remembered(self, target: str, roots: Iterable[str]) -> Remembered:
        """What is known of a target, and which of some attempts were counted."""
        with self._engine.connect() as connection:
            return _remembered(connection, target, roots)

    def keep(
        self,
        target: Target,
        remember: Callable[[Remembered], Mapping[date, Row]],
        roots: Mapping[str, float],
        now: float,
    ) -> dict[date, Row]:
        """Replace a target's rows by what `remember` makes of them, and count attempts.

        `roots` are the attempts, with their ends. All in one transaction: of two that look at the
        same time, one sees what the other has kept.
        """
        with writing(self._engine) as connection:
            known = _remembered(connection, target.name, roots)
            after = dict(remember(known))
            _replace(connection, target, known.rows, after)
            _count(connection, target.name, roots, now)
            connection.execute(LOOKS.delete().where(LOOKS.c.target == target.name))
            connection.execute(LOOKS.insert().values(target=target.name, looked_at=now))
        return after

    def parked(self) -> list[Parked]:
        """What is parked, in spans of days that failed alike; what is longest so first."""
        query = DAYS.select().where(DAYS.c.parked_at.is_not(None))
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(DAYS.c.target, DAYS.c.day)).fetchall()
        spans: list[list[sa.Row[Any]]] = []
        for row in rows:
            if spans and _continues(spans[-1][-1], row):
                spans[-1].append(row)
            else:
                spans.append([row])
        return sorted(map(_parked, spans), key=lambda found: (found.since, found.source))

    def unpark(self, target: str, window: Window, now: float) -> list[date]:
        """Let days be asked for again, as if they had never failed; those that were parked."""
        is_it = sa.and_(
            DAYS.c.target == target,
            DAYS.c.day >= window.first_key,
            DAYS.c.day <= window.last_key,
            DAYS.c.parked_at.is_not(None),
        )
        with writing(self._engine) as connection:
            query = sa.select(DAYS.c.day).where(is_it).order_by(DAYS.c.day)
            days: list[str] = list(connection.scalars(query))
            connection.execute(
                DAYS.update()
                .where(is_it)
                .values(parked_at=None, attempts=0, counted_from=now, ready_at=now, tried_at=0.0)
            )
        return list(map(date.fromisoformat, days))


def _rows(connection: sa.Connection, target: str) -> dict[date, Row]:
    found = connection.execute(DAYS.select().where(DAYS.c.target == target))
    return {
        date.fromisoformat(row.day): Row(**{name: getattr(row, name) for name in _OWN})
        for row in found
    }


def _remembered(connection: sa.Connection, target: str, roots: Iterable[str]) -> Remembered:
    looked = sa.select(LOOKS.c.looked_at).where(LOOKS.c.target == target)
    counted = sa.select(TRIES.c.root).where(TRIES.c.target == target, TRIES.c.root.in_(list(roots)))
    return Remembered(
        _rows(connection, target),
        float(connection.execute(looked).scalar() or 0.0),
        frozenset(connection.scalars(counted)),
    )


def _replace(
    connection: sa.Connection,
    target: Target,
    before: Mapping[date, Row],
    after: Mapping[date, Row],
) -> None:
    if gone := [day for day in before if before[day] != after.get(day)]:
        of_it = sa.and_(DAYS.c.target == target.name, DAYS.c.day == sa.bindparam("on"))
        connection.execute(DAYS.delete().where(of_it), [{"on": day.isoformat()} for day in gone])
    if new := [day for day, row in after.items() if before.get(day) != row]:
        key = {"target": target.name, "team": target.team}
        values = [{**key, "day": day.isoformat(), **asdict(after[day])} for day in new]
        connection.execute(DAYS.insert(), values)


def _count(connection: sa.Connection, target: str, roots: Mapping[str, float], now: float) -> None:
    if roots:
        key = {"target": target}
        gone = [{"gone": root} for root in roots]
        of_it = sa.and_(TRIES.c.target == target, TRIES.c.root == sa.bindparam("gone"))
        connection.execute(TRIES.delete().where(of_it), gone)
        values = [{**key, "root": root, "ended_at": ended} for root, ended in roots.items()]
        connection.execute(TRIES.insert(), values)
    connection.execute(TRIES.delete().where(TRIES.c.ended_at < now - KEPT_SECONDS))


def _continues(before: sa.Row[Any], row: sa.Row[Any]) -> bool:
    next_day = date.fromisoformat(before.day) + DAY
    alike = (before.target, before.error) == (row.target, row.error)
    return alike and next_day.isoformat() == row.day


def _parked(span: Sequence[sa.Row[Any]]) -> Parked:
    return Parked(
        source=span[0].target,
        team=span[0].team,
        window=Window.of_keys(span[0].day, span[-1].day),
        since=datetime.fromtimestamp(min(row.parked_at for row in span), UTC),
        attempts=max(row.attempts for row in span),
        last_error=span[-1].error,
        run_id=span[-1].run_id,
    )
