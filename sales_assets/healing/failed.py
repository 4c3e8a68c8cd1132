"""Days whose last run has failed, although they may be as their drops are.

Belongs here: finding them in the event log. Does not: days that are older than what they are made
from (`sight`), or which runs have failed (`runs`).

A run can fail in the queue, behind another one that has just made its days from the same drops; a
process can die after it has made all, before its checks. Nothing is missing then, yet the UI shows
a failed day, or a check that has never come to its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster import DagsterEventType
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable

from sales_assets.healing.days import Target
from sales_assets.instance.ended_runs import checks_left, failed_steps, was_resumed
from sales_assets.instance.event_log import log_of
from sales_assets.partitions import Window

FAILED, CHECKS_LEFT = "its last run failed", "its last run did not come to its checks"
"""Why such days are due; nothing is missing, so that only healing's look knows of them."""
_TABLE = SqlEventLogStorageTable
_c = _TABLE.c
_PLANNED, _MADE = (
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
    DagsterEventType.ASSET_MATERIALIZATION.value,
)


def failed_days(
    instance: dg.DagsterInstance, target: Target, failed: Mapping[str, Window]
) -> Mapping[date, str]:
    """Day -> how the last run failed that was to make something of a target, or along with it.

    `failed` are the runs of the target that have failed, with their days. Each leaves the days that
    nobody has made since it was asked for, as Dagster counts too; one that has not come to all the
    target's checks leaves all its days.
    """
    if not failed:
        return {}
    found: dict[date, str] = {}
    made: dict[str, set[date]] = {}
    for row in _last_asked_for(instance, target, failed):
        day = date.fromisoformat(row.partition)
        if row.made < row.planned:
            found[day] = FAILED
        else:
            made.setdefault(row.run_id, set()).add(day)
    for run_id, days in made.items():
        if days - found.keys() and _has_left_checks(instance, run_id, target):
            found |= dict.fromkeys(days - found.keys(), CHECKS_LEFT)
    return found


def _last_asked_for(
    instance: dg.DagsterInstance, target: Target, failed: Mapping[str, Window]
) -> list[sa.Row[Any]]:
    """The assets and days that were last asked for by one of these runs.

    Columns: partition, run_id, and the numbers of the last request and the last making (or 0).
    """

    def newest(kind: str) -> sa.ColumnElement[int]:
        return sa.func.max(sa.case((_c.dagster_event_type == kind, _c.id), else_=0))

    keys = [key.to_string() for key in (*target.keys, *target.along)]
    first = min(window.first_key for window in failed.values())
    last = max(window.last_key for window in failed.values())
    latest = (
        sa.select(
            newest(_PLANNED).label("planned"),
            newest(_MADE).label("made"),
        )
        .where(
            _c.asset_key.in_(keys),
            _c.dagster_event_type.in_([_PLANNED, _MADE]),
            _c.partition.between(first, last),
        )
        .group_by(_c.asset_key, _c.partition)
        .subquery()
    )
    query = (
        sa.select(latest.c.planned, latest.c.made, _c.partition, _c.run_id)
        .join(_TABLE, _c.id == latest.c.planned)
        .where(_c.run_id.in_(list(failed)))
    )
    with log_of(instance).index_connection() as connection:
        return list(connection.execute(query))


def _has_left_checks(instance: dg.DagsterInstance, run_id: str, target: Target) -> bool:
    """Whether a run has never come to some check of a target that it was to evaluate.

    Not if a blocking check kept it from that, which has done what it is there for.
    """
    if any(failed_steps(instance, run_id).values()):
        return False
    left = {check.asset_key for check in checks_left(instance, run_id)}
    return bool(left & set(target.keys)) and not was_resumed(instance, run_id)
