"""Whose a step is: the assets that it makes, their source, and the team that pays.

Belongs here: finding that out from a run's plan and an asset's key. Does not: the teams' file
(`platform.teams`), or how a step is divided among its assets (`entries`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dagster as dg

from sales_assets.partitions import Window
from sales_assets.resources.query_tag import ANALYTICS

if TYPE_CHECKING:
    from dagster._core.snap import ExecutionPlanSnapshot

    from sales_assets.platform.teams import Teams

_FIRST, _LAST = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
_ONE = "dagster/partition"
_NO_TEAM = "none"


def whose(key: dg.AssetKey, teams: Teams | None) -> tuple[str, str]:
    """The team of an asset and its source, which is empty for what belongs to none."""
    team = teams.team_of_key(key.path[0]) if teams is not None else None
    if len(key.path) == 3:
        return team or key.path[0], "/".join(key.path[:2])
    return team or ANALYTICS, ""


@dataclass(frozen=True)
class AboutRun:
    """What a run says of itself, before it has done anything."""

    job: str = ""
    team: str = ""
    partitions: int = 0
    assets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By step, as text; by graph too, of whose steps only the last one makes the asset."""

    def of_step(self, step: str) -> tuple[str, ...]:
        """The assets that a step makes or checks."""
        return self.assets.get(step) or self.assets.get(_graph(step), ())


def about_run(instance: dg.DagsterInstance, run_id: str) -> AboutRun:
    """What is known of a run; nothing of one that is not in the storage any more."""
    run = instance.get_run_by_id(run_id)
    if run is None:
        return AboutRun()
    snapshot = (
        instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id)
        if run.execution_plan_snapshot_id
        else None
    )
    team = run.tags.get("team", "")
    return AboutRun(
        job=run.job_name,
        team="" if team == _NO_TEAM else team,
        partitions=_partitions(run.tags),
        assets=_assets(snapshot) if snapshot is not None else {},
    )


def _assets(plan: ExecutionPlanSnapshot) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for step in plan.steps:
        made, checked = [], []
        for output in step.outputs:
            about = output.properties
            if about is not None and about.asset_key is not None:
                made.append(about.asset_key.to_user_string())
            elif about is not None and about.asset_check_key is not None:
                checked.append(about.asset_check_key.asset_key.to_user_string())
        for name in {step.key, _graph(step.key)}:
            found.setdefault(name, {}).update(dict.fromkeys(made or checked))
    return {name: tuple(sorted(keys)) for name, keys in found.items() if keys}


def _graph(step: str) -> str:
    """The outermost graph that a step is in; `a.b[3]` is in `a`."""
    return step.partition(".")[0].partition("[")[0]


def _partitions(tags: Mapping[str, str]) -> int:
    first, last = tags.get(_FIRST), tags.get(_LAST)
    if first and last:
        try:
            return len(Window.of_keys(first, last))
        except ValueError:  # of another definition than the project's days
            return 0
    return int(_ONE in tags)
