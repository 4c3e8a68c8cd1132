"""What follows a failed run: one message to whoever is to know.

Belongs here: the hook on failed runs. Does not: how a message travels (`resources.notifier`).

Without `from __future__ import annotations`: Dagster reads the sensor's annotations as objects.
"""

import dagster as dg

from sales_assets.resources.notifier import Notifier


def build_run_failure_sensor() -> dg.SensorDefinition:
    """Tell the notifier of every failed run: which assets, which days, why.

    Not of a run that was interrupted on purpose, which ends as cancelled.
    """

    @dg.run_failure_sensor(
        name="run_failures",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells of every failed run.",
    )
    def run_failures(context: dg.RunFailureSensorContext, notifier: Notifier) -> None:
        run = context.dagster_run
        if run.status is dg.DagsterRunStatus.CANCELED:
            return
        assets = sorted(key.to_user_string() for key in run.asset_selection or ())
        reasons = [
            data.error_display_string
            for event in context.get_step_failure_events()
            if (data := event.step_failure_data)
        ]
        notifier.notify(
            title=f"Run {run.run_id[:8]} failed: {', '.join(assets) or run.job_name}",
            text="\n".join(reasons) or context.failure_event.message or "no reason was recorded",
        )

    return run_failures
