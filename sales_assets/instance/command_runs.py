"""What a command's run lacks beside one that the UI started: being cancelled, and being missed.

Belongs here: what an interrupt makes of a run, and noticing that a run's process is gone.
Does not: making or carrying out a run (`runs`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.events import RunFailureReason
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from filelock import FileLock, Timeout

COMMAND_TAG = "sales-assets/command"
"""Tag of the runs that a command carries out in its own process."""


@contextmanager
def alive(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Hold the lock that tells others that the run's process lives; it goes with the process."""
    lock = _lock(instance, run_id)
    with lock:
        yield
    Path(lock.lock_file).unlink(missing_ok=True)


def _lock(instance: dg.DagsterInstance, run_id: str) -> FileLock:
    folder = Path(instance.root_directory) / "command_runs"
    folder.mkdir(exist_ok=True)
    return FileLock(folder / f"{run_id}.lock")


def cancel_if_interrupted(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Make a run that Ctrl-C or SIGTERM ended a cancelled one.

    Dagster calls such a run failed, because nobody asked for its end in the UI.
    """
    ended = instance.get_records_for_run(
        run.run_id, of_type=dg.DagsterEventType.PIPELINE_FAILURE
    ).records
    for record in ended:
        event = record.event_log_entry.get_dagster_event()
        if event.job_failure_data.failure_reason is RunFailureReason.UNEXPECTED_TERMINATION:
            instance.report_run_canceled(run, "The command was interrupted.")


class EmbeddedRunLauncher(DefaultRunLauncher):
    """Dagster's own launcher, which also notices that a command's process is gone.

    Without it a run whose command was killed stays started for ever, and the queue, which lets
    one run at a time onto the warehouse, waits for it.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Asked by the daemon's run monitoring."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """FAILED for a command's run whose process is gone; nothing is said of other runs."""
        if COMMAND_TAG in run.tags:
            try:
                with _lock(self._instance, run.run_id).acquire(timeout=0):
                    return CheckRunHealthResult(
                        WorkerStatus.FAILED,
                        "The command's process has ended without a word, as when it is killed. "
                        "What it committed stays; the same command goes on with the rest.",
                    )
            except Timeout:
                pass
        return CheckRunHealthResult(WorkerStatus.RUNNING)
