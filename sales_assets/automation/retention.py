"""Forgetting old runs every night, for whoever switches it on.

Belongs here: the job and its schedule. Does not: what is old (`instance.retention`).

Without `from __future__ import annotations`: Dagster reads the op's annotations as objects.
"""

from datetime import timedelta

import dagster as dg


def build_pruning_schedule(keep_days: int) -> dg.ScheduleDefinition:
    """Every day at 03:00 UTC; off until somebody turns it on, since it deletes."""

    @dg.op(description=f"Deletes what runs of more than {keep_days} days ago left.")
    def prune_runs(context: dg.OpExecutionContext) -> None:
        from sales_assets.instance.retention import prune  # not for loading the definitions

        pruned = prune(context.instance, timedelta(days=keep_days))
        context.log.info(
            f"of what was before {pruned.horizon:%Y-%m-%d %H:%M} UTC deleted {pruned.events:,} "
            f"events, the logs of {pruned.runs:,} runs, {pruned.records:,} runs altogether; "
            f"{pruned.bytes_before:,} bytes before, {pruned.bytes_after:,} after"
        )

    # In the run's own process wherever assets go to workers.
    @dg.job(name="prune", executor_def=dg.in_process_executor)
    def pruning() -> None:
        prune_runs()

    return dg.ScheduleDefinition(
        name="prune",
        job=pruning,
        cron_schedule="0 3 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=f"Deletes what runs of more than {keep_days} days ago left.",
    )
