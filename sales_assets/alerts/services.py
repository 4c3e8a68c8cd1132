"""What the whole installation leans on, and whether it answers.

Belongs here: looking, and the problem that one is which does not answer. Does not: which services
there are and how each is asked (`asked_services`), or what follows for the alerts of all that
fails meanwhile (`book`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from sales_assets.alerts.asking import failed
from sales_assets.alerts.problems import (
    EVERYTHING,
    SERVICES,
    Change,
    Problem,
    Severity,
    Unknown,
)

WORK: Final = ("run:", "tick:", "check:", "fresh:")
"""Parts of the keys of problems of all that is made."""
AGAIN_SECONDS: Final = 1.0
"""One that refuses is asked once more: a connection may have ended by itself."""


@dataclass(frozen=True)
class Service:
    """Something that the installation leans on; `ask` raises if it does not do its work.

    `what` says that it does not, `explains` which problems that may cause: parts of their keys.
    `through` is the key of the one by which it is asked: while that is away nobody can say.
    """

    key: str
    what: str
    ask: Callable[[], object]
    affects: str
    command: str
    explains: tuple[str, ...] = (EVERYTHING,)
    through: str = ""


class UnaskableError(Exception):
    """What a service is asked through does not answer."""


@dataclass(frozen=True)
class Services:
    """The services of an installation, asked all at once; each for at most `answer_seconds`."""

    services: Sequence[Service]
    answer_seconds: float
    scope: str = SERVICES
    asker: str = ""

    def look(self, now: datetime) -> Sequence[Change]:
        """A problem for each that does not answer, or not in time."""
        asks = {service: partial(asked, service.ask) for service in self.services}
        found = failed(asks, self.answer_seconds)
        away = {service.key for service in found}
        unknown = {service for service in self.services if service.through in away}
        unknown |= {one for one, error in found.items() if isinstance(error, UnaskableError)}
        late = f"no answer within {self.answer_seconds:g} s"
        return [
            Unknown(_key(service))
            if service in unknown
            else replace(
                service_problem(service, str(found[service] or late), now),
                scope=self.scope,
                asker=self.asker,
            )
            for service in {**found, **dict.fromkeys(unknown)}
        ]


def _key(service: Service) -> str:
    return f"service:{service.key}"


def service_problem(service: Service, cause: str, at: datetime) -> Problem:
    """The problem that a service is which does not answer."""
    return Problem(
        key=_key(service),
        scope=SERVICES,
        severity=Severity.ERROR,
        what=service.what,
        cause="\n".join(cause.strip().splitlines()[:5]),
        at=at,
        affects=(service.affects,),
        path="deployment",
        command=service.command,
        explains=service.explains,
    )


def asked(ask: Callable[[], object]) -> None:
    """Ask, and once more if that raises; raises what the second time does."""
    try:
        ask()
    except Exception:  # noqa: BLE001 (what it raises the second time is told)
        time.sleep(AGAIN_SECONDS)
        ask()
