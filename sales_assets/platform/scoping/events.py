"""Dagster's storage of events, assets, dynamic partitions and pools, as one person sees it.

Belongs here: one rule for each of its methods. Does not: those of checks and pools (`checks`,
`pools`), or who sees which asset or run (`sight`).

An event of an open team's asset is open, whoever's run wrote it: teams.yaml gives each key to one
team, and no other's definitions may make it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.event_api import (
    AssetRecordsFilter,
    EventLogRecord,
    EventRecordsFilter,
    EventRecordsResult,
)
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.execution.stats import build_run_stats_from_events
from dagster._core.storage.event_log import EventLogStorage
from dagster._core.storage.event_log.base import (
    AssetEventSummaryRecord,
    AssetRecord,
    EventLogConnection,
)
from dagster._core.types.pagination import PaginatedResults
from typing_extensions import override

from sales_assets.platform.scoping.checks import ScopedChecks
from sales_assets.platform.scoping.closed import (
    RefusedError,
    asked,
    changed,
    closed,
    narrowed,
    passed,
    passed_property,
    refused,
)
from sales_assets.platform.scoping.pools import ScopedPools
from sales_assets.platform.scoping.sight import RUNLESS, Sight

if TYPE_CHECKING:
    from dagster._core.event_api import AssetEventType
    from dagster._core.events.log import EventLogEntry
    from dagster._core.storage.dagster_run import DagsterRunStatsSnapshot

INHERITED = frozenset(
    {
        "get_asset_check_state",
        "get_asset_status_cache_values",
        "get_latest_materialization_storage_ids",
        "get_logs_for_run",
        "has_instance",
        "register_instance",
        "store_event_batch",
    }
)


def _of(name: str, seen: Any, hidden: Any) -> Any:
    return asked(EventLogStorage, name, seen, hidden)


def _of_each(name: str, seen: Any, hidden: Any) -> Any:
    return narrowed(EventLogStorage, name, seen, hidden)


def _changes(name: str, seen: Any) -> Any:
    return changed(EventLogStorage, name, seen)


def _no_records() -> EventRecordsResult:
    return EventRecordsResult(records=[], cursor="", has_more=False)


def _records(sight: Sight, asked_for: dg.AssetKey | AssetRecordsFilter) -> bool:
    return sight.key(
        asked_for.asset_key if isinstance(asked_for, AssetRecordsFilter) else asked_for
    )


@closed(EventLogStorage, INHERITED, [ScopedChecks, ScopedPools])
class ScopedEventLogStorage(ScopedChecks, ScopedPools):
    """Events, assets, checks, partitions and pools that a person sees."""

    def __init__(self, inner: EventLogStorage, sight: Sight) -> None:
        self.inner = inner
        self.sight = sight

    # What the storage can do, and figures that are no team's

    alembic_version = passed("alembic_version")
    asset_records_have_last_observation = passed_property("asset_records_have_last_observation")
    asset_records_have_last_planned_and_failed_materializations = passed_property(
        "asset_records_have_last_planned_and_failed_materializations"
    )
    can_read_asset_status_cache = passed("can_read_asset_status_cache")
    can_store_asset_failure_events = passed_property("can_store_asset_failure_events")
    can_write_asset_status_cache = passed("can_write_asset_status_cache")
    default_run_scoped_event_tailer_offset = passed("default_run_scoped_event_tailer_offset")
    get_asset_tags_to_index = passed("get_asset_tags_to_index")
    get_maximum_record_id = passed("get_maximum_record_id")
    get_pool_config = passed("get_pool_config")
    handles_run_events_in_store_event = passed_property("handles_run_events_in_store_event")
    has_bounded_dynamic_partition_membership_query = passed_property(
        "has_bounded_dynamic_partition_membership_query"
    )
    is_persistent = passed_property("is_persistent")
    is_run_sharded = passed_property("is_run_sharded")
    supports_asset_checks = passed_property("supports_asset_checks")
    supports_global_concurrency_limits = passed_property("supports_global_concurrency_limits")
    supports_partition_subset_in_asset_materialization_planned_events = passed_property(
        "supports_partition_subset_in_asset_materialization_planned_events"
    )
    supports_run_status_change_job_name_filter = passed_property(
        "supports_run_status_change_job_name_filter"
    )

    # Events of a run

    @override
    def get_records_for_run(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: DagsterEventType | set[DagsterEventType] | None = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> EventLogConnection:
        if not self.sight.run(run_id):
            return EventLogConnection([], cursor or "", False)
        return self.inner.get_records_for_run(run_id, cursor, of_type, limit, ascending)

    @override
    def get_stats_for_run(self, run_id: str) -> DagsterRunStatsSnapshot:
        if not self.sight.run(run_id):
            return build_run_stats_from_events(run_id, [])
        return self.inner.get_stats_for_run(run_id)

    get_asset_partitions_for_run = _of("get_asset_partitions_for_run", Sight.run, dict)
    get_asset_keys_for_run = _of("get_asset_keys_for_run", Sight.run, set)
    get_step_stats_for_run = _of("get_step_stats_for_run", Sight.run, list)
    watch = _of("watch", Sight.run, lambda: None)
    end_watch = _of("end_watch", Sight.run, lambda: None)
    delete_events = _changes("delete_events", Sight.run)

    @override
    def store_event(self, event: EventLogEntry) -> None:
        if event.run_id == RUNLESS:
            seen = self._is_of_something_seen(event.dagster_event)
        else:
            seen = self.sight.run(event.run_id)
        if not seen:
            raise RefusedError("store_event: there is no such run or asset")
        self.inner.store_event(event)

    def _is_of_something_seen(self, event: DagsterEvent | None) -> bool:
        """Whether an event without a run is of an asset, or a check, that is seen."""
        if event is None:
            return False
        if event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION:
            return self.sight.check(event.asset_check_evaluation_data.asset_check_key)
        return event.asset_key is not None and self.sight.key(event.asset_key)

    # Events of an asset

    fetch_materializations = _of("fetch_materializations", _records, _no_records)
    fetch_failed_materializations = _of("fetch_failed_materializations", _records, _no_records)
    fetch_observations = _of("fetch_observations", _records, _no_records)
    fetch_run_status_changes = refused("fetch_run_status_changes")
    get_logs_for_all_runs_by_log_id = refused("get_logs_for_all_runs_by_log_id")

    @override
    def get_event_records(
        self,
        event_records_filter: EventRecordsFilter,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[EventLogRecord]:
        key = event_records_filter.asset_key
        if key is None:
            raise RefusedError("get_event_records of all assets is for administrators alone")
        if not self.sight.key(key):
            return []
        return self.inner.get_event_records(event_records_filter, limit, ascending)

    @override
    def get_asset_event_summary_records(
        self,
        event_type: AssetEventType,
        asset_key: dg.AssetKey | None = None,
        run_id: str | None = None,
        *args: Any,
        **named: Any,
    ) -> Sequence[AssetEventSummaryRecord]:
        if asset_key is None and run_id is None:
            raise RefusedError("events of all assets are for administrators alone")
        if run_id is not None and not self.sight.run(run_id):
            return []
        if asset_key is not None and not self.sight.key(asset_key):
            return []
        return self.inner.get_asset_event_summary_records(
            event_type, asset_key, run_id, *args, **named
        )

    # Assets

    @override
    def all_asset_keys(self) -> Sequence[dg.AssetKey]:
        return self.sight.keys(self.inner.all_asset_keys())

    @override
    def get_asset_keys(
        self,
        prefix: Sequence[str] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Sequence[dg.AssetKey]:
        """Page by page, until there are as many that are seen as were asked for."""
        if limit is None:
            return self.sight.keys(self.inner.get_asset_keys(prefix, None, cursor))
        seen: list[dg.AssetKey] = []
        while len(seen) < limit and (page := self.inner.get_asset_keys(prefix, limit, cursor)):
            seen += self.sight.keys(page)
            cursor = page[-1].to_string()
        return seen[:limit]

    @override
    def get_asset_records(
        self, asset_keys: Sequence[dg.AssetKey] | None = None
    ) -> Sequence[AssetRecord]:
        keys = self.all_asset_keys() if asset_keys is None else self.sight.keys(asset_keys)
        return self.inner.get_asset_records(keys) if keys else []

    @override
    def get_latest_materialization_events(self, asset_keys: Any) -> Mapping[dg.AssetKey, Any]:
        keys = self.sight.keys(asset_keys)
        return self.inner.get_latest_materialization_events(keys) if keys else {}

    has_asset_key = _of("has_asset_key", Sight.key, lambda: False)
    get_event_tags_for_asset = _of("get_event_tags_for_asset", Sight.key, list)
    get_freshness_state_records = _of_each("get_freshness_state_records", Sight.keys, dict)
    get_latest_asset_partition_materialization_attempts_without_materializations = _of(
        "get_latest_asset_partition_materialization_attempts_without_materializations",
        Sight.key,
        dict,
    )
    get_latest_planned_materialization_info = _of(
        "get_latest_planned_materialization_info", Sight.key, lambda: None
    )
    get_latest_storage_id_by_partition = _of("get_latest_storage_id_by_partition", Sight.key, dict)
    get_latest_tags_by_partition = _of("get_latest_tags_by_partition", Sight.key, dict)
    get_materialized_partitions = _of("get_materialized_partitions", Sight.key, set)
    get_updated_data_version_partitions = _of("get_updated_data_version_partitions", Sight.key, set)
    update_asset_cached_status_data = _changes("update_asset_cached_status_data", Sight.key)
    wipe_asset = _changes("wipe_asset", Sight.key)
    wipe_asset_cached_status = _changes("wipe_asset_cached_status", Sight.key)
    wipe_asset_partitions = _changes("wipe_asset_partitions", Sight.key)

    # Dynamic partitions

    get_dynamic_partitions = _of("get_dynamic_partitions", Sight.dynamic_partitions, list)
    get_paginated_dynamic_partitions = _of(
        "get_paginated_dynamic_partitions",
        Sight.dynamic_partitions,
        lambda: PaginatedResults[str](results=[], cursor="", has_more=False),
    )
    has_dynamic_partition = _of("has_dynamic_partition", Sight.dynamic_partitions, lambda: False)
    get_existing_dynamic_partitions = _of(
        "get_existing_dynamic_partitions", Sight.dynamic_partitions, set
    )
    add_dynamic_partitions = _changes("add_dynamic_partitions", Sight.dynamic_partitions)
    delete_dynamic_partition = _changes("delete_dynamic_partition", Sight.dynamic_partitions)

    reindex_events = refused("reindex_events")
    reindex_assets = refused("reindex_assets")
    upgrade = refused("upgrade")
    wipe = refused("wipe")
    optimize_for_webserver = refused("optimize_for_webserver")
    dispose = refused("dispose")
