"""Reading from Dagster's instance what the asset checks said last.

Belongs here: the one query, and its records as plain values. Does not: what they are (`checks`), or
how they are shown (`trust`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from sales_assets.report.checks import Checked, Outcome

_PLANNED = AssetCheckExecutionRecordStatus.PLANNED


def read_checks(
    instance: dg.DagsterInstance, specs: Sequence[dg.AssetCheckSpec], run_id: str
) -> list[Checked]:
    """The last result of every check; `run_id` is the run that reads them.

    A run that means to look at a check takes the place of the result before, in Dagster's UI too:
    what is under way, in `run_id` or another run, is still to come, and what a run that ended left
    open was not run.
    """
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [spec.key for spec in specs]
    )
    open_in = {r.run_id for r in latest.values() if r.status is _PLANNED} - {run_id}
    going = {run_id}
    if open_in:
        unfinished = dg.RunsFilter(run_ids=list(open_in), statuses=list(NOT_FINISHED_STATUSES))
        going |= {record.dagster_run.run_id for record in instance.get_run_records(unfinished)}
    return [_checked(spec, latest.get(spec.key), going) for spec in specs]


def _checked(
    spec: dg.AssetCheckSpec, record: AssetCheckExecutionRecord | None, going: Collection[str]
) -> Checked:
    outcome, at, said = Outcome.NOT_RUN, None, ""
    if record is not None and record.status is not _PLANNED:
        evaluation = record.evaluation
        assert evaluation is not None
        at, said = _moment(record), evaluation.description or ""
        if evaluation.passed:
            outcome = Outcome.PASSED
        elif evaluation.severity is dg.AssetCheckSeverity.WARN:
            outcome = Outcome.WARNED
        else:
            outcome = Outcome.FAILED
    elif record is not None and record.run_id in going:
        outcome = Outcome.TO_COME
    elif record is not None:
        said = f"A run of {_moment(record):%Y-%m-%d %H:%M} UTC has not looked at it."
    return Checked(
        asset=spec.asset_key.to_user_string(),
        name=spec.name,
        outcome=outcome,
        at=at,
        said=said or spec.description or "",
    )


def _moment(record: AssetCheckExecutionRecord) -> datetime:
    """When the record's event happened; the row itself may be from before, when it was planned."""
    timestamp = record.event.timestamp if record.event else record.create_timestamp
    return datetime.fromtimestamp(timestamp, UTC)
