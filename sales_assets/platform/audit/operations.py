"""Operations as people ask for them: an intent with its outcome.

Belongs here: joining both, choosing some, what an operation without an outcome is called. Does not:
printing (`cli.audit`), or moments as people write them (`moments`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from sales_assets.platform.audit.entries import Outcome
from sales_assets.platform.audit.moments import as_text
from sales_assets.platform.audit.rows import Kind, harmless
from sales_assets.platform.audit.tables import TABLE


class Ended(StrEnum):
    """How an operation ended, or why that is not known."""

    SUCCEEDED = Outcome.SUCCEEDED
    REFUSED = Outcome.REFUSED
    DENIED = Outcome.DENIED
    FAILED = Outcome.FAILED
    UNDER_WAY = "under-way"
    """It began a short while ago."""
    UNKNOWN = "unknown"
    """The process that did it has died: it may be done, or not."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation, in texts that are fit for a terminal."""

    number: str
    time: str
    user: str
    team: str
    address: str
    request_id: str
    operation: str
    target: str
    arguments: str
    outcome: str
    detail: str
    ended: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which operations; those that say nothing choose all."""

    user: str | None = None
    team: str | None = None
    """It, or it among others."""
    operation: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Before this moment."""
    outcome: Ended | None = None
    limit: int | None = None
    """The newest of them."""


_ENDED = TABLE.alias("ended")


def _chosen(wanted: Wanted, long_ago: str) -> sa.Select[tuple[str, ...]]:
    """Intents with their outcomes; without one for long, the outcome is unknown."""
    without = sa.case((TABLE.c.time < long_ago, Ended.UNKNOWN.value), else_=Ended.UNDER_WAY.value)
    outcome = sa.func.coalesce(_ENDED.c.outcome, without)
    found = (
        sa.select(
            TABLE.c.number,
            TABLE.c.time,
            TABLE.c.user_name,
            TABLE.c.team,
            TABLE.c.address,
            TABLE.c.request_id,
            TABLE.c.operation,
            TABLE.c.target,
            TABLE.c.arguments,
            outcome.label("outcome"),
            _ENDED.c.detail,
            _ENDED.c.time.label("ended"),
        )
        .join(_ENDED, _ENDED.c.about == TABLE.c.number, isouter=True)
        .where(TABLE.c.kind == Kind.INTENT)
    )
    for column, value in (
        (TABLE.c.user_name, wanted.user),
        (TABLE.c.operation, wanted.operation),
        (outcome, wanted.outcome and wanted.outcome.value),
    ):
        if value is not None:
            found = found.where(column == value)
    if wanted.team is not None:
        # What touches several teams has them all, with commas between.
        teams = sa.literal(",").concat(TABLE.c.team).concat(",")
        found = found.where(teams.contains(f",{wanted.team},", autoescape=True))
    if wanted.since is not None:
        found = found.where(TABLE.c.time >= as_text(wanted.since))
    if wanted.until is not None:
        found = found.where(TABLE.c.time < as_text(wanted.until))
    return found


def operations(connection: sa.Connection, wanted: Wanted, long_ago: str) -> list[Operation]:
    """The newest operations that are wanted, the newest last."""
    chosen = _chosen(wanted, long_ago).order_by(TABLE.c.number.desc()).limit(wanted.limit)
    found = [
        Operation(*(harmless("" if value is None else str(value)) for value in row))
        for row in connection.execute(chosen)
    ]
    return found[::-1]


def count_by_outcome(connection: sa.Connection, wanted: Wanted, long_ago: str) -> dict[str, int]:
    """How many of the operations that are wanted ended in which way."""
    chosen = _chosen(wanted, long_ago).subquery()
    counted = sa.select(chosen.c.outcome, sa.func.count()).group_by(chosen.c.outcome)
    return {str(row[0]): int(row[1]) for row in connection.execute(counted)}
