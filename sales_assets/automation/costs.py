"""Making up the costs every hour, or every day where nobody shares the installation.

Belongs here: the schedule, and which days it makes. Does not: what is made (`assets.costs`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    SCHEDULE_NAME_TAG,
)

from sales_assets.assets.costs import last_days
from sales_assets.partitions import DAY, Window

NAME = "costs"
HOURLY, DAILY = "5 * * * *", "30 5 * * *"


def build_costs_schedule(
    costs: dg.AssetsDefinition, partitions: dg.DailyPartitionsDefinition, *, shared: bool
) -> dg.ScheduleDefinition:
    """Every hour where teams share the installation, and their budgets are looked at.

    Every day elsewhere: each run leaves logs, of some 5 MB a day by the hour.
    """
    # In the run's own process wherever assets go to workers.
    job = dg.define_asset_job(
        NAME,
        selection=dg.AssetSelection.assets(*costs.keys),
        executor_def=dg.in_process_executor,
    )

    @dg.schedule(
        name=NAME,
        job=job,
        cron_schedule=HOURLY if shared else DAILY,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Says what was used yesterday, today, and on days that failed before.",
    )
    def again(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        days = due(context.instance, context.scheduled_execution_time.astimezone(UTC))
        window = Window(max(days.start, partitions.start.date()), days.end)
        return dg.RunRequest(
            tags={
                ASSET_PARTITION_RANGE_START_TAG: window.first_key,
                ASSET_PARTITION_RANGE_END_TAG: window.last_key,
            }
        )

    return again


def due(instance: dg.DagsterInstance, now: datetime) -> Window:
    """Yesterday and today, and all since the day before the last one that was made.

    Any fixed number of days would leave behind the first day of a run that failed before midnight,
    and of one that failed in its place.
    """
    days = last_days(now)
    made = dg.RunsFilter(tags={SCHEDULE_NAME_TAG: NAME}, statuses=[dg.DagsterRunStatus.SUCCESS])
    for run in instance.get_runs(made, limit=1):
        last = date.fromisoformat(run.tags[ASSET_PARTITION_RANGE_END_TAG])
        return Window(min(days.start, last - DAY), days.end)
    return days
