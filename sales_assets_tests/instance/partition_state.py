"""All that Dagster can be asked about the state of assets, partitions and checks.

Belongs here: asking. Does not: any expectation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
)
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

_KINDS = (
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    dg.DagsterEventType.ASSET_OBSERVATION,
)


def state_of(
    instance: dg.DagsterInstance,
    keys: Sequence[dg.AssetKey],
    checks: Sequence[dg.AssetCheckKey],
    partitions: dg.PartitionsDefinition[Any],
    days: Sequence[str],
) -> Mapping[str, Any]:
    """Every answer, by a name; none of them is about a superseded event.

    Some are of one day: `days` are asked for.
    """
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    evaluated = COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
    told: dict[str, Any] = {
        "checks": storage.get_latest_asset_check_execution_by_key(checks),
        "summaries": storage.get_asset_check_summary_records(checks),
        "partitions of checks": storage.get_asset_check_partition_info(checks),
        "evaluated": {
            check: storage.get_asset_check_execution_history(check, 1, status=evaluated)
            for check in checks
        },
        "greatest id": storage.get_maximum_record_id(),
        "assets": [
            (record.asset_entry.asset_key, record.asset_entry.last_run_id, record.storage_id)
            for record in instance.get_asset_records(keys)
        ],
        "last": {
            record.asset_entry.asset_key: record.asset_entry.last_materialization_record
            for record in instance.get_asset_records(keys)
        },
    }
    attempts_of = (
        storage.get_latest_asset_partition_materialization_attempts_without_materializations
    )
    for key in keys:
        materialized = {
            day: storage.fetch_materializations(
                dg.AssetRecordsFilter(key, asset_partitions=[day]), 1
            ).records
            for day in days
        }
        told[key.to_user_string()] = {
            "materialized": instance.get_materialized_partitions(key),
            "last events": materialized,
            "last observation": storage.fetch_observations(key, 1).records,
            "ids": {kind: storage.get_latest_storage_id_by_partition(key, kind) for kind in _KINDS},
            "versions": {
                kind: storage.get_latest_tags_by_partition(key, kind, ["dagster/data_version"])
                for kind in _KINDS
            },
            "attempts": attempts_of(key),
            "planned": [
                storage.get_latest_planned_materialization_info(key, day) for day in [None, *days]
            ],
            "status": instance.get_status_by_partition(key, days, partitions),
            "cached": get_and_update_asset_status_cache_value(instance, key, partitions),
        }
        instance.wipe_asset_cached_status([key])
        told[key.to_user_string()]["counted again"] = get_and_update_asset_status_cache_value(
            instance, key, partitions
        )
    return told
