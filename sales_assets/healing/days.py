"""What healing is about: days of a source, or of the models, that are not as they should be.

Belongs here: these shapes. Does not: finding such days (`sight`), or what is done (`plan`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import dagster as dg

from sales_assets.partitions import Window

MODELS = "models"
"""The name of the target that is no source: all dbt models."""


@dataclass(frozen=True)
class Target:
    """Assets that are made together for a day: those of a source, or all models."""

    name: str
    team: str
    keys: tuple[dg.AssetKey, ...]
    along: tuple[dg.AssetKey, ...] = ()
    """Assets of the same days that a run of the target makes as well."""
    upstream: tuple[dg.AssetKey, ...] = ()
    """Assets that have to rest before the target is asked for."""
    blocking: tuple[dg.AssetCheckKey, ...] = ()
    """Checks that keep it from being made while one of them has failed."""
    code: str = ""
    """What the assets are made by; with other code, what failed is worth another attempt."""


@dataclass(frozen=True)
class Due:
    """Why a day is not as it should be.

    `cause` is what would have to change for a new attempt to be another one: the drops and the
    contract of a source's day, the code and what lies upstream of a model's. `since` is when it
    came about (POSIX seconds), 0 if nobody knows. A day that is `blocked` is not asked for.
    """

    cause: str
    why: str
    since: float = 0.0
    blocked: str = ""


@dataclass(frozen=True)
class Sight:
    """A target as it is: the days that are due, and those that may be done along with them."""

    due: Mapping[date, Due] = field(default_factory=dict)
    harmless: frozenset[date] = frozenset()


@dataclass(frozen=True)
class Row:
    """What is remembered of a day that is due; times are POSIX seconds."""

    cause: str
    why: str
    seen_at: float
    """When it was first seen to be due for this cause."""
    counted_from: float
    """Runs that were asked for before do not count."""
    ready_at: float
    """When it may be asked for."""
    attempts: int = 0
    tried_at: float = 0.0
    run_id: str = ""
    error: str = ""
    parked_at: float | None = None


@dataclass(frozen=True)
class Outage:
    """When something was away that everything leans on (POSIX seconds)."""

    since: float
    until: float

    def excuses(self, run: Tried) -> bool:
        """Whether a run that failed did so because of it."""
        return not run.succeeded and self.since <= run.ended_at <= self.until


@dataclass(frozen=True)
class Tried:
    """A run that has ended and made the target's days of a window, or was to.

    `root` is the run that it repeats, if Dagster or a person repeated one: together they are one
    attempt. `is_counted`: this attempt has been counted before. `is_excused`: it failed while a
    service was away, and is no attempt.
    """

    run_id: str
    root: str
    created_at: float
    ended_at: float
    window: Window
    succeeded: bool
    error: str = ""
    is_counted: bool = False
    is_excused: bool = False
