"""The files that a run leaves beside the databases: its log in SQLite, what its steps printed.

Belongs here: finding and deleting them. Does not: which runs are old (`old_rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import dagster as dg
import sqlalchemy as sa
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager

Connecting = Callable[[], AbstractContextManager[sa.Connection]]
_PRINTED: Final = "compute_logs"
"""The folder of what steps printed, in the run's folder."""


def delete_printed(instance: dg.DagsterInstance, run_id: str) -> None:
    """Delete what a run's steps printed, wherever the instance keeps it."""
    manager = instance.compute_log_manager
    manager.delete_logs(prefix=[run_id, _PRINTED])
    if isinstance(manager, LocalComputeLogManager):
        with suppress(OSError):  # what I/O managers keep of a run is beside it, and stays
            Path(manager._base_dir, run_id).rmdir()


def delete_logs(instance: dg.DagsterInstance, run_ids: Iterable[str]) -> None:
    """Delete the SQLite files of runs; a process that has one open keeps what it reads."""
    storage = instance.event_log_storage
    if isinstance(storage, SqliteEventLogStorage):
        for run_id in run_ids:
            for part in _parts(Path(storage.path_for_shard(run_id))):
                part.unlink(missing_ok=True)


def logs_without_run(
    instance: dg.DagsterInstance, known: Collection[str], before: datetime
) -> list[str]:
    """Runs that nobody knows any more, whose SQLite files were written last before a moment.

    Deleting a run in the UI leaves its file, without rows.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return []
    return [
        run_id
        for run_id in storage.get_all_run_ids()
        if run_id not in known
        and Path(storage.path_for_shard(run_id)).stat().st_mtime < before.timestamp()
    ]


def events_of_no_run(instance: dg.DagsterInstance) -> Connecting | None:
    """What opens SQLite's file of the events that were told outside of any run, if there is one.

    It is never deleted: storing goes on in it.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return None
    if not Path(storage.path_for_shard(RUNLESS_RUN_ID)).exists():
        return None
    return partial(storage.run_connection, RUNLESS_RUN_ID)


def size(instance: dg.DagsterInstance) -> int:
    """Bytes of the files of all runs; one that goes meanwhile counts nothing."""
    total = 0
    for file in _all(instance):
        with suppress(FileNotFoundError):
            total += file.stat().st_size
    return total


def _all(instance: dg.DagsterInstance) -> Iterator[Path]:
    storage, manager = instance.event_log_storage, instance.compute_log_manager
    if isinstance(storage, SqliteEventLogStorage):
        for run_id in storage.get_all_run_ids():
            yield from _parts(Path(storage.path_for_shard(run_id)))
    if isinstance(manager, LocalComputeLogManager):
        yield from Path(manager._base_dir).glob(f"*/{_PRINTED}/*")


def _parts(file: Path) -> tuple[Path, Path, Path]:
    return file, Path(f"{file}-wal"), Path(f"{file}-shm")
