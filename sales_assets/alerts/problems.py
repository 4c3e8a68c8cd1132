"""What can be wrong, as plain values.

Belongs here: their shapes. Does not: finding them (`events`, `states`), what becomes of them
(`incidents`), or how they are worded (`wording`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol, Self


class Severity(StrEnum):
    """How bad it is; only errors come through quiet hours."""

    WARNING = "warning"
    ERROR = "error"

    @property
    def is_error(self) -> bool:
        """Whether somebody has to look now."""
        return self is Severity.ERROR


def worse(one: Severity, other: Severity) -> Severity:
    """The worse of two."""
    return Severity.ERROR if Severity.ERROR in {one, other} else Severity.WARNING


SERVICES: Final = "services"
"""The scope of what everything leans on: while one of these is away, much else fails with it."""

BESIDE: Final = "beside"
"""The scope of what only who watches beside the daemon asks: the daemon's passes end none of it."""
ASKED: Final = frozenset({SERVICES, BESIDE})
"""Scopes of what is found out by asking: who cannot reach a thing knows best that it is away."""
EVERYTHING: Final = ""
"""The part of a key that every key has."""


@dataclass(frozen=True)
class Work:
    """What a failed run was to make, by which its recovery is known.

    `assets` are Dagster's texts of keys; of a job without assets `job` and its `steps` count. The
    numbers are those of the event log: before the run, and of its failure.
    """

    run: str = ""
    assets: tuple[str, ...] = ()
    first: str | None = None
    last: str | None = None
    partitions: int = 0
    job: str = ""
    steps: tuple[str, ...] = ()
    began: int = 0
    failed: int = 0
    failed_at: float = 0.0


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    `key` is the same for as long as it is the same problem; `occurrence` is another each time that
    it happens again. `at` is since when, `path` where the UI shows it. `escalates`: whether a
    warning that comes again and again is an error; not where somebody has said that it is none, as
    by the severity of a check. `explains` are parts of the keys of problems that it may cause,
    `asker` who found it out by asking.
    """

    key: str
    scope: str
    severity: Severity
    what: str
    cause: str
    at: datetime
    occurrence: str = ""
    team: str | None = None
    source: str | None = None
    affects: tuple[str, ...] = ()
    path: str = ""
    command: str = ""
    escalates: bool = True
    work: Work | None = None
    explains: tuple[str, ...] = ()
    asker: str = ""

    def stops_work(self) -> bool:
        """Whether runs fail because of it."""
        return any(part in "run:" for part in self.explains)

    def may_explain(self, other: Problem) -> bool:
        """Whether another problem may be because of this one."""
        return any(part in other.key for part in self.explains)

    def dumped(self) -> str:
        """The problem as the text that is kept."""
        return json.dumps({**asdict(self), "at": self.at.isoformat()})

    @classmethod
    def loaded(cls, text: str) -> Self:
        """The problem that was kept."""
        values = json.loads(text)
        if (work := values.pop("work")) is not None:
            lists = {name: tuple(work[name]) for name in ("assets", "steps")}
            work = Work(**{**work, **lists})
        values["at"] = datetime.fromisoformat(values["at"])
        values["severity"] = Severity(values["severity"])
        for name in ("affects", "explains"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values, work=work)


def told_command(text: str) -> str | None:
    """The command that a text tells people to give, if it names one."""
    found = re.search(r"`(sales-assets [^`]+)`", text)
    return found[1] if found else None


@dataclass(frozen=True)
class Mended:
    """A problem is no more, and how that is known."""

    key: str
    how: str


@dataclass(frozen=True)
class Unknown:
    """Nobody can say whether a problem is there: one that is open stays so."""

    key: str


Change = Problem | Mended | Unknown


class StateSource(Protocol):
    """What is wrong now, as long as somebody looks: a problem that is not named any more is gone.

    Each source has a scope of its own, which its problems name. How one has ended may be told, if
    that is more than being right again.
    """

    @property
    def scope(self) -> str:
        """Of all its problems."""
        ...

    def look(self, now: datetime, /) -> Sequence[Change] | None:
        """All that is wrong; None if that cannot be said now, and nothing follows from it then.

        So it is where a look raises, which is logged.
        """
        ...


Clock = Callable[[], datetime]
