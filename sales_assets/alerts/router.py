"""One pass of alerts: see what is wrong, write it down, send what waits.

Belongs here: the order of these steps. Does not: any of them. Two passes at once, in whichever
processes, do nothing twice: of what they saw one writes, and each message is leased by one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sales_assets.alerts.book import RIGHT_AGAIN, Book, Rules, digests_due
from sales_assets.alerts.database_away import DatabaseAway
from sales_assets.alerts.events import Read
from sales_assets.alerts.outbox import Delivered, Outbox, Sender
from sales_assets.alerts.problems import (
    ASKED,
    SERVICES,
    Change,
    Clock,
    Mended,
    Problem,
    StateSource,
    Unknown,
)
from sales_assets.alerts.sending import send as send_by_apprise
from sales_assets.alerts.store import AlertStore, Incident

WITHIN = timedelta(minutes=1)
"""How long a pass begins to send."""
NOTED_EVERY = timedelta(minutes=1)
"""How often it is noted that a service is still away."""
_log = logging.getLogger("sales_assets.alerts")


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class EventSource(Protocol):
    """What happened, in its order, after a cursor."""

    def read(self, cursor: str, failed: Sequence[Problem], now: datetime, /) -> Read:
        """What happened since; `failed` are open problems that have `work` to be done."""
        ...


@dataclass(frozen=True)
class Passed:
    """What a pass did."""

    opened: int = 0
    closed: int = 0
    sent: int = 0
    failed: int = 0
    is_sending: bool = False
    is_blind: bool = False

    def __str__(self) -> str:
        if self.is_blind:
            return "nothing was looked at, as the database does not answer in time"
        told = f"{self.opened} opened, {self.closed} recovered, {self.sent} sent"
        told += f", {self.failed} not taken" if self.failed else ""
        return f"{told}, others are still being sent" if self.is_sending else told


@dataclass
class Router:
    """Everything that alerts need; `rules` are asked for anew in each pass."""

    store: AlertStore
    events: EventSource
    sources: Sequence[StateSource]
    rules: Callable[[], Rules]
    send: Sender = send_by_apprise
    clock: Clock = utc_now
    database: DatabaseAway | None = None
    """Where it is a server's, which may be away."""
    asker: str = ""
    """Who asks the services."""

    def one_pass(self, wait: float | None = None) -> Passed:
        """Do one pass; `wait` is how long a slow channel is waited for, in seconds.

        After that it goes on beside, in a thread.
        """
        rules = self.rules()
        if self.database and not self.database.answers(self.store, rules, self.send, self.clock()):
            return Passed(is_blind=True)
        opened, closed = self._take_in(rules)
        done = Delivered()
        outbox = Outbox(self.store.engine, rules.routes, self.send, self.clock)

        def deliver() -> None:
            nonlocal done
            try:
                done = outbox.deliver(WITHIN)
            except Exception:  # noqa: BLE001 (logged; the messages wait)
                _log.exception("Sending alerts failed; what was not sent waits for the next pass.")

        thread = threading.Thread(target=deliver, name="alerts", daemon=True)
        thread.start()
        thread.join(wait)
        return Passed(opened, closed, done.sent, done.failed, thread.is_alive())

    def _take_in(self, rules: Rules) -> tuple[int, int]:
        """Write down what is new; how many incidents opened and closed."""
        now = self.clock()
        state, open_ = self.store.read()
        failed = [one.problem for one in open_ if one.problem.work is not None]
        read = self.events.read(state.cursor, failed, now)
        looks = dict(self._looks(now))
        due = digests_due(rules.routes, state.digests, now)
        if not (
            read.changes
            or read.cursor != state.cursor
            or _differ(looks, open_, self.asker, now)
            or due
        ):
            return 0, 0
        asked = {scope: looks[scope] for scope in ASKED & looks.keys()}
        services = looks.pop(SERVICES, None)
        with self.store.replacing(state, read.cursor) as writing:
            if writing is not None:
                book = Book(writing.connection, rules, now)
                if services is not None:  # first: they say what else is to wait
                    book.settle(SERVICES, services, self.asker)
                book.take(read.changes)
                for scope, changes in looks.items():
                    book.settle(scope, changes, self.asker)
                writing.digests = book.write_digests(state.digests)
                book.forget()
                return book.opened, book.closed
        # Another pass wrote meanwhile what this one saw, or newer.
        return 0, self._end_own(asked, rules, now)

    def _end_own(self, asked: dict[str, Sequence[Change]], rules: Rules, now: datetime) -> int:
        """End what nobody else may, of all that this one has asked just now; how many.

        A pass that looks for longer than others take from one to the next would never get to it.
        """
        state, open_ = self.store.read()
        away = {change.key for changes in asked.values() for change in changes}
        own = [
            one.problem.key
            for one in open_
            if one.problem.scope in asked and one.problem.asker == self.asker and one.last <= now
        ]
        mended = [Mended(key, RIGHT_AGAIN) for key in own if key not in away]
        if not mended:
            return 0
        with self.store.replacing(state, state.cursor) as writing:
            if writing is None:
                return 0
            book = Book(writing.connection, rules, now)
            book.take(mended)
            return book.closed

    def _looks(self, now: datetime) -> Sequence[tuple[str, Sequence[Change]]]:
        looks: list[tuple[str, Sequence[Change]]] = []
        for source in self.sources:
            try:
                found = source.look(now)
            except Exception as error:  # noqa: BLE001 (the other sources are looked at all the same)
                _log.warning("Alerts cannot say how %s are: %s", source.scope, error)
                continue
            if found is not None:
                looks.append((source.scope, found))
        return looks


def _differ(
    looks: dict[str, Sequence[Change]], open_: Sequence[Incident], asker: str, now: datetime
) -> bool:
    """Whether looking found other problems than are open, or one that happened again.

    Also if it was long not noted that a service is still away: whoever waits for it would take it
    to be back. Not if this one may not end what it does not see: it would only be in others' way.
    """
    seen = {
        (change.key, change.occurrence, change.scope)
        for changes in looks.values()
        for change in changes
        if isinstance(change, Problem)
    }
    unknown = {
        change.key
        for changes in looks.values()
        for change in changes
        if isinstance(change, Unknown)
    }
    known: set[tuple[str, str, str]] = set()
    for one in open_:
        name = (one.problem.key, one.occurrence, one.problem.scope)
        is_asked = one.problem.scope in ASKED
        if is_asked and name in seen and now - one.last > NOTED_EVERY:
            return True
        is_others = is_asked and not one.may_end(asker, now)
        is_left = is_others or one.problem.key in unknown
        if one.problem.scope in looks and (name in seen or not is_left):
            known.add(name)
    return seen != known
