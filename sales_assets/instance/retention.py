"""Deleting what old runs left in the instance, and keeping the state of every partition.

Belongs here: what goes in what order, and how much that is. Does not: which rows are old
(`old_rows`), the drop catalogue, which is of the project and not of Dagster.

`DagsterInstance.delete_run` deletes a run's materialisations too, and so the state of partitions.
Here go: events and check results that later ones have superseded; all other events of runs that
have ended, with their logs; the records of runs to which nothing refers any more; ticks.

Everything is small transactions, so a daemon, a webserver and runs may work meanwhile. A run's
record goes last: after a kill the next call finds what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import dagster as dg
import sqlalchemy as sa
from dagster._core.execution.backfill import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
)
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable
from dagster._core.storage.schedules import SqlScheduleStorage
from dagster._core.storage.schedules.schema import JobTickTable

from sales_assets.errors import UsageError
from sales_assets.instance import old_rows, run_files, space

_ROWS: Final = 1000
"""Rows of one transaction."""
_RUNS: Final = 100
"""Runs that are looked at together."""


@dataclass(frozen=True)
class Pruned:
    """How much was deleted, or would be; of what is older than `horizon`."""

    horizon: datetime
    events: int
    events_before: int
    check_results: int
    runs: int
    """Runs whose logs went."""
    records: int
    """Runs that are forgotten altogether."""
    ticks: int
    bytes_before: int
    bytes_after: int


def prune(instance: dg.DagsterInstance, keep: timedelta, *, dry_run: bool = False) -> Pruned:
    """Delete what is older than `keep`, or with `dry_run` only say how much that is.

    A backfill in progress looks back to where it began: what came after that stays. Runs that
    have not ended are left alone. Raises UsageError if the instance is in another storage than
    SQLite or PostgreSQL.
    """
    return _Pruning(instance, keep, dry_run=dry_run).pruned()


class _Pruning:
    def __init__(self, instance: dg.DagsterInstance, keep: timedelta, *, dry_run: bool) -> None:
        self._instance = instance
        events, runs = instance.event_log_storage, instance.run_storage
        schedules = instance.schedule_storage
        if not (
            isinstance(events, SqlEventLogStorage)
            and isinstance(runs, SqlRunStorage)
            and isinstance(schedules, SqlScheduleStorage)
        ):
            raise UsageError(f"runs cannot be pruned in {type(events).__name__}")
        self._events, self._runs, self._schedules = events, runs, schedules
        self._of_no_run = run_files.events_of_no_run(instance)
        self._dry_run = dry_run
        self._horizon = min([datetime.now(UTC) - keep, *self._begun_backfills()])
        filters = dg.RunsFilter(statuses=NOT_FINISHED_STATUSES)
        self._unfinished = set(instance.get_run_ids(filters))

    def _begun_backfills(self) -> Iterator[datetime]:
        going_on = [s for s in BulkActionStatus if s not in BULK_ACTION_TERMINAL_STATUSES]
        for backfill in self._instance.get_backfills(BulkActionsFilter(statuses=going_on)):
            yield datetime.fromtimestamp(backfill.backfill_timestamp, UTC)

    def pruned(self) -> Pruned:
        before, events_before = self._bytes(), self._count()
        superseded, check_results, needed = self._prune_assets()
        runs, records, logged = self._prune_runs(needed)
        ticks = self._prune_ticks()
        if not self._dry_run:
            self._delete_files_without_run()
            self._give_space_back()
        return Pruned(
            horizon=self._horizon,
            events=superseded + logged,
            events_before=events_before,
            check_results=check_results,
            runs=runs,
            records=records,
            ticks=ticks,
            bytes_before=before,
            bytes_after=self._bytes(),
        )

    def _count(self) -> int:
        with self._events.index_connection() as connection:
            count = sa.select(sa.func.count()).select_from(SqlEventLogStorageTable)
            return connection.scalar(count) or 0

    def _prune_assets(self) -> tuple[int, int, set[str]]:
        """Numbers of superseded events and check results, and the runs that the others are of."""
        with self._events.index_connection() as connection:
            assets = old_rows.asset_keys(connection)
            needed = old_rows.last_runs(connection)
        events = check_results = 0
        for asset in assets:
            with self._events.index_connection() as connection:
                of_events, of_checks = (
                    find(connection, asset, self._horizon, self._unfinished)
                    for find in (old_rows.events_of_asset, old_rows.checks_of_asset)
                )
            needed |= of_events.runs | of_checks.runs
            events += len(of_events.old)
            check_results += len(of_checks.old)
            for ids in _parts(of_events.old):
                self._delete_events(ids)
            for ids in _parts(of_checks.old):
                self._delete(AssetCheckExecutionsTable, ids)
            self._prune_copies(asset)
        return events, check_results, needed

    def _prune_copies(self, asset: str) -> None:
        """SQLite has events of no run in a file of their own, too; by the same rule they go there.

        Nobody asks that file for an asset's state, and they are counted where they are asked for.
        """
        if self._of_no_run is None or self._dry_run:
            return
        with self._of_no_run() as connection:
            found = old_rows.events_of_asset(connection, asset, self._horizon, self._unfinished)
        for ids in _parts(found.old):
            with self._of_no_run() as connection:
                of_ids = old_rows.EVENTS.id.in_(ids)
                connection.execute(SqlEventLogStorageTable.delete().where(of_ids))

    def _prune_runs(self, needed: set[str]) -> tuple[int, int, int]:
        """Numbers of runs whose logs went, of forgotten ones, and of events."""
        cleared = records = events = 0
        with self._runs.connect() as connection:
            needed |= old_rows.lineage_of_the_others(connection, self._horizon)
            pages = list(old_rows.old_runs(connection, self._horizon, _RUNS))
        for page in pages:
            with self._events.index_connection() as connection:
                logged = self._logged(connection, page)
            with self._runs.connect() as connection:
                forgettable = old_rows.forgettable(connection, page, needed)
            cleared += len(logged)
            records += len(forgettable)
            events += sum(logged.values())
            if self._dry_run:
                continue
            for run_id in logged:
                run_files.delete_printed(self._instance, run_id)
            run_files.delete_logs(self._instance, page)
            self._delete_logs(page)
            with self._runs.connect() as connection:
                # SQLite does not cascade here.
                for table in (RunTagsTable, RunsTable):
                    connection.execute(table.delete().where(table.c.run_id.in_(forgettable)))
        return cleared, records, events

    def _logged(self, connection: sa.Connection, run_ids: Sequence[str]) -> dict[str, int]:
        """How many events there are that are of a run alone, by run; only runs that have any."""
        run_id = old_rows.EVENTS.run_id
        of_runs = old_rows.logs_of_runs(run_ids)
        query = sa.select(run_id, sa.func.count().label("number")).where(of_runs).group_by(run_id)
        return {row.run_id: row.number for row in connection.execute(query)}

    def _delete_logs(self, run_ids: Sequence[str]) -> None:
        query = sa.select(old_rows.EVENTS.id).where(old_rows.logs_of_runs(run_ids)).limit(_ROWS)
        while True:
            with self._events.index_connection() as connection:
                ids: list[int] = list(connection.scalars(query))
            if not ids:
                return
            self._delete_events(ids)

    def _delete_events(self, ids: Sequence[int]) -> None:
        if self._dry_run:
            return
        with self._events.index_transaction() as connection:
            of_events = AssetEventTagsTable.c.event_id.in_(ids)
            connection.execute(AssetEventTagsTable.delete().where(of_events))
            connection.execute(SqlEventLogStorageTable.delete().where(old_rows.EVENTS.id.in_(ids)))

    def _delete(self, table: sa.Table, ids: Sequence[int]) -> None:
        if not self._dry_run:
            with self._events.index_transaction() as connection:
                connection.execute(table.delete().where(table.c.id.in_(ids)))

    def _prune_ticks(self) -> int:
        with self._schedules.connect() as connection:
            old = old_rows.old_ticks(connection, self._horizon)
        if not self._dry_run:
            for ids in _parts(old):
                with self._schedules.connect() as connection:
                    of_ticks = JobTickTable.c.id.in_(ids)
                    connection.execute(JobTickTable.delete().where(of_ticks))
        return len(old)

    def _delete_files_without_run(self) -> None:
        with self._runs.connect() as connection:
            known: set[str] = set(connection.scalars(sa.select(old_rows.RUNS.run_id)))
        left = run_files.logs_without_run(self._instance, known, self._horizon)
        run_files.delete_logs(self._instance, left)

    def _databases(self) -> Iterator[tuple[run_files.Connecting, list[sa.Table]]]:
        of_events = [SqlEventLogStorageTable, AssetEventTagsTable, AssetCheckExecutionsTable]
        yield self._events.index_connection, of_events
        if self._of_no_run is not None:
            yield self._of_no_run, of_events
        yield self._runs.connect, [RunsTable, RunTagsTable]
        yield self._schedules.connect, [JobTickTable]

    def _bytes(self) -> int:
        total = run_files.size(self._instance)
        for connecting, tables in self._databases():
            with connecting() as connection:
                total += space.size(connection, tables)
        return total

    def _give_space_back(self) -> None:
        for connecting, tables in self._databases():
            with connecting() as connection:
                space.give_back(connection, tables)


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(ids), _ROWS):
        yield ids[first : first + _ROWS]
