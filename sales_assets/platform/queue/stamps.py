"""What every run is marked with: its team, who caused it, its repository, its lane.

Belongs here: where each mark is taken from, which is never the caller's word. Does not: the place
in the queue (`shares`), or writing the marks (`coordinator`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Protocol, runtime_checkable

import dagster as dg
from dagster._core.storage.tags import (
    AUTO_MATERIALIZE_TAG,
    AUTO_OBSERVE_TAG,
    AUTOMATION_CONDITION_TAG,
    BACKFILL_ID_TAG,
    PRIORITY_TAG,
    REPOSITORY_LABEL_TAG,
    SCHEDULE_NAME_TAG,
    SENSOR_NAME_TAG,
    USER_TAG,
)
from dagster._core.workspace.context import BaseWorkspaceRequestContext, WorkspaceRequestContext

from sales_assets.platform.queue.shares import Lane, Place
from sales_assets.platform.teams import Teams

TEAM_TAG = "team"
LANE_TAG = "sales_assets/lane"
START_TAG = "sales_assets/queue_start"
"""Where the run's interval begins; it ends at minus its priority."""
NO_TEAM = "none"
"""The team of a run whose code location belongs to none."""
UNKNOWN = "unknown"
"""The user of a run that tells of nobody: a command's on the server, or of Dagster's own pages."""
LEAST_WISH = -100
"""A priority below it is no wish: it is a place, copied from the run that this one repeats."""
_AUTOMATION = (AUTOMATION_CONDITION_TAG, AUTO_MATERIALIZE_TAG, AUTO_OBSERVE_TAG)


def team_of(run: dg.DagsterRun, teams: Teams) -> str:
    """The team that owns the code location which the run's job was loaded from."""
    origin = run.remote_job_origin
    return (teams.team_of_location(origin.location_name) if origin else None) or NO_TEAM


def lane_of(run: dg.DagsterRun) -> Lane:
    """Where the run waits beside others of its team.

    A backfill yields, whatever it wishes. Any other run may wish by `dagster/priority`.
    """
    if BACKFILL_ID_TAG in run.tags:
        return Lane.BACKFILL
    try:
        wish = int(run.tags.get(PRIORITY_TAG, "0"))
    except ValueError:
        return Lane.NORMAL
    if wish > 0:
        return Lane.FIRST
    return Lane.BACKFILL if LEAST_WISH <= wish < 0 else Lane.NORMAL


def identity(run: dg.DagsterRun, team: str, user: str) -> dict[str, str]:
    """The tags that say whose the run is."""
    tags = {TEAM_TAG: team, USER_TAG: user}
    if run.remote_job_origin is not None:
        tags[REPOSITORY_LABEL_TAG] = run.remote_job_origin.repository_origin.get_label()
    return tags


def turn(lane: Lane, place: Place) -> dict[str, str]:
    """The tags that say when the run's turn is."""
    return {LANE_TAG: lane.value, START_TAG: str(place.start), PRIORITY_TAG: str(-place.finish)}


def place_of(run: dg.DagsterRun) -> Place | None:
    """The place that a run was given; None for one that has not been in this queue."""
    try:
        return Place(int(run.tags[START_TAG]), -int(run.tags[PRIORITY_TAG]))
    except (KeyError, ValueError):
        return None


class Named(Protocol):
    """Somebody."""

    @property
    def name(self) -> str:
        """As the run is marked."""
        ...


@runtime_checkable
class Asked(Protocol):
    """The context of a request that knows who asks; the webserver's (`platform.context`) is one."""

    @property
    def person(self) -> Named:
        """Who asks."""
        ...


class Users:
    """Who caused a run."""

    def __init__(self, instance: Callable[[], dg.DagsterInstance]) -> None:
        """`instance` is where backfills and earlier runs are looked up."""
        self._instance = instance
        # A backfill's record may be large, its tags do not change, and it makes many runs.
        self._of_backfill = lru_cache(maxsize=1000)(self._ask_backfill)

    def of(self, run: dg.DagsterRun, workspace: BaseWorkspaceRequestContext) -> str:
        """The person who asked the webserver for it; else what made the daemon submit it."""
        if isinstance(workspace, Asked):
            return workspace.person.name
        if isinstance(workspace, WorkspaceRequestContext) and workspace.source is not None:
            return UNKNOWN
        return self._of_daemon(run)

    def _of_daemon(self, run: dg.DagsterRun) -> str:
        made_by = _maker(run.tags)
        backfill_id = run.tags.get(BACKFILL_ID_TAG)
        backfill = self._of_backfill(backfill_id) if backfill_id else None
        # A backfill's runs have its tags. One that has another maker only claims to be its run.
        if backfill is not None and _maker(backfill) == made_by:
            if made_by is not None and _is_automation(backfill):  # which no caller may say
                return made_by
            return backfill.get(USER_TAG, UNKNOWN)
        if made_by is not None:
            return made_by
        parent = self._instance().get_run_by_id(run.parent_run_id) if run.parent_run_id else None
        return parent.tags.get(USER_TAG, UNKNOWN) if parent else UNKNOWN

    def _ask_backfill(self, backfill_id: str) -> Mapping[str, str] | None:
        backfill = self._instance().get_backfill(backfill_id)
        return backfill.tags if backfill else None


def _is_automation(tags: Mapping[str, str]) -> bool:
    return any(tag in tags for tag in _AUTOMATION)


def _maker(tags: Mapping[str, str]) -> str | None:
    """What made the daemon submit a run with these tags; None for a person's backfill."""
    # Dagster writes these names after a tag of the team's own code could have.
    if sensor := tags.get(SENSOR_NAME_TAG):
        return f"{'automation' if _is_automation(tags) else 'sensor'}:{sensor}"
    if schedule := tags.get(SCHEDULE_NAME_TAG):
        return f"schedule:{schedule}"
    return "automation:default" if _is_automation(tags) else None
