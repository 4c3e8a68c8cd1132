"""Runs that were under way when a backup was made: no process works on them any more.

Belongs here: ending them in an instance that was brought back. Does not: noticing a dead run of
an instance that lives (`instance.liveness`).
"""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from sales_assets.instance.liveness import free_slots_of_dead_runs

_WAITING = {dg.DagsterRunStatus.QUEUED}
"""Nobody has begun with these: the daemon starts them."""


def end_runs(home: Path) -> int:
    """End the runs of the instance in a folder that had begun; how many that were.

    They end as failed, so that whoever repeats failed runs, or tells of them, does so.
    """
    os.environ["DAGSTER_HOME"] = str(home)  # its configuration may name it
    try:
        return _end_runs(home)
    finally:
        del os.environ["DAGSTER_HOME"]  # the folder gets its own name next, or goes


def _end_runs(home: Path) -> int:
    begun = [status for status in NOT_FINISHED_STATUSES if status not in _WAITING]
    with dg.DagsterInstance.from_config(str(home)) as instance:
        runs = instance.get_runs(dg.RunsFilter(statuses=begun))
        for run in runs:
            instance.report_run_failed(
                run,
                "The run was under way when the backup was made that this installation was "
                "restored from. What it had committed is there; `sales-assets materialize "
                "--missing` does the rest.",
            )
        free_slots_of_dead_runs(instance)
    return len(runs)
