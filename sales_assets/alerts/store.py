"""Reading what is kept of alerts, and writing it so that of two passes at once one counts.

Belongs here: the state of the passes, open incidents. Does not: what opens and closes incidents
(`book`), or deliveries (`outbox`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from sales_assets.alerts.problems import SERVICES, Problem, Severity
from sales_assets.alerts.tables import INCIDENTS, STATE, create_tables
from sales_assets.alerts.wording import Told
from sales_assets.healing.days import Outage
from sales_assets.resources.database import deciding, open_database

AFTERWARDS = timedelta(minutes=5)
"""How long after a service is back what fails may still be its doing."""
SEEN_WITHIN = timedelta(minutes=5)
"""What was not seen to be away for so long is taken to be back."""


@dataclass(frozen=True)
class State:
    """What the passes before left: none has been yet without a cursor."""

    version: int = 0
    cursor: str = ""
    digests: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Incident:
    """An incident as it is kept."""

    id: str
    told: Told
    occurrence: str
    last: datetime
    how: str

    @property
    def problem(self) -> Problem:
        """What is wrong."""
        return self.told.problem

    def may_end(self, asker: str, now: datetime) -> bool:
        """Whether somebody who finds a service well may end what is told of it.

        Who cannot reach it knows best, for as long as it asks: else two processes, of which one
        reaches it and the other does not, would take turns.
        """
        return self.problem.asker == asker or now - self.last > SEEN_WITHIN


@dataclass
class Replacing:
    """The transaction in which a pass writes."""

    connection: sa.Connection
    digests: dict[str, float]


class AlertStore:
    """The tables at a SQLAlchemy address."""

    def __init__(self, url: str) -> None:
        self.engine = open_database(url, create_tables)

    def read(self) -> tuple[State, list[Incident]]:
        """The state, and all open incidents, as of one moment."""
        with self.engine.connect() as connection:
            return _state(connection), open_incidents(connection)

    def was_closed(self, problem: Problem, how: str) -> bool:
        """Whether an incident of this occurrence of a problem was closed with these words."""
        c = INCIDENTS.c
        query = sa.select(c.id).where(
            *(c.closed_at.is_not(None), c.how == how),
            *(c.key == problem.key, c.occurrence == problem.occurrence),
        )
        with self.engine.connect() as connection:
            return connection.execute(query.limit(1)).first() is not None

    @contextmanager
    def replacing(self, seen: State, cursor: str) -> Iterator[Replacing | None]:
        """A transaction that ends with a new state; None in it if another pass was faster."""
        with deciding(self.engine) as connection:
            if _state(connection).version != seen.version:
                yield None
                return
            replacing = Replacing(connection, dict(seen.digests))
            yield replacing
            values = {
                "version": seen.version + 1,
                "cursor": cursor,
                "digests": json.dumps(replacing.digests),
            }
            there = connection.execute(STATE.update().where(STATE.c.id == 1).values(values))
            if not there.rowcount:
                connection.execute(STATE.insert().values(id=1, **values))


@lru_cache(maxsize=8)
def alert_store(url: str) -> AlertStore:
    """The store at an address, opened once a process."""
    return AlertStore(url)


def _state(connection: sa.Connection) -> State:
    row = connection.execute(STATE.select().where(STATE.c.id == 1)).first()
    return State() if row is None else State(row.version, row.cursor, json.loads(row.digests))


def open_incidents(connection: sa.Connection) -> list[Incident]:
    """All that are open, the oldest first."""
    query = INCIDENTS.select().where(INCIDENTS.c.closed_at.is_(None))
    return [_incident(row) for row in connection.execute(query.order_by(INCIDENTS.c.opened_at))]


def incidents_since(connection: sa.Connection, since: float) -> list[Incident]:
    """All that are open or were closed since then, the oldest first."""
    c = INCIDENTS.c
    query = INCIDENTS.select().where(c.closed_at.is_(None) | (c.closed_at > since))
    return [_incident(row) for row in connection.execute(query.order_by(c.opened_at))]


def closed_since(connection: sa.Connection, scope: str, since: float) -> list[Incident]:
    """The incidents of a scope that were closed since then."""
    c = INCIDENTS.c
    query = INCIDENTS.select().where(c.scope == scope, c.closed_at > since)
    return [_incident(row) for row in connection.execute(query)]


def stoppers(url: str, now: datetime) -> list[str]:
    """What is away without which nothing can be made, in the installation at an address.

    Not what nobody has looked at for a while: nobody would tell that it is back.
    """
    with alert_store(url).engine.connect() as connection:
        incidents = open_incidents(connection)
    return [
        one.problem.what
        for one in incidents
        if one.problem.scope == SERVICES
        and one.problem.stops_work()
        and now - one.last <= SEEN_WITHIN
    ]


def outages(url: str) -> list[Outage]:
    """When something was away without which nothing can be made, and a while around that.

    It was so before anybody asked, and a run that died with it is ended only later.
    """
    query = INCIDENTS.select().where(INCIDENTS.c.scope == SERVICES)
    with alert_store(url).engine.connect() as connection:
        rows = connection.execute(query).all()
    return [
        Outage(row.opened_at - 60, (row.closed_at or row.last_at) + AFTERWARDS.total_seconds())
        for row in rows
        if Problem.loaded(row.problem).stops_work()
    ]


def _incident(row: sa.Row[Any]) -> Incident:
    told = Told(
        Problem.loaded(row.problem),
        Severity(row.severity),
        row.failures,
        moment(row.opened_at),
        None if row.closed_at is None else moment(row.closed_at),
    )
    return Incident(row.id, told, row.occurrence, moment(row.last_at), row.how)


def moment(seconds: float) -> datetime:
    """A time as it is kept."""
    return datetime.fromtimestamp(seconds, UTC)
