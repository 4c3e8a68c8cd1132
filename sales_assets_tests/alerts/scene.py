"""Alerts without Dagster: problems as a test wants them, on a clock that it moves.

Belongs here: the stand-ins. Does not: any expectation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from sales_assets.alerts.book import Rules
from sales_assets.alerts.events import Read
from sales_assets.alerts.outbox import Message
from sales_assets.alerts.problems import SERVICES, Change, Mended, Problem, Severity
from sales_assets.alerts.router import Router
from sales_assets.alerts.routes import Route, Routes
from sales_assets.alerts.store import AlertStore
from sales_assets.alerts.wording import Wording
from sales_assets.errors import TransientError

START = datetime(2024, 5, 1, 12, tzinfo=UTC)
_numbers = count(1)


def problem(key: str = "shop", **more: object) -> Problem:
    """A problem; each one is another occurrence."""
    values: dict[str, object] = {
        "key": key,
        "scope": "events",
        "severity": Severity.ERROR,
        "what": f"{key} failed",
        "cause": "the header lacks 'item'",
        "at": START,
        "occurrence": str(next(_numbers)),
        "team": "retail",
        "source": "retail/shop",
    }
    return Problem(**(values | more))  # type: ignore[arg-type]


@dataclass
class Happened:
    """An event log: changes in their order, read by their number."""

    changes: list[Change] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None
    """What another process does while this one reads."""

    def read(self, cursor: str, _: Sequence[Problem], __: datetime) -> Read:
        read = Read(self.changes[int(cursor or 0) :], str(len(self.changes)))
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return read

    def fails(self, key: str = "shop", **more: object) -> None:
        self.changes.append(problem(key, **more))

    def is_mended(self, key: str = "shop") -> None:
        self.changes.append(Mended(key, "it was made since"))


@dataclass
class Looked:
    """A state source: what is wrong now."""

    problems: Sequence[Change] = field(default_factory=list)
    scope: str = "looked"
    fails: bool = False

    def look(self, _: datetime) -> Sequence[Change]:
        if self.fails:
            raise OSError("it cannot be said")
        return list(self.problems)


@dataclass
class Channels:
    """Channels that take messages, or do not."""

    down: set[str] = field(default_factory=set)
    taken: list[Message] = field(default_factory=list)

    def send(self, address: str, message: Message) -> None:
        if address in self.down:
            raise TransientError("the channel answered 503")
        self.taken.append(message)

    def told(self, channel: str) -> list[str]:
        """What a channel was told: kind and what it is about."""
        return [f"{m.kind} {m.title}" for m in self.taken if m.channel == channel]


def route(name: str, **more: object) -> Route:
    """A route of the team retail whose address is its name."""
    return Route(name, lambda: name, **({"team": "retail"} | more))  # type: ignore[arg-type]


class Scene:
    """A router with all of these."""

    def __init__(self, folder: Path, *routes: Route, escalate_after: int = 3) -> None:
        self.now = START
        self.events, self.looked, self.channels = Happened(), Looked(), Channels()
        self.services = Looked(scope=SERVICES)
        self.rules = Rules(Routes(routes), Wording("http://ui"), escalate_after)
        self.store = AlertStore(f"sqlite:///{folder / 'catalogue.sqlite'}")
        self.router = self.another()

    def another(self) -> Router:
        """A second process on the same tables."""
        return Router(
            self.store,
            self.events,
            [self.looked, self.services],
            lambda: self.rules,
            self.channels.send,
            lambda: self.now,
        )

    def passes(self, times: int = 1, **later: float) -> None:
        """Passes, before each of which some time goes by."""
        for _ in range(times):
            self.now += timedelta(**later)
            self.router.one_pass()

    def told(self, channel: str) -> list[str]:
        return self.channels.told(channel)
