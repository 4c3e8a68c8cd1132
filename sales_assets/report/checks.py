"""What the asset checks said last, as plain values.

Belongs here: outcomes, and which of them come first. Does not: reading them from Dagster
(`check_results`), or what a check looks at (`sales_assets.checks`, dbt_project).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """How a check ended; the worst first."""

    FAILED = "failed"
    WARNED = "warns"
    NOT_RUN = "not run"
    """It has never been looked at, or the last run that meant to look at it ended before."""
    TO_COME = "still to come"
    """The run that made the page looks at it after the page."""
    PASSED = "passed"

    @property
    def rank(self) -> int:
        """Its place, from 0, the worst."""
        return list(Outcome).index(self)

    @property
    def settled(self) -> bool:
        """Whether nobody has to look at it."""
        return self in {Outcome.PASSED, Outcome.TO_COME}


@dataclass(frozen=True)
class Checked:
    """The last result of one check."""

    asset: str
    """The asset's key, as `marts/daily_revenue`."""
    name: str
    outcome: Outcome
    at: datetime | None
    """When it was looked at, in UTC; None if it never was."""
    said: str
    """What it found, or what it looks at if it says nothing."""
