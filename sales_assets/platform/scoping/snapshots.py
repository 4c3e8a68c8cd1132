"""Snapshots of jobs and plans, as one person sees them.

Belongs here: the rules for the methods of Dagster's storage of runs that are about snapshots. Does
not: its others (`runs`), or which snapshots are seen (`sight`).
"""

from __future__ import annotations

from dagster._core.snap import JobSnap
from dagster._core.snap.execution_plan_snapshot import ExecutionPlanSnapshot
from dagster._core.storage.runs import RunStorage
from typing_extensions import override

from sales_assets.platform.scoping.sight import Sight


class ScopedSnapshots(RunStorage):
    """Snapshots that a job or a run points to which the person sees."""

    inner: RunStorage
    sight: Sight

    @override
    def has_job_snapshot(self, job_snapshot_id: str) -> bool:
        return self.sight.snapshot(job_snapshot_id) and self.inner.has_job_snapshot(job_snapshot_id)

    @override
    def has_snapshot(self, snapshot_id: str) -> bool:
        return self.sight.snapshot(snapshot_id) and self.inner.has_snapshot(snapshot_id)

    @override
    def has_execution_plan_snapshot(self, execution_plan_snapshot_id: str) -> bool:
        return self.sight.snapshot(
            execution_plan_snapshot_id
        ) and self.inner.has_execution_plan_snapshot(execution_plan_snapshot_id)

    @override
    def get_job_snapshot(self, job_snapshot_id: str) -> JobSnap:
        if not self.sight.snapshot(job_snapshot_id):
            return None  # type: ignore[return-value]  # as the SQL storage does
        snapshot = self.inner.get_job_snapshot(job_snapshot_id)
        if snapshot and snapshot.lineage_snapshot:
            self.sight.found_snapshot(snapshot.lineage_snapshot.parent_snapshot_id)
        return snapshot

    @override
    def get_execution_plan_snapshot(self, execution_plan_snapshot_id: str) -> ExecutionPlanSnapshot:
        if not self.sight.snapshot(execution_plan_snapshot_id):
            return None  # type: ignore[return-value]  # as the SQL storage does
        return self.inner.get_execution_plan_snapshot(execution_plan_snapshot_id)

    @override
    def add_job_snapshot(self, job_snapshot: JobSnap) -> str:
        added = self.inner.add_job_snapshot(job_snapshot)
        self.sight.found_snapshot(added)
        return added

    @override
    def add_execution_plan_snapshot(self, execution_plan_snapshot: ExecutionPlanSnapshot) -> str:
        added = self.inner.add_execution_plan_snapshot(execution_plan_snapshot)
        self.sight.found_snapshot(added)
        return added

    @override
    def add_snapshot(self, snapshot: JobSnap | ExecutionPlanSnapshot) -> None:
        if isinstance(snapshot, JobSnap):
            self.add_job_snapshot(snapshot)
        else:
            self.add_execution_plan_snapshot(snapshot)
