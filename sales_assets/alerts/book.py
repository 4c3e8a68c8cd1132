"""What one pass writes: incidents that open, count on and close, and the messages about them.

Belongs here: the rules, within one transaction. Does not: finding what is wrong (`events`,
`states`), or sending (`outbox`).

Each channel is told of an incident once, however often it happens again, and of its end once, if
it was told of its beginning. What waits, a warning for the end of quiet hours, or anything that
failed while a service was away, is not sent at all if it has recovered by then.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from sales_assets.alerts.holding import told_at
from sales_assets.alerts.problems import (
    ASKED,
    SERVICES,
    Change,
    Mended,
    Problem,
    Severity,
    worse,
)
from sales_assets.alerts.routes import Route, Routes
from sales_assets.alerts.store import (
    AFTERWARDS,
    Incident,
    closed_since,
    incidents_since,
    moment,
    open_incidents,
)
from sales_assets.alerts.tables import INCIDENTS, MESSAGES
from sales_assets.alerts.wording import Text, Told, Wording

KEPT_SECONDS = 90 * 86_400
"""How long closed incidents and messages that were sent are kept."""
OPENED, RECOVERED, DIGEST = "opened", "recovered", "digest"
WAITING, SENT, DROPPED = "waiting", "sent", "dropped"
RIGHT_AGAIN = "it is right again"


@dataclass(frozen=True)
class Rules:
    """How incidents are told: to whom, in which words, and when a warning is none any more."""

    routes: Routes = field(default_factory=Routes)
    wording: Wording = field(default_factory=Wording)
    escalate_after: int = 3
    hold: timedelta = timedelta(0)
    """How long what fails while a service is away waits before it is told."""


class Book:
    """The incidents, within a transaction that nobody writes beside."""

    def __init__(self, connection: sa.Connection, rules: Rules, now: datetime) -> None:
        self._connection = connection
        self._rules = rules
        self._now = now
        self._open = {one.problem.key: one for one in open_incidents(connection)}
        self._back = closed_since(connection, SERVICES, (now - AFTERWARDS).timestamp())
        self.opened = 0
        self.closed = 0

    def take(self, changes: Iterable[Change]) -> None:
        """Write down what happened, in its order."""
        for change in changes:
            if isinstance(change, Mended):
                self._close(change.key, change.how)
            elif isinstance(change, Problem):
                self._raise(change)

    def settle(self, scope: str, changes: Sequence[Change], asker: str = "") -> None:
        """Write down all that is wrong in a scope now; what else is open in it is no more so."""
        self.take(changes)
        there = {change.key: change for change in changes}
        for key, incident in list(self._open.items()):
            if incident.problem.scope != scope:
                continue
            if key in there:
                if scope in ASKED and isinstance(there[key], Problem):
                    self._note_seen(incident)
            elif scope not in ASKED or incident.may_end(asker, self._now):
                self._close(key, RIGHT_AGAIN)

    def _note_seen(self, incident: Incident) -> None:
        of_it = INCIDENTS.c.id == incident.id
        values = {"last_at": self._now.timestamp()}
        self._connection.execute(INCIDENTS.update().where(of_it).values(values))

    def write_ended(self, number: str, problem: Problem, told: Iterable[str]) -> None:
        """Write down an incident that is over, which these channels were told of at its time."""
        if self._connection.scalar(sa.select(INCIDENTS.c.id).where(INCIDENTS.c.id == number)):
            return  # it was written, and the answer to that was lost
        self._insert(number, problem, problem.severity)
        for channel in told:
            self._put(number, OPENED, channel, Text("", ""), problem.severity, None, state=SENT)
        self._close(problem.key, "it answers again")

    def _raise(self, problem: Problem) -> None:
        known = self._open.get(problem.key)
        if known is None:
            self._begin(problem)
        elif known.occurrence != problem.occurrence or worse_than(problem, known):
            self._count(known, problem)

    def _begin(self, problem: Problem) -> None:
        severity = self._severity(problem, problem.severity, 1)
        self._tell(self._insert(uuid.uuid4().hex, problem, severity))
        self.opened += 1

    def _insert(self, number: str, problem: Problem, severity: Severity) -> Incident:
        self._connection.execute(
            INCIDENTS.insert().values(
                id=number,
                key=problem.key,
                scope=problem.scope,
                severity=severity.value,
                failures=1,
                occurrence=problem.occurrence,
                opened_at=problem.at.timestamp(),
                last_at=problem.at.timestamp(),
                problem=problem.dumped(),
            )
        )
        told = Told(problem, severity, 1, problem.at)
        incident = Incident(number, told, problem.occurrence, problem.at, "")
        self._open[problem.key] = incident
        return incident

    def _count(self, known: Incident, problem: Problem) -> None:
        is_new = known.occurrence != problem.occurrence
        failures = known.told.failures + is_new
        severity = worse(known.told.severity, problem.severity)
        severity = self._severity(problem, severity, failures)
        told = Told(problem, severity, failures, known.told.opened)
        counted = Incident(known.id, told, problem.occurrence, problem.at, "")
        self._open[problem.key] = counted
        self._connection.execute(
            INCIDENTS.update()
            .where(INCIDENTS.c.id == known.id)
            .values(
                severity=severity.value,
                failures=failures,
                occurrence=problem.occurrence,
                last_at=problem.at.timestamp(),
                problem=problem.dumped(),
            )
        )
        if severity is not known.told.severity:
            self._hurry(known.id, severity, self._told_at(problem))
            self._tell(counted)

    def _severity(self, problem: Problem, found: Severity, failures: int) -> Severity:
        is_often = problem.escalates and failures >= self._rules.escalate_after
        return Severity.ERROR if is_often else found

    def _told_at(self, problem: Problem) -> datetime:
        others = (one.problem for one in (*self._open.values(), *self._back))
        return told_at(problem, others, self._now, self._rules.hold)

    def _hurry(self, incident: str, severity: Severity, at: datetime) -> None:
        """Let what waited as a warning wait no longer than anything that begins now."""
        c = MESSAGES.c
        self._connection.execute(
            MESSAGES.update()
            .where(c.incident == incident, c.state == WAITING, c.attempts == 0)
            .values(
                not_before=sa.case(
                    (c.not_before > at.timestamp(), at.timestamp()), else_=c.not_before
                ),
                severity=severity.value,
            )
        )

    def _tell(self, incident: Incident) -> None:
        """Put the message into the outbox, for each route that has not been told yet."""
        told = incident.told
        text = self._rules.wording.opened(told)
        held = self._told_at(told.problem)
        for route in self._rules.routes.of(told.problem, told.severity):
            self._put(incident.id, OPENED, route.name, text, told.severity, route, held)

    def _close(self, key: str, how: str) -> None:
        known = self._open.pop(key, None)
        if known is None:
            return
        self.closed += 1
        if known.problem.scope == SERVICES:
            self._back.append(known)
        now, c = self._now.timestamp(), MESSAGES.c
        self._connection.execute(
            INCIDENTS.update().where(INCIDENTS.c.id == known.id).values(closed_at=now, how=how)
        )
        of_it = (c.incident == known.id) & (c.kind == OPENED)
        self._connection.execute(
            MESSAGES.update()
            .where(of_it, c.state == WAITING, c.attempts == 0, c.not_before > now)
            .values(state=DROPPED, done_at=now, error="recovered before it was told")
        )
        told = known.told._replace(closed=self._now)
        text = self._rules.wording.recovered(told, how)
        channels: Sequence[str] = self._connection.scalars(
            sa.select(c.channel).where(of_it, c.state != DROPPED).order_by(c.number)
        ).all()
        routes = {route.name: route for route in self._rules.routes.all}
        for channel in channels:
            self._put(known.id, RECOVERED, channel, text, told.severity, routes.get(channel))

    def _put(
        self,
        incident: str,
        kind: str,
        channel: str,
        text: Text,
        severity: Severity,
        route: Route | None,
        held: datetime | None = None,
        state: str = WAITING,
    ) -> None:
        name = f"{incident}:{kind}:{channel}"
        if self._connection.scalar(sa.select(MESSAGES.c.number).where(MESSAGES.c.name == name)):
            return
        quiet = route.quiet if route and not severity.is_error else None
        at = held or self._now
        until = (quiet.until(at) if quiet else None) or at
        self._connection.execute(
            MESSAGES.insert().values(
                name=name,
                incident=incident,
                kind=kind,
                channel=channel,
                severity=severity.value,
                title=text.title,
                text=text.text,
                state=state,
                done_at=self._now.timestamp() if state == SENT else None,
                put_at=self._now.timestamp(),
                not_before=until.timestamp(),
            )
        )

    def write_digests(self, last: Mapping[str, float]) -> dict[str, float]:
        """Put the digests that are due into the outbox; when each route had its last one."""
        written = dict(last)
        for route in self._rules.routes.all:
            if route.digest is None:
                continue
            due = route.digest.last(self._now)
            before = last.get(route.name)
            if before is None:  # what was before there was a digest is no news
                written[route.name] = due.timestamp()
            elif before < due.timestamp():
                self._digest(route, moment(before), due)
                written[route.name] = self._now.timestamp()
        return written

    def _digest(self, route: Route, since: datetime, due: datetime) -> None:
        heard = [
            one.told
            for one in incidents_since(self._connection, since.timestamp())
            if (route.is_default or route.hears_of(one.problem)) and route.takes(one.told.severity)
        ]
        text = self._rules.wording.digest(since, self._now, heard)
        if text is not None:
            name = f"{due:%Y-%m-%dT%H:%M}"
            self._put(name, DIGEST, route.name, text, Severity.ERROR, None)

    def forget(self) -> None:
        """Delete what is closed and sent for long, and what no channel took for as long.

        Not who was told of what is still open: they are to be told of its end.
        """
        before = self._now.timestamp() - KEPT_SECONDS
        self._connection.execute(INCIDENTS.delete().where(INCIDENTS.c.closed_at < before))
        c, is_open = MESSAGES.c, INCIDENTS.c.closed_at.is_(None)
        is_needed = c.incident.in_(sa.select(INCIDENTS.c.id).where(is_open))
        self._connection.execute(
            MESSAGES.delete().where(
                sa.case((c.state == WAITING, c.put_at < before), else_=c.done_at < before),
                (c.state == WAITING) | ~is_needed,
            )
        )


def worse_than(problem: Problem, known: Incident) -> bool:
    """Whether a problem is worse than its incident was till now."""
    return problem.severity.is_error and not known.told.severity.is_error


def digests_due(routes: Routes, last: Mapping[str, float], now: datetime) -> bool:
    """Whether some route has not had its last digest, or has none noted yet."""
    return any(
        route.digest is not None and last.get(route.name, 0.0) < route.digest.last(now).timestamp()
        for route in routes.all
    )
