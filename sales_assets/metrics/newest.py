"""The newest events of assets, found without reading any other.

Belongs here: the statements. Does not: what an event tells.

Each number is one search in an index, however many events an asset has had: the highest of a kind,
of one asset, and perhaps of one partition.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log.schema import AssetKeyTable, SqlEventLogStorageTable

EVENTS = SqlEventLogStorageTable.c


def newest_ids(
    connection: sa.Connection, kind: dg.DagsterEventType, keys: Collection[dg.AssetKey]
) -> dict[dg.AssetKey, int]:
    """The newest event of a kind, of each asset that has one."""
    texts = {key.to_string(): key for key in keys}
    newest = (
        sa.select(sa.func.max(EVENTS.id))
        .where(
            EVENTS.asset_key == AssetKeyTable.c.asset_key, EVENTS.dagster_event_type == kind.value
        )
        .correlate(AssetKeyTable)
        .scalar_subquery()
    )
    query = sa.select(AssetKeyTable.c.asset_key, newest.label("id"))
    return {
        texts[row.asset_key]: row.id
        for row in connection.execute(query)
        if row.id is not None and row.asset_key in texts
    }


def newest_partition(connection: sa.Connection, key: dg.AssetKey) -> str | None:
    """The highest partition that an asset was materialised for."""
    query = sa.select(sa.func.max(EVENTS.partition)).where(*_materialised(key))
    found: str | None = connection.scalar(query)
    return found


def ids_of_partitions(
    connection: sa.Connection, key: dg.AssetKey, partitions: Sequence[str]
) -> dict[str, int]:
    """The newest materialisation of each of some partitions that has one."""
    newest = [
        sa.select(sa.func.max(EVENTS.id))
        .where(*_materialised(key), EVENTS.partition == partition)
        .scalar_subquery()
        for partition in partitions
    ]
    row: sa.Row[Any] = connection.execute(sa.select(*newest)).one()
    return {
        partition: number
        for partition, number in zip(partitions, row, strict=True)
        if number is not None
    }


def _materialised(key: dg.AssetKey) -> tuple[sa.ColumnElement[bool], ...]:
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION.value
    return EVENTS.asset_key == key.to_string(), EVENTS.dagster_event_type == kind
