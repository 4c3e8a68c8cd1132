"""Asking for days from a command: as backfills, which the daemon carries out.

Belongs here: leaving a backfill for the daemon. Does not: choosing days (`plan`, `commands`).

A backfill and not a run, since the daemon knows in which code location each asset is made now, and
the command need not load any.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.selector import (
    PartitionRangeSelector,
    PartitionsByAssetSelector,
    PartitionsSelector,
)
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.utils import make_new_backfill_id
from dagster._daemon.daemon import BackfillDaemon

from sales_assets.instance.liveness import living_daemons
from sales_assets.partitions import Window


def ask(
    instance: dg.DagsterInstance,
    graph: AssetGraph,
    days: Mapping[dg.AssetKey, Sequence[Window]],
    title: str,
    tags: Mapping[str, str] | None = None,
) -> str:
    """Leave a backfill of assets for their days; its id. Assets with the same days share runs."""
    backfill_id = make_new_backfill_id()
    backfill = PartitionBackfill.from_partitions_by_assets(
        backfill_id=backfill_id,
        asset_graph=graph,
        backfill_timestamp=time.time(),
        tags=dict(tags or {}),
        dynamic_partitions_store=instance,
        partitions_by_assets=[
            PartitionsByAssetSelector(
                asset_key=key, partitions=PartitionsSelector(list(_ranges(windows)))
            )
            for key, windows in days.items()
        ],
        title=title,
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill_id


def _ranges(windows: Iterable[Window]) -> Iterable[PartitionRangeSelector]:
    return (PartitionRangeSelector(window.first_key, window.last_key) for window in windows)


def is_daemon_there(instance: dg.DagsterInstance) -> bool:
    """Whether the part of the daemon that carries backfills out gave a sign of life lately."""
    return BackfillDaemon.daemon_type() in living_daemons(instance)
