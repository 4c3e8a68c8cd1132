"""Events of the landing zone: which drops came, changed or went since they were asked for last.

Belongs here: what the landing sensor needs of whoever tells. Does not: a queue
(`sqs_landing_events`), or bringing the catalogue up to date (`catalogue`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import dagster as dg


@dataclass(frozen=True)
class Events:
    """The files that events name, whatever happened to them, and what is wrong with the rest."""

    files: frozenset[str]
    problems: tuple[str, ...] = ()


class LandingEvents(dg.ConfigurableResource[Any], ABC):
    """Who tells of drops; every `listing_hours` all of them are listed nevertheless."""

    listing_hours: float = 24.0

    @abstractmethod
    def received(self) -> AbstractContextManager[Events | None]:
        """The events that are waiting; they are forgotten when the block ends well, else kept.

        An event may come twice, late, or never. None if nobody tells, and all drops have to be
        listed every time.
        """


class NoLandingEvents(LandingEvents):
    """Nobody tells."""

    def received(self) -> AbstractContextManager[Events | None]:
        """None."""
        return nullcontext(None)
