"""Handing messages to their channels: each once, and none before its channel took it.

Belongs here: whose turn it is, leases, trying again. Does not: what puts messages in (`book`), or
how a channel is reached (`sending`).

A message is leased under the write lock, sent, and done only then. If the process dies in between,
the lease ends and the message is sent again: a channel that had taken it gets it twice, with the
same id, which most of them know by (docs/decisions/0037).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from sales_assets.alerts.book import OPENED, RECOVERED, SENT, WAITING
from sales_assets.alerts.problems import Clock, Severity
from sales_assets.alerts.routes import LOG, Routes
from sales_assets.alerts.store import moment
from sales_assets.alerts.tables import CHANNELS, MESSAGES
from sales_assets.errors import PermanentError, SalesAssetsError, TransientError
from sales_assets.resources.database import deciding

LEASE = timedelta(minutes=10)
"""Longer than any sending: its time-outs end it before."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
AT_A_TIME = 8
MISSED = timedelta(days=1)
"""How long a message waits for a route that is not there: its file may just not load."""
_log = logging.getLogger("sales_assets.alerts")


@dataclass(frozen=True)
class Message:
    """A message on its way to a channel."""

    number: int
    name: str
    incident: str
    kind: str
    channel: str
    severity: Severity
    title: str
    text: str
    attempts: int
    lease: str
    put_at: datetime

    @property
    def is_recovery(self) -> bool:
        """Whether it says that something is right again."""
        return self.kind == RECOVERED

    @property
    def opening(self) -> str:
        """The name of the message that the same channel got when the incident began."""
        return f"{self.incident}:{OPENED}:{self.channel}"


Sender = Callable[[str, Message], None]
"""Sends to an address; raises a SalesAssetsError, whose message holds no secret, if not taken."""


@dataclass
class Delivered:
    """What a delivery did."""

    sent: int = 0
    failed: int = 0


class Outbox:
    """The messages that wait, and those who take them."""

    def __init__(self, engine: sa.Engine, routes: Routes, send: Sender, clock: Clock) -> None:
        self._engine = engine
        self._routes = routes
        self._send = send
        self._clock = clock

    def deliver(self, within: timedelta) -> Delivered:
        """Send what is due; begins nothing more after `within`. Channels are served side by side.

        One that fails is left alone for a while, and keeps no other one waiting.
        """
        done, end = Delivered(), self._clock() + within
        while self._clock() < end and self._is_due() and (claimed := self._claim()):
            with ThreadPoolExecutor(AT_A_TIME, "alerts") as threads:
                for is_taken in threads.map(self._handed_over, claimed):
                    done.sent += is_taken
                    done.failed += not is_taken
        return done

    def _is_due(self) -> bool:
        """Whether anything may be sent; asked without the write lock."""
        with self._engine.connect() as connection:
            return bool(_candidates(connection, self._clock()))

    def _claim(self) -> list[Message]:
        """The next message of each channel, which nobody else sends meanwhile.

        As many as are sent at once: for one that had to wait for them, the lease might not last.
        """
        with deciding(self._engine) as connection:
            now = self._clock()
            numbers = _candidates(connection, now)[:AT_A_TIME]
            if not numbers:
                return []
            c, lease = MESSAGES.c, uuid.uuid4().hex
            connection.execute(
                MESSAGES.update()
                .where(c.number.in_(numbers))
                .values(
                    lease=lease,
                    lease_until=(now + LEASE).timestamp(),
                    attempts=c.attempts + 1,
                )
            )
            rows = connection.execute(MESSAGES.select().where(c.lease == lease).order_by(c.number))
            return [_message(row) for row in rows]

    def _handed_over(self, message: Message) -> bool:
        """Send one, and note at once whether it was taken: what is not noted is sent again.

        What was for a route that has been removed goes to the log, as with no route at all.
        """
        is_old = self._clock() - message.put_at >= MISSED
        may_be_there = not self._routes.is_whole or message.channel in self._routes.names
        is_removed = is_old and not may_be_there
        addressed = replace(message, channel=LOG) if is_removed else message
        failure = sent(addressed, self._routes, self._send)
        self._settle(message, failure)
        return failure is None

    def _settle(self, message: Message, failure: Exception | None) -> None:
        c, now = MESSAGES.c, self._clock()
        mine = (c.number == message.number) & (c.lease == message.lease)
        with deciding(self._engine) as connection:
            if failure is None:
                values: dict[str, Any] = {"state": SENT, "done_at": now.timestamp(), "error": ""}
            else:
                again = now + _pause(message.attempts)
                values = {
                    "not_before": again.timestamp(),
                    "lease": "",
                    "lease_until": 0.0,
                    "error": str(failure),
                }
            connection.execute(MESSAGES.update().where(mine).values(values))
            _note_channel(connection, message.channel, now, is_well=failure is None)
        if failure is not None:
            hint = "" if isinstance(failure, PermanentError) else "; it is tried again"
            _log.warning("Alert for %s not delivered: %s%s", message.channel, failure, hint)


