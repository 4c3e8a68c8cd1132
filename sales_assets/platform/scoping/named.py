"""What a code location names: asset keys, pools, dynamic partitions, schedules, notebooks.

Belongs here: reading it from the definitions that a code location has sent, once for each load.
Does not: who may know of it (`sight`, `foreign_names`).
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Iterator
from functools import cached_property

import dagster as dg
from dagster._core.definitions.metadata.metadata_value import NotebookMetadataValue
from dagster._core.definitions.partitions.snap import (
    DynamicPartitionsSnap,
    MultiPartitionsSnap,
    PartitionsSnap,
)
from dagster._core.remote_representation.code_location import CodeLocation
from dagster._core.remote_representation.external import RemoteRepository


class Named:
    """What one code location names, as it is loaded now.

    It holds the repositories, not the code location itself, so that the latter can go.
    """

    def __init__(self, location: CodeLocation) -> None:
        self._repositories: list[RemoteRepository] = list(location.get_repositories().values())

    @cached_property
    def keys(self) -> frozenset[dg.AssetKey]:
        """Asset keys that it makes, reads, checks or watches."""
        return frozenset(self._keys())

    def _keys(self) -> Iterator[dg.AssetKey]:
        for repository in self._repositories:
            graph = repository.asset_graph
            for node in graph.asset_nodes:
                yield node.key
                yield from node.parent_keys
            yield from (key.asset_key for key in graph.asset_check_keys)
            for sensor in repository.get_sensors():
                watched = sensor.metadata.asset_keys if sensor.metadata else None
                yield from watched or ()

    @cached_property
    def pools(self) -> frozenset[str]:
        """Pools that its assets or ops take a slot of."""
        pools: set[str] = set()
        for repository in self._repositories:
            for node in repository.asset_graph.asset_nodes:
                pools |= node.pools or set()
            for job in repository.get_all_jobs():
                snaps = job.job_snapshot.node_defs_snapshot
                pools |= {one.pool for one in snaps.op_def_snaps if one.pool}
        return frozenset(pools)

    @cached_property
    def dynamic_partitions(self) -> frozenset[str]:
        """Names of dynamic partitions that its assets or jobs have."""
        found: set[str] = set()
        for repository in self._repositories:
            snaps = [
                *(node.asset_node_snap.partitions for node in repository.asset_graph.asset_nodes),
                *(one.partitions for one in repository.repository_snap.partition_sets),
            ]
            for snap in snaps:
                found.update(_dynamic(snap))
        return frozenset(found)

    @cached_property
    def instigators(self) -> frozenset[str]:
        """The selector ids of its schedules and sensors."""
        found: set[str] = set()
        for repository in self._repositories:
            found.update(schedule.selector_id for schedule in repository.get_schedules())
            found.update(sensor.selector_id for sensor in repository.get_sensors())
        return frozenset(found)

    @cached_property
    def job_snapshots(self) -> frozenset[str]:
        """The ids of its jobs' snapshots as they are now."""
        return frozenset(
            job.identifying_job_snapshot_id
            for repository in self._repositories
            for job in repository.get_all_jobs()
        )

    @cached_property
    def notebooks(self) -> frozenset[str]:
        """Paths of notebooks that its assets name in their metadata."""
        return frozenset(
            value.path
            for repository in self._repositories
            for node in repository.asset_graph.asset_nodes
            for value in node.metadata.values()
            if isinstance(value, NotebookMetadataValue) and value.path
        )


def _dynamic(snap: PartitionsSnap | None) -> Iterable[str]:
    if isinstance(snap, DynamicPartitionsSnap):
        yield snap.name
    elif isinstance(snap, MultiPartitionsSnap):
        for dimension in snap.partition_dimensions:
            yield from _dynamic(dimension.partitions)


_known: weakref.WeakKeyDictionary[CodeLocation, Named] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def named_by(location: CodeLocation) -> Named:
    """What a code location names; read once for each load of its code."""
    with _lock:
        found = _known.get(location)
        if found is None:
            found = _known[location] = Named(location)
        return found
