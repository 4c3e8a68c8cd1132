"""What the audit log is told.

Belongs here: the words of an entry. Does not: keeping them (`log`), or deciding what is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Outcome(StrEnum):
    """How an operation ended."""

    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    """By Dagster, with an error in its answer: what was asked for is not there, say."""
    DENIED = "denied"
    """By the roles."""
    FAILED = "failed"
    """It raised."""


@dataclass(frozen=True)
class Intent:
    """An operation that is about to be done; told before anything is.

    `operation` is a mutation's name, `METHOD /route`, `sign-in`, or `query ...` for code that was
    not run. `target` is what it is about, as short as it can be said (`location:retail`,
    `run:4f..`). `arguments` are all of them: they may hold secrets, so that a log keeps no more
    than a keyed hash, and they are never printed.
    """

    user: str
    team: str | None
    address: str
    request_id: str
    operation: str
    target: str
    arguments: Mapping[str, Any] = field(repr=False)


class Auditor(Protocol):
    """Keeps entries; each call returns when the entry is safe, or raises."""

    def intend(self, intent: Intent) -> int:
        """Keep an intent; its number."""

    def conclude(self, number: int, outcome: Outcome, detail: str = "") -> None:
        """Keep how the intent of this number ended; `detail` has no secrets and is short."""
