"""Noticing that a run's process, or the daemon, is gone.

Belongs here: the sign of life of a run, and asking for it and for the daemon's. Does not: how
events are stored (`event_log`) or what the daemon does with a dead run (Dagster's run monitoring).

Why it exists: with Dagster's own launcher a run whose process was killed, or whose machine went
down, stays started for ever. The queue, which lets one run at a time onto the embedded warehouse,
would wait for it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import dagster as dg
from dagster import DagsterEventType, DagsterInstance
from dagster._core.events import DagsterEventBatchMetadata
from dagster._core.events.log import EventLogEntry
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from filelock import FileLock, Timeout

from sales_assets.costs import metering
from sales_assets.instance.event_log import BatchingInstance

ALIVE_SECONDS = 180.0
"""A daemon gives a sign of life every 30 s (Dagster's DEFAULT_HEARTBEAT_INTERVAL_SECONDS); Dagster
itself believes in one for half an hour, so that busy ones are not given up."""
_ENDS = {
    DagsterEventType.RUN_SUCCESS,
    DagsterEventType.RUN_FAILURE,
    DagsterEventType.RUN_CANCELED,
}


class EmbeddedInstance(BatchingInstance):
    """The instance whose processes hold a lock for each run that they execute, and meter it.

    The lock is the operating system's: it goes with the process, however that ends.
    """

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        metering.meter_what_lives_long(self)

    def handle_new_event(
        self, event: EventLogEntry, *, batch_metadata: DagsterEventBatchMetadata | None = None
    ) -> None:
        """Take the run's lock before it counts as started, and free it after it has ended.

        What the run costs is metered from the one to the other.
        """
        metering.before(self, event)
        if event.dagster_event_type is DagsterEventType.RUN_START:
            lock = run_lock(self, event.run_id)
            lock.acquire()
            self._held()[event.run_id] = lock
        super().handle_new_event(event, batch_metadata=batch_metadata)
        metering.after(self, event)
        if event.dagster_event_type in _ENDS and (held := self._held().pop(event.run_id, None)):
            held.release()
            Path(held.lock_file).unlink(missing_ok=True)

    def _held(self) -> dict[str, FileLock]:
        locks: dict[str, FileLock] = self.__dict__.setdefault("_run_locks", {})
        return locks


def run_lock(instance: DagsterInstance, run_id: str) -> FileLock:
    """The lock of a run, which its process holds while it executes it."""
    folder = Path(instance.root_directory) / "running"
    folder.mkdir(exist_ok=True)
    return FileLock(folder / f"{run_id}.lock")


class EmbeddedRunLauncher(DefaultRunLauncher):
    """Dagster's own launcher, which can also say whether a run's process lives."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Asked by the daemon's run monitoring."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """FAILED for a started run whose lock is here and nobody holds it.

        Without a lock the run is one of another machine, of which nothing is known.
        """
        if not _is_gone(self._instance, run.run_id):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(
            WorkerStatus.FAILED,
            "The run's process has ended without a word, as when it is killed. What it "
            "committed stays; running the same days again does the rest.",
        )


def free_slots_of_dead_runs(instance: DagsterInstance) -> None:
    """Give back the places in pools that runs hold which have ended, or whose process is gone.

    The daemon does it too, after a while; a command has no daemon and would wait for ever.
    """
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return
    for run_id in storage.get_concurrency_run_ids():
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished or _is_gone(instance, run_id):
            storage.free_concurrency_slots_for_run(run_id)


def living_daemons(instance: DagsterInstance) -> set[str]:
    """The parts of the daemon that have given a sign of life lately."""
    beats = instance.get_daemon_heartbeats()
    return {part for part, beat in beats.items() if time.time() - beat.timestamp < ALIVE_SECONDS}


def _is_gone(instance: DagsterInstance, run_id: str) -> bool:
    """Whether a run's process was here and is no more."""
    lock = run_lock(instance, run_id)
    if not Path(lock.lock_file).exists():
        return False
    try:
        with lock.acquire(timeout=0):
            return True
    except Timeout:
        return False
