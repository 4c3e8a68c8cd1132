"""Publishing the head of the audit log every night.

Belongs here: the job and its schedule. Does not: what is published (`assets.audit_head`).
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg


def build_audit_schedules(assets: Sequence[dg.AssetsDefinition]) -> list[dg.ScheduleDefinition]:
    """Every day at 00:30 UTC; none without the asset."""
    if not assets:
        return []
    # In the run's own process wherever assets go to workers: those need no key of the log.
    job = dg.define_asset_job(
        "audit_head",
        selection=dg.AssetSelection.assets(*assets),
        executor_def=dg.in_process_executor,
    )
    return [
        dg.ScheduleDefinition(
            name="audit_head",
            job=job,
            cron_schedule="30 0 * * *",
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Verifies the audit log and publishes its head.",
        )
    ]