def sent(message: Message, routes: Routes, send: Sender) -> Exception | None:
    """Send one; what went wrong, if anything did."""
    if message.channel == LOG:
        level = logging.ERROR if message.severity.is_error else logging.WARNING
        level = logging.INFO if message.is_recovery else level
        _log.log(level, "%s\n%s", message.title, message.text)
        return None
    try:
        send(routes.named(message.channel).address(), message)
    except SalesAssetsError as error:
        return error
    except Exception as error:  # noqa: BLE001 (its text may hold an address with a secret)
        return TransientError(f"{type(error).__name__} while it was sent")
    return None


class Waiting(NamedTuple):
    """A message that was not taken yet."""

    channel: str
    title: str
    not_before: datetime
    attempts: int
    error: str


def waiting(engine: sa.Engine) -> list[Waiting]:
    """All messages that no channel has taken yet, the oldest first."""
    c = MESSAGES.c
    query = MESSAGES.select().where(c.state == WAITING).order_by(c.number)
    with engine.connect() as connection:
        return [
            Waiting(row.channel, row.title, moment(row.not_before), row.attempts, row.error)
            for row in connection.execute(query)
        ]


def _candidates(connection: sa.Connection, now: datetime) -> list[int]:
    """The number of the next message of each channel that is free and has one that is due.

    The least tried first, so that one that a channel never takes does not keep the rest; the end
    of an incident after its beginning. In that order.
    """
    c, at = MESSAGES.c, now.timestamp()
    rows = connection.execute(
        sa.select(
            *(c.number, c.incident, c.kind, c.channel, c.not_before, c.lease_until, c.attempts)
        ).where(c.state == WAITING)
    ).fetchall()
    if not rows:
        return []
    busy = {row.channel for row in rows if row.lease_until > at}
    resting = CHANNELS.select().where(CHANNELS.c.retry_at > at)
    busy |= {row.name for row in connection.execute(resting)}
    begun = {(row.incident, row.channel) for row in rows if row.kind == OPENED}
    chosen: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: (row.attempts, row.number)):
        is_early = row.kind == RECOVERED and (row.incident, row.channel) in begun
        if row.not_before <= at and row.channel not in busy and not is_early:
            chosen.setdefault(row.channel, row.number)
    return list(chosen.values())


def _note_channel(connection: sa.Connection, name: str, now: datetime, *, is_well: bool) -> None:
    """Remember how a channel does, so that a dead one costs one time-out and not many."""
    c = CHANNELS.c
    failures = connection.scalar(sa.select(c.failures).where(c.name == name))
    if failures is not None:
        connection.execute(CHANNELS.delete().where(c.name == name))
    if not is_well:
        count = (failures or 0) + 1
        connection.execute(
            CHANNELS.insert().values(
                name=name, failures=count, retry_at=(now + _pause(count)).timestamp()
            )
        )


def _pause(failures: int) -> timedelta:
    """How long to wait after so many failures in a row."""
    return min(FIRST_PAUSE * (1 << min(failures - 1, 10)), LONGEST_PAUSE)


def _message(row: sa.Row[Any]) -> Message:
    return Message(
        *(row.number, row.name, row.incident, row.kind, row.channel, Severity(row.severity)),
        *(row.title, row.text, row.attempts, row.lease, moment(row.put_at)),
    )
