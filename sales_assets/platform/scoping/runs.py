"""Dagster's storage of runs and backfills, as one person sees it.

Belongs here: one rule for each of its methods. Does not: those of backfills (`run_backfills`)
and snapshots (`snapshots`), or who sees which run (`sight`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from dagster._core.errors import DagsterRunNotFoundError
from dagster._core.storage.dagster_run import (
    DagsterRun,
    JobBucket,
    RunPartitionData,
    RunRecord,
    RunsFilter,
    TagBucket,
)
from dagster._core.storage.runs import RunStorage
from dagster._core.storage.runs.schema import RunTagsTable
from dagster._core.storage.tags import CODE_LOCATION_TAG
from dagster._daemon.asset_daemon import (
    _LEGACY_PRE_SENSOR_AUTO_MATERIALIZE_CURSOR_KEY,
    _PRE_SENSOR_ASSET_DAEMON_PAUSED_KEY,
    _PRE_SENSOR_AUTO_MATERIALIZE_CURSOR_KEY,
)
from dagster._daemon.types import DaemonHeartbeat
from dagster_shared.error import SerializableErrorInfo
from dagster_shared.record import copy
from typing_extensions import override

from sales_assets.platform.scoping.closed import (
    RefusedError,
    changed,
    closed,
    passed,
    passed_property,
    refused,
)
from sales_assets.platform.scoping.run_backfills import ScopedBackfills
from sales_assets.platform.scoping.sight import Sight
from sales_assets.platform.scoping.snapshots import ScopedSnapshots
from sales_assets.platform.scoping.sql import sql_run_storage

INHERITED = frozenset({"has_instance", "register_instance"})
_T = TypeVar("_T")
_OPEN_CURSORS = frozenset(
    {
        _PRE_SENSOR_ASSET_DAEMON_PAUSED_KEY,
        _PRE_SENSOR_AUTO_MATERIALIZE_CURSOR_KEY,
        _LEGACY_PRE_SENSOR_AUTO_MATERIALIZE_CURSOR_KEY,
    }
)
"""What the UI asks of the daemon: whether it is paused, and the number of its last evaluation."""
_ERROR_OF_OTHERS = SerializableErrorInfo("An error that only administrators see.", [], None)


def _not_found(message: str, run_id: str) -> DagsterRunNotFoundError:
    return DagsterRunNotFoundError(message, invalid_run_id=run_id)  # type: ignore[no-untyped-call]


def _changes_run(name: str) -> Any:
    return changed(RunStorage, name, Sight.run)


@closed(RunStorage, INHERITED, [ScopedBackfills, ScopedSnapshots])
class ScopedRunStorage(ScopedBackfills, ScopedSnapshots):
    """Runs of the code locations that a person sees, and what hangs on them."""

    def __init__(self, inner: RunStorage, sight: Sight) -> None:
        self.inner = inner
        self.sight = sight

    supports_bucket_queries = passed_property("supports_bucket_queries")
    alembic_version = passed("alembic_version")
    supports_run_telemetry = passed("supports_run_telemetry")

    # Lists of runs: the code locations are part of the query, so that pages are full

    def _filters(self, filters: RunsFilter | None) -> RunsFilter | None:
        """The filters, and that the run is seen; None if no run can be."""
        filters = filters or RunsFilter()
        wanted = filters.tags.get(CODE_LOCATION_TAG)
        wanted = [wanted] if isinstance(wanted, str) else wanted
        seen = self.sight.locations if wanted is None else self.sight.locations & set(wanted)
        if not seen:
            return None
        return copy(filters, tags={**filters.tags, CODE_LOCATION_TAG: sorted(seen)})

    def _list(
        self,
        filters: RunsFilter | None,
        cursor: str | None,
        ask: Callable[[RunsFilter], Sequence[_T]],
    ) -> Sequence[_T]:
        """What a query gives; nothing from a run on that is not seen, as from one that is not."""
        scoped = self._filters(filters)
        if scoped is None or (cursor and not self.sight.run(cursor)):
            return []
        return ask(scoped)

    @override
    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        bucket_by: JobBucket | TagBucket | None = None,
        ascending: bool = False,
    ) -> Sequence[DagsterRun]:
        runs = self._list(
            filters,
            cursor,
            lambda scoped: self.inner.get_runs(scoped, cursor, limit, bucket_by, ascending),
        )
        self.sight.found(runs)
        return runs

    @override
    def get_run_ids(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Sequence[str]:
        return self._list(
            filters, cursor, lambda scoped: self.inner.get_run_ids(scoped, cursor, limit)
        )

    @override
    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
        bucket_by: JobBucket | TagBucket | None = None,
    ) -> Sequence[RunRecord]:
        records = self._list(
            filters,
            cursor,
            lambda scoped: self.inner.get_run_records(
                scoped, limit, order_by, ascending, cursor, bucket_by
            ),
        )
        self.sight.found(record.dagster_run for record in records)
        return records

    @override
    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        scoped = self._filters(filters)
        return self.inner.get_runs_count(scoped) if scoped else 0

    @override
    def get_run_partition_data(self, runs_filter: RunsFilter) -> Sequence[RunPartitionData]:
        return self._list(runs_filter, None, self.inner.get_run_partition_data)

    @override
    def has_run(self, run_id: str) -> bool:
        return self.sight.run(run_id)

    @override
    def get_run_group(self, run_id: str) -> tuple[str, Sequence[DagsterRun]] | None:
        if not self.sight.run(run_id):
            raise _not_found(f"Run {run_id} was not found in instance.", run_id)
        group = self.inner.get_run_group(run_id)
        if group is None:
            return None
        root, runs = group
        seen = self.sight.runs([run.run_id for run in runs])
        if root not in seen:
            raise _not_found(
                f"Run id {root} set as root run id for run {run_id} was not found in instance.",
                root,
            )
        kept = [run for run in runs if run.run_id in seen]
        self.sight.found(kept)
        return root, kept

    # Tags

    def _of_seen_runs(self) -> sa.ColumnElement[bool]:
        """That a tag is of a run that is seen."""
        table = RunTagsTable.alias("of_location")
        return RunTagsTable.c.run_id.in_(
            sa.select(table.c.run_id).where(
                table.c.key == CODE_LOCATION_TAG, table.c.value.in_(sorted(self.sight.locations))
            )
        )

    @override
    def get_run_tags(
        self,
        tag_keys: Sequence[str],
        value_prefix: str | None = None,
        limit: int | None = None,
    ) -> Sequence[tuple[str, set[str]]]:
        columns = RunTagsTable.c.key, RunTagsTable.c.value
        query = (
            sa.select(*columns)
            .where(RunTagsTable.c.key.in_(tag_keys), self._of_seen_runs())
            .distinct()
            .order_by(*columns)
        )
        if value_prefix:
            query = query.where(RunTagsTable.c.value.startswith(value_prefix))
        if limit:
            query = query.limit(limit)
        found: dict[str, set[str]] = defaultdict(set)
        for row in sql_run_storage(self.inner).fetchall(query):
            found[row["key"]].add(row["value"])
        return sorted(found.items())

    @override
    def get_run_tag_keys(self) -> Sequence[str]:
        query = sa.select(RunTagsTable.c.key).where(self._of_seen_runs()).distinct()
        return sorted(row["key"] for row in sql_run_storage(self.inner).fetchall(query))

    # Changes of runs

    @override
    def add_run(self, dagster_run: DagsterRun) -> DagsterRun:
        if not self.sight.location(dagster_run.tags.get(CODE_LOCATION_TAG, "")):
            raise RefusedError("add_run: there is no such code location")
        added = self.inner.add_run(dagster_run)
        self.sight.found([added])
        return added

    handle_run_event = _changes_run("handle_run_event")
    add_run_tags = _changes_run("add_run_tags")
    delete_run = _changes_run("delete_run")
    add_run_telemetry = refused("add_run_telemetry")
    add_historical_run = refused("add_historical_run")

    replace_job_origin = refused("replace_job_origin")

    # Daemons

    @override
    def get_daemon_heartbeats(self) -> Mapping[str, DaemonHeartbeat]:
        """When each daemon was last heard of. Its errors may speak of any team."""
        return {
            kind: beat._replace(errors=[_ERROR_OF_OTHERS] if beat.errors else beat.errors)
            for kind, beat in self.inner.get_daemon_heartbeats().items()
        }

    @override
    def get_cursor_values(self, keys: set[str]) -> Mapping[str, str]:
        if keys - _OPEN_CURSORS:
            raise RefusedError("get_cursor_values is for administrators alone")
        return self.inner.get_cursor_values(keys)

    set_cursor_values = refused("set_cursor_values")
    add_daemon_heartbeat = refused("add_daemon_heartbeat")
    wipe_daemon_heartbeats = refused("wipe_daemon_heartbeats")
    wipe = refused("wipe")
    migrate = refused("migrate")
    optimize = refused("optimize")
    optimize_for_webserver = refused("optimize_for_webserver")
    dispose = refused("dispose")
