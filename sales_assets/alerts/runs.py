"""What a failed run was to make, and whether that was made since.

Belongs here: both. Does not: noticing that a run failed (`events`).

A failure is that of the steps that failed, on the days of the run. It has recovered when all assets
of these steps were materialised for these days since the run was asked for, some of them after it
or by another run: one that fails in the queue may be behind another one that made its days. Or when
a run that died had left nothing undone, or what it left was brought to its end. A job without
assets has when the same steps have run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import dagster as dg
import sqlalchemy as sa
from dagster import DagsterEventType
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    WILL_RETRY_TAG,
)

from sales_assets.alerts.known_assets import KnownAssets, Whose
from sales_assets.alerts.problems import Mended, Problem, Severity, Work, told_command
from sales_assets.instance.ended_runs import (
    checks_left,
    failed_steps,
    failure_reasons,
    was_resumed,
)
from sales_assets.instance.runs import ALL_ASSETS_JOB
from sales_assets.report.links import run_path

_MOST_RUNS = 20
"""Later runs of a job that are looked at."""
_SHOWN = 3
_c = SqlEventLogStorageTable.c
_Names = tuple[str, ...]


class _Made(NamedTuple):
    """Whether all days were made, and whether any after the failure, or by another run for it."""

    all_days: bool
    again: bool


@dataclass(frozen=True)
class Runs:
    """The runs of an instance."""

    instance: dg.DagsterInstance
    storage: SqlEventLogStorage
    assets: KnownAssets

    def failures(self, number: int, entry: EventLogEntry, at: datetime) -> list[Problem]:
        """The problems of a run's failure: one for whoever owns what failed.

        None if it was ended on purpose, or if blocking checks alone failed it: they are problems
        themselves. What is tried again by itself is a warning.
        """
        run = self.instance.get_run_by_id(entry.run_id)
        if run is None:
            return []
        if run.status is dg.DagsterRunStatus.CANCELED:
            return []
        steps = failed_steps(self.instance, run.run_id)
        if steps and all(steps.values()):
            return []
        whole = self._work(run, sorted(steps), number, at)
        return [
            self._problem(run, replace(whole, assets=assets, steps=of_owner), owner)
            for owner, (of_owner, assets) in self._by_owner(run, whole).items()
        ]

    def _problem(self, run: dg.DagsterRun, work: Work, owner: Whose) -> Problem:
        days = _days(work)
        cause = "\n".join(failure_reasons(self.instance, run, work.steps))
        will_retry = run.tags.get(WILL_RETRY_TAG) == "true"
        return Problem(
            key=f"run:{' '.join(work.assets or (work.job, *work.steps))}:{days}",
            scope="runs",
            severity=Severity.WARNING if will_retry else Severity.ERROR,
            what=f"{_named(work)} failed{f' for {days}' if days else ''}",
            cause=cause + ("\nIt is tried again by itself." if will_retry else ""),
            at=datetime.fromtimestamp(work.failed_at, UTC),
            occurrence=str(work.failed),
            team=owner.team or run.tags.get("team"),
            source=owner.source,
            affects=self.assets.affected(work.assets),
            path=run_path(run.run_id),
            command=told_command(cause) or _command(work, owner.source),
            work=work,
        )

    def _by_owner(self, run: dg.DagsterRun, work: Work) -> dict[Whose, tuple[_Names, _Names]]:
        """Owner -> their steps that failed, and the assets of these.

        If no step failed, the process died: then what it had not made by then, if there is any.
        """
        planned = [
            _c.run_id == run.run_id,
            _c.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
        ]
        with self.storage.index_connection() as connection:
            rows = connection.execute(
                sa.select(_c.step_key, _c.asset_key).distinct().where(*planned)
            ).fetchall()
        of_run = {(row.step_key, _asset(row.asset_key)) for row in rows if row.asset_key}
        if work.steps:
            planned_by = {(step, asset) for step, asset in of_run if step in work.steps}
        else:
            left = {(step, asset) for step, asset in of_run if not self._made(asset, work).all_days}
            planned_by = left or of_run
        owned: defaultdict[Whose, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
        for step, asset in planned_by:
            steps, assets = owned[self.assets.owner([asset])]
            steps.add(step)
            assets.add(asset)
        without = set(work.steps) - {step for step, _ in planned_by}
        if without or not owned:
            owned[Whose()][0].update(without)
        return {
            owner: (tuple(sorted(steps)) if work.steps else (), tuple(sorted(assets)))
            for owner, (steps, assets) in sorted(owned.items(), key=lambda item: str(item[0]))
        }

    def mended(self, problem: Problem) -> Mended | None:
        """Whether what a run was to make was made since."""
        work = problem.work
        assert work is not None
        if work.assets:
            made = [self._made(asset, work) for asset in work.assets]
            is_made = all(one.all_days for one in made) and (
                all(one.again for one in made) or self._has_left_nothing(work)
            )
            is_made = is_made or was_resumed(self.instance, work.run)
        else:
            is_made = self._ran_again(work)
        if not is_made:
            return None
        return Mended(problem.key, "it was made since" if work.assets else "a later run succeeded")

    def _work(self, run: dg.DagsterRun, steps: list[str], number: int, at: datetime) -> Work:
        planned = [
            _c.run_id == run.run_id,
            _c.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
        ]
        of_steps = [*planned, _c.step_key.in_(steps)] if steps else planned
        with self.storage.index_connection() as connection:
            began = connection.scalar(sa.select(sa.func.min(_c.id)).where(_c.run_id == run.run_id))
            keys: Sequence[str] = connection.scalars(
                sa.select(_c.asset_key).distinct().where(*of_steps)
            ).all()
            span: Any = connection.execute(
                sa.select(
                    sa.func.min(_c.partition),
                    sa.func.max(_c.partition),
                    sa.func.count(_c.partition.distinct()),
                ).where(*of_steps)
            ).one()
        (first, last, count), tags = span, run.tags
        return Work(
            run=run.run_id,
            assets=tuple(sorted(_asset(key) for key in keys if key)),
            first=first
            or tags.get(ASSET_PARTITION_RANGE_START_TAG)
            or tags.get(PARTITION_NAME_TAG),
            last=last or tags.get(ASSET_PARTITION_RANGE_END_TAG) or tags.get(PARTITION_NAME_TAG),
            partitions=count,
            job=run.job_name,
            steps=tuple(steps),
            began=(began or number) - 1,
            failed=number,
            failed_at=at.timestamp(),
        )

    def _made(self, asset: str, work: Work) -> _Made:
        """What of an asset's days in a run was made since the run was asked for."""
        where = [
            _c.asset_key == dg.AssetKey.from_user_string(asset).to_string(),
            _c.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION.value,
            _c.id > work.began,
        ]
        if work.partitions:
            where.append(_c.partition.between(work.first, work.last))
        is_own = (_c.run_id == work.run) & (_c.id <= work.failed)

        def days(which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
            return sa.func.count(sa.case((which, sa.func.coalesce(_c.partition, ""))).distinct())

        with self.storage.index_connection() as connection:
            found: Any = connection.execute(
                sa.select(
                    days(sa.true()), days(is_own), days(_c.id > work.failed), days(~is_own)
                ).where(*where)
            ).one()
        all_days, own, later, others = found
        wanted = max(1, work.partitions)
        # What it had made itself, others have not made for it.
        return _Made(all_days >= wanted, bool(later) or (own < wanted and bool(others)))

    def _has_left_nothing(self, work: Work) -> bool:
        """Whether a run that died had come to the checks of all that it has made."""
        if work.steps or not work.run:
            return False
        left = checks_left(self.instance, work.run)
        return not any(check.asset_key.to_user_string() in work.assets for check in left)

    def _ran_again(self, work: Work) -> bool:
        """Whether a later run of the job succeeded in which these steps ran."""
        later = dg.RunsFilter(
            job_name=work.job,
            statuses=[dg.DagsterRunStatus.SUCCESS],
            created_after=datetime.fromtimestamp(work.failed_at, UTC),
        )
        for run in self.instance.get_runs(later, limit=_MOST_RUNS, ascending=True):
            ran = self.instance.get_run_step_stats(run.run_id)
            if set(work.steps) <= {one.step_key for one in ran}:
                return True
        return False


def _asset(text: str) -> str:
    key = dg.AssetKey.from_db_string(text)
    assert key is not None
    return key.to_user_string()


def _named(work: Work) -> str:
    if not work.assets and work.job == ALL_ASSETS_JOB:  # a run of checks alone
        return ", ".join(step.replace("__", "/") for step in work.steps) or "a run of checks"
    if not work.assets:
        return " ".join([f"the job {work.job}", *work.steps])
    shown = ", ".join(work.assets[:_SHOWN])
    more = len(work.assets) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _days(work: Work) -> str:
    if work.first is None:
        return ""
    return work.first if work.first == work.last else f"{work.first} to {work.last}"


def _command(work: Work, source: str | None) -> str:
    if not work.assets and work.job == ALL_ASSETS_JOB:
        return "the button of the failed run in the UI"
    if not work.assets:
        return f"dagster job launch -j {work.job}, or the button of the failed run in the UI"
    if source is None:
        return "sales-assets materialize --missing"
    name = source.partition("/")[2]
    days = f" --from {work.first} --to {work.last}" if work.first else " --missing"
    return f"sales-assets materialize --source {name}{days}"
