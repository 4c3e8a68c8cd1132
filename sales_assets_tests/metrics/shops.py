"""A code location of two teams' assets that can be broken from outside.

Belongs here: the definitions. Does not: any expectation.

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

import os
from datetime import timedelta
from pathlib import Path

import dagster as dg

BROKEN = "METRICS_TEST_BROKEN"
"""The variable that names a file; while it is there, `load` and `watch` fail."""
DAYS = dg.DailyPartitionsDefinition("2020-01-01")


def _fail_if_broken() -> None:
    file = os.environ.get(BROKEN)
    if file and Path(file).exists():
        raise ValueError("broken by a test")


@dg.asset(
    key=["alpha", "till", "revenue"],
    partitions_def=DAYS,
    owners=["team:alpha"],
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=1)),
)
def revenue() -> None:
    return


@dg.asset(
    key=["beta", "raw"],
    owners=["team:beta"],
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(minutes=1)),
)
def raw() -> None:
    return


@dg.asset(key=["beta", "seldom"], owners=["team:beta"])
def seldom() -> None:
    return


@dg.op
def work() -> None:
    _fail_if_broken()


@dg.job(name="load", executor_def=dg.in_process_executor)
def load() -> None:
    work()


@dg.sensor(
    name="watch",
    job=load,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def watch() -> dg.SkipReason:
    _fail_if_broken()
    return dg.SkipReason("nothing new")


@dg.asset(key=["shop", "sales", "revenue"], partitions_def=DAYS)
def in_the_shop() -> None:
    return


@dg.asset(key=["web", "sales", "revenue"], partitions_def=DAYS)
def on_the_web() -> None:
    return


nightly = dg.ScheduleDefinition(name="nightly", job=load, cron_schedule="0 3 * * *")
alpha = dg.Definitions(
    assets=[revenue, raw, seldom], jobs=[load], sensors=[watch], schedules=[nightly]
)
namesakes = dg.Definitions(assets=[in_the_shop, on_the_web])
