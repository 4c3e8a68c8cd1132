"""What waits to be told, since something is away, or was until just now, that may explain it.

Belongs here: which problems wait, and how long. Does not: writing that down (`book`), or what is
away (`services`, `database_away`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sales_assets.alerts.problems import BESIDE, SERVICES, Problem

TOLD_AT_ONCE: Final = frozenset({SERVICES, BESIDE, "parked"})
"""Scopes whose problems never wait: what is asked by itself, or does not mend itself."""


def told_at(
    problem: Problem, others: Iterable[Problem], now: datetime, hold: timedelta
) -> datetime:
    """When a problem of now is told at the soonest.

    `others` are those that are open, and services that were away until just now.
    """
    if problem.scope in TOLD_AT_ONCE:
        return now
    services = (other for other in others if other.scope == SERVICES)
    return now + hold if any(other.may_explain(problem) for other in services) else now
