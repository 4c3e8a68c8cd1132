"""What runs that have ended left behind.

Belongs here: which steps failed and why, and what a run has not come to. Does not: what follows
from that, for alerts (`alerts.runs`) or for healing (`healing.failed`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.errors import DagsterAssetCheckFailedError
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.tags import ASSET_RESUME_RETRY_TAG, RESUME_RETRY_TAG, ROOT_RUN_ID_TAG

from sales_assets import errors
from sales_assets.instance.event_log import log_of

_PROJECT_ERRORS = {name for name in vars(errors) if name.endswith("Error")}


def failed_steps(instance: dg.DagsterInstance, run_id: str) -> dict[str, bool]:
    """The steps of a run that failed, and whether a blocking check was why."""
    found = {}
    for record in instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records:
        event = record.event_log_entry.get_dagster_event()
        error = event.step_failure_data.error
        is_check = error is not None and error.cls_name == DagsterAssetCheckFailedError.__name__
        found[event.step_key or ""] = is_check
    return found


def failure_numbers(instance: dg.DagsterInstance, run_ids: Collection[str]) -> dict[str, int]:
    """Run -> the number of its last failure in the log of all runs.

    On SQLite the log of a run itself counts by itself, and its numbers compare with no others.
    """
    c = SqlEventLogStorageTable.c
    query = (
        sa.select(c.run_id, sa.func.max(c.id))
        .where(
            c.run_id.in_(list(run_ids)),
            c.dagster_event_type == dg.DagsterEventType.RUN_FAILURE.value,
        )
        .group_by(c.run_id)
    )
    with log_of(instance).index_connection() as connection:
        rows: Sequence[Any] = connection.execute(query).fetchall()
    return dict(rows)


def checks_left(instance: dg.DagsterInstance, run_id: str) -> set[dg.AssetCheckKey]:
    """The checks that a run was to evaluate and has not come to."""

    def events(kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
        records = instance.get_records_for_run(run_id, of_type=kind).records
        return [record.event_log_entry.get_dagster_event() for record in records]

    planned = events(dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED)
    evaluated = events(dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    return {one.asset_check_planned_data.asset_check_key for one in planned} - {
        one.asset_check_evaluation_data.asset_check_key for one in evaluated
    }


def was_resumed(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether what was left of a failed run was brought to its end, by Dagster or a person."""
    record = instance.get_run_record_by_id(run_id)
    if record is None:
        return False
    later = dg.RunsFilter(
        tags={ROOT_RUN_ID_TAG: record.dagster_run.root_run_id or run_id},
        statuses=[dg.DagsterRunStatus.SUCCESS],
        created_after=record.create_timestamp,
    )
    resumed = (RESUME_RETRY_TAG, ASSET_RESUME_RETRY_TAG)
    return any("true" in (one.tags.get(tag) for tag in resumed) for one in instance.get_runs(later))


def failure_reasons(
    instance: dg.DagsterInstance, run: dg.DagsterRun, steps: Collection[str] = ()
) -> list[str]:
    """Why a run failed, for a person: the innermost error of each failed step, or of `steps`.

    Errors of this project say by themselves what to do; of any other the class is told too.
    """
    reasons = []
    for record in instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records:
        event = record.event_log_entry.get_dagster_event()
        if steps and event.step_key not in steps:
            continue
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        message = error.message.strip() if error else event.message or "no reason recorded"
        name, _, rest = message.partition(": ")
        told = rest if name.rsplit(".", 1)[-1] in _PROJECT_ERRORS else message
        if name.endswith(DagsterAssetCheckFailedError.__name__):
            told = "\n".join(_blocking_checks(instance, run, event.step_key)) or told
        reasons.append(f"{(event.step_key or '').replace('__', '/')}: {told}")
    return reasons or [f"run {run.run_id}: {run.status.value.lower()}; the UI shows its events"]


def _blocking_checks(
    instance: dg.DagsterInstance, run: dg.DagsterRun, step_key: str | None
) -> Iterator[str]:
    """What the checks that stopped a step found."""
    for record in instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records:
        event = record.event_log_entry.get_dagster_event()
        found = event.asset_check_evaluation_data
        wrong = not found.passed and found.severity is dg.AssetCheckSeverity.ERROR
        if event.step_key == step_key and wrong and found.blocking is not False:
            days = found.metadata.get("days")
            more = f"\n{days.value}" if days is not None else ""
            yield f"{found.check_name}: {found.description}{more}"
