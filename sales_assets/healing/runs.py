"""Runs as healing sees them: what waits or works, what has ended and why, and what is dead.

Belongs here: reading Dagster's runs and backfills, and ending runs whose process is gone. Does not:
what follows from them (`plan`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

import dagster as dg
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from sales_assets.healing.days import Target, Tried
from sales_assets.instance.ended_runs import failure_reasons
from sales_assets.instance.liveness import free_slots_of_dead_runs
from sales_assets.instance.runs import ALL_ASSETS_JOB
from sales_assets.partitions import Window

ALL_DAYS = Window(date.min, date.max)
ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_BACKFILLS = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]
_MOST = 500
"""Runs that ended since the last look, of which so many are looked at, the newest."""
_REMEMBERED = timedelta(days=90)
"""How long after a run that failed its days are made again for its sake, unless parked by then."""
_OVERLAP = timedelta(seconds=60)
"""Clocks differ, and what ends at the moment of a look may be recorded after it."""
_LONGEST_ERROR = 1000


@dataclass(frozen=True)
class Dead:
    """A run that counts as working, although its process is gone."""

    run_id: str
    why: str


class Runs:
    """The runs of an instance at a moment, each asked for once."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._open = instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
        self._backfills = instance.get_backfills(BulkActionsFilter(statuses=_BACKFILLS))

    def under_way(self, target: Target) -> list[Window]:
        """The days of a target that waiting or working runs make.

        All days while something upstream is made, or a backfill of the target goes on, since of
        what it is still to ask for there is no run yet.
        """
        own, upstream = set(target.keys), set(target.upstream)
        if any(own & set(backfill.asset_selection or ()) for backfill in self._backfills):
            return [ALL_DAYS]
        others = (run.asset_selection for run in self._open if not _makes(run, own))
        if any(selected and upstream & selected for selected in others):
            return [ALL_DAYS]
        return self.made_now(target)

    def made_now(self, target: Target) -> list[Window]:
        """The days of the runs themselves that are to make something of a target."""
        own = set(target.keys)
        return [window_of(run) or ALL_DAYS for run in self._open if _makes(run, own)]

    def failed(self, target: Target, also: Collection[str] = ()) -> dict[str, Window]:
        """The runs that were to make something of a target and have failed, with their days.

        Those of the last months; of those before only the ones that are named `also`.
        """
        own = set(target.keys)
        old = set(also) - {run.run_id for run in self._failed}
        runs = [*self._failed, *(self._which_failed(run_ids=sorted(old)) if old else ())]
        windows = {run.run_id: window_of(run) for run in runs if _makes(run, own)}
        return {run_id: window for run_id, window in windows.items() if window}

    @cached_property
    def _failed(self) -> Sequence[dg.DagsterRun]:
        return self._which_failed(updated_after=datetime.now(UTC) - _REMEMBERED)

    def _which_failed(self, **which: Any) -> Sequence[dg.DagsterRun]:
        return self._instance.get_runs(
            dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], **which)
        )

    def ended(self, target: Target, days: Collection[date], since: float) -> Iterator[Tried]:
        """The runs of all of a target's assets, for some of these days, that have ended.

        Since a moment (POSIX seconds), or the last day if it is 0.
        """
        after = (
            datetime.fromtimestamp(since, UTC) - _OVERLAP
            if since
            else datetime.now(UTC) - timedelta(days=1)
        )
        records = self._instance.get_run_records(
            dg.RunsFilter(statuses=list(ENDED), updated_after=after),
            limit=_MOST,
            order_by="update_timestamp",
        )
        for record in records:
            run = record.dagster_run
            window = window_of(run)
            selected = run.asset_selection
            if window is None or not _is_of_assets(run):
                continue
            if selected is not None and not selected >= set(target.keys):
                continue
            if not any(day in window for day in days):
                continue
            yield Tried(
                run.run_id,
                run.root_run_id or run.run_id,
                record.create_timestamp.timestamp(),
                record.end_time or record.update_timestamp.timestamp(),
                window,
                run.status is dg.DagsterRunStatus.SUCCESS,
                self._error(run),
            )

    def _error(self, run: dg.DagsterRun) -> str:
        if run.status is dg.DagsterRunStatus.SUCCESS:
            return ""
        if run.status is dg.DagsterRunStatus.CANCELED:
            return "the run was cancelled"
        return "\n".join(failure_reasons(self._instance, run))[:_LONGEST_ERROR]

    def dead(self, patience: float, now: float) -> list[Dead]:
        """Runs whose process is gone for so long that whoever watches runs has not seen it."""
        launcher = self._instance.run_launcher
        if not launcher.supports_check_run_worker_health:
            return []
        found = []
        for run in self._open:
            if run.status is not dg.DagsterRunStatus.STARTED:
                continue
            health = launcher.check_run_worker_health(run)
            if health.status is WorkerStatus.FAILED and self._started(run) < now - patience:
                found.append(Dead(run.run_id, health.msg or "its process is gone"))
        return found

    def _started(self, run: dg.DagsterRun) -> float:
        record = self._instance.get_run_record_by_id(run.run_id)
        return record.start_time or 0.0 if record else 0.0


def _is_of_assets(run: dg.DagsterRun) -> bool:
    """Whether a run makes assets, all of them if it selects none, and is no job of another kind."""
    return run.asset_selection is not None or run.job_name.startswith(ALL_ASSETS_JOB)


def _makes(run: dg.DagsterRun, keys: Collection[dg.AssetKey]) -> bool:
    """Whether a run is to make any of some assets."""
    selected = run.asset_selection
    return _is_of_assets(run) and (selected is None or not selected.isdisjoint(keys))


def end_dead_runs(instance: dg.DagsterInstance, dead: Sequence[Dead]) -> None:
    """Record dead runs as failed, and give back the places in pools that nobody holds any more."""
    for one in dead:
        run = instance.get_run_by_id(one.run_id)
        if run is not None and not run.is_finished:
            instance.report_run_failed(run, one.why)
    free_slots_of_dead_runs(instance)


def window_of(run: dg.DagsterRun) -> Window | None:
    """The days of a run, from its tags; None for one without."""
    first = run.tags.get(ASSET_PARTITION_RANGE_START_TAG) or run.tags.get(PARTITION_NAME_TAG)
    last = run.tags.get(ASSET_PARTITION_RANGE_END_TAG) or run.tags.get(PARTITION_NAME_TAG)
    try:
        return Window.of_keys(first, last) if first and last else None
    except ValueError:  # partitions of another kind, which are none of ours
        return None
