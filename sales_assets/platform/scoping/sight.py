"""What one person sees, in one request.

Belongs here: the questions that the scoped storages ask: is this run, asset key, backfill, tick,
pool... to be seen? Does not: the rights themselves (`access`), or the storages' methods.

All of them are closed: what cannot be told is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cached_property

import dagster as dg
from dagster import DagsterInstance
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.scheduler.instigation import InstigatorState, InstigatorTick
from dagster._core.storage.dagster_run import DagsterRun, RunsFilter
from dagster._core.storage.tags import CODE_LOCATION_TAG
from dagster._core.workspace.workspace import CurrentWorkspace

from sales_assets.platform.scoping.backfills import About, about
from sales_assets.platform.scoping.census import census_of
from sales_assets.platform.scoping.named import Named, named_by
from sales_assets.platform.teams import Teams

RUNLESS = ""
"""The run id of events that were reported without a run."""
_TICK_ID = re.compile("[0-9]{1,18}")
_AT_ONCE = 5000
"""Ids in one query; databases take some ten thousand parameters."""


class Sight:
    """What one person sees of an installation, in one request.

    `locations` are the code locations whose data they see; `workspace` holds the entries of the
    code locations they see, `instance` is Dagster's own.
    """

    def __init__(
        self,
        teams: Teams,
        locations: frozenset[str],
        workspace: CurrentWorkspace,
        instance: DagsterInstance,
    ) -> None:
        self.teams = teams
        self.locations = locations
        self.workspace = workspace
        self.instance = instance
        self._runs: set[str] = set()
        self._snapshots: set[str] = set()
        self._checks: dict[dg.AssetCheckKey, bool] = {}

    @cached_property
    def _named(self) -> list[Named]:
        entries = self.workspace.code_location_entries.items()
        return [
            named_by(entry.code_location)
            for name, entry in entries
            if entry.code_location and name in self.locations
        ]

    # Code locations, asset keys and what definitions name

    def location(self, name: str) -> bool:
        """Whether a code location's data are seen."""
        return name in self.locations

    def key(self, key: dg.AssetKey) -> bool:
        """Whether an asset is seen.

        A key that begins as a team's keys do is seen with the team. Another is seen if a code
        location that is seen names it.
        """
        team = self.teams.team_of_key(key.path[0])
        if team is not None:
            return self.location(str(self.teams.teams[team].location))
        return any(key in named.keys for named in self._named)

    def keys(self, keys: Iterable[dg.AssetKey]) -> list[dg.AssetKey]:
        """Those keys that are seen, in their order."""
        return [key for key in keys if self.key(key)]

    def check(self, key: dg.AssetCheckKey) -> bool:
        """Whether an asset check is seen: the asset is, and so is the code location or the run.

        A private team may check another team's asset; that check is the private team's.
        """
        if not self.key(key.asset_key):
            return False
        if key not in self._checks:
            self._checks[key] = self.workspace.asset_graph.has(key) or self._ran_seen(key)
        return self._checks[key]

    def _ran_seen(self, key: dg.AssetCheckKey) -> bool:
        storage = self.instance.event_log_storage
        last = storage.get_latest_asset_check_execution_by_key([key]).get(key)
        return last is not None and last.run_id != RUNLESS and self.run(last.run_id)

    def checks(self, keys: Iterable[dg.AssetCheckKey]) -> list[dg.AssetCheckKey]:
        """Those checks that are seen, in their order."""
        return [key for key in keys if self.check(key)]

    def pool(self, name: str) -> bool:
        """Whether a pool is seen: a code location that is seen takes slots of it."""
        return any(name in named.pools for named in self._named)

    def dynamic_partitions(self, name: str) -> bool:
        """Whether dynamic partitions of a name are seen: a code location that is seen has them."""
        return any(name in named.dynamic_partitions for named in self._named)

    # Runs, and what they hold

    def runs(self, ids: Collection[str]) -> frozenset[str]:
        """Those runs that are seen; one query at most for what is not known yet."""
        asked = sorted(set(ids) - self._runs - {RUNLESS})
        for start in range(0, len(asked) if self.locations else 0, _AT_ONCE):
            filters = RunsFilter(
                run_ids=asked[start : start + _AT_ONCE],
                tags={CODE_LOCATION_TAG: sorted(self.locations)},
            )
            self._runs.update(self.instance.run_storage.get_run_ids(filters))
        return frozenset(ids) & self._runs

    def run(self, run_id: str) -> bool:
        """Whether a run is seen."""
        return run_id in self.runs([run_id])

    def found(self, runs: Iterable[DagsterRun]) -> None:
        """Remember runs that a query for seen ones gave, with the snapshots they point to."""
        for run in runs:
            self._runs.add(run.run_id)
            self._snapshots.update(
                one for one in (run.job_snapshot_id, run.execution_plan_snapshot_id) if one
            )

    def found_snapshot(self, snapshot_id: str) -> None:
        """Remember a snapshot that the person made, or that one they see comes from."""
        self._snapshots.add(snapshot_id)

    def snapshot(self, snapshot_id: str) -> bool:
        """Whether the snapshot of a job or of a plan is seen: a job or a run that is seen has it.

        A plan's is seen only with its run, in the same request.
        """
        if snapshot_id in self._snapshots:
            return True
        if any(snapshot_id in named.job_snapshots for named in self._named):
            return True
        filters = RunsFilter(
            snapshot_id=snapshot_id, tags={CODE_LOCATION_TAG: sorted(self.locations)}
        )
        return bool(self.locations and self.instance.run_storage.get_run_ids(filters, limit=1))

    # Backfills

    def backfill(self, backfill: PartitionBackfill) -> bool:
        """Whether a backfill is seen: all that it is about is."""
        return self._is_seen(about(backfill))

    def _is_seen(self, one: About) -> bool:
        if one.location is None and not one.keys:
            return False
        return (one.location is None or self.location(one.location)) and all(
            self.key(key) for key in one.keys
        )

    @cached_property
    def backfills(self) -> dict[str, None]:
        """The ids of the backfills that are seen, newest first."""
        index = census_of(self.instance).backfills.current()
        return dict.fromkeys(key for key, one in index.items() if self._is_seen(one))

    # Schedules, sensors and their ticks

    def state(self, state: InstigatorState) -> bool:
        """Whether the state of a schedule or sensor is seen."""
        origin = state.origin.repository_origin.code_location_origin
        return self.location(origin.location_name)

    def instigator(self, selector_id: str | None, origin_id: str = "") -> bool:
        """Whether a schedule or sensor is seen, by its selector's id."""
        if not selector_id:
            return False
        if any(selector_id in named.instigators for named in self._named):
            return True
        storage = self.instance.schedule_storage
        state = storage.get_instigator_state(origin_id, selector_id) if storage else None
        return state is not None and state.selector_id == selector_id and self.state(state)

    def tick(self, tick: InstigatorTick) -> bool:
        """Whether a tick is seen: its schedule or sensor is."""
        data = tick.tick_data
        return self.instigator(data.selector_id, data.instigator_origin_id)

    # Captured logs

    def log_key(self, log_key: Iterable[str]) -> bool:
        """Whether captured logs are seen: the run is, or the backfill, or the tick."""
        parts = tuple(log_key)
        if not parts or not all(is_plain_name(part) for part in parts):
            return False
        if self.run(parts[0]) or self._is_of_tick(parts):
            return True
        return len(parts) > 1 and parts[0] == "backfill" and parts[1] in self.backfills

    def _is_of_tick(self, log_key: tuple[str, ...]) -> bool:
        """Whether captured logs are a seen tick's; its log key ends with its id.

        The rest is the names of a repository and of a sensor, which other teams may have too: only
        the tick tells whose they are.
        """
        storage = self.instance.schedule_storage
        if storage is None or not _TICK_ID.fullmatch(log_key[-1]):
            return False
        return any(
            tuple(tick.log_key or ()) == log_key and self.tick(tick)
            for tick in storage.get_ticks_by_ids([int(log_key[-1])])
        )


def is_plain_name(part: str) -> bool:
    """Whether a part of a log key is the name of a file, and no way to another directory."""
    return part not in ("", ".", "..") and not any(sign in part for sign in "/\\\0")
