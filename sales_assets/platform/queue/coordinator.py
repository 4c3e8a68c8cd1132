"""Dagster's run coordinator of an installation that teams share.

Belongs here: marking each run as it is submitted, and the teams' limits. Does not: what the marks
are (`stamps`), the fair order (`shares`), or starting runs (Dagster's daemon does, by the marks).

dagster.yaml names the class. The webserver, the daemon and Dagster's commands submit through it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import dagster as dg
from dagster._core.run_coordinator import QueuedRunCoordinator, SubmitRunContext
from dagster._core.run_coordinator.queued_run_coordinator import RunQueueConfig
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from dagster._serdes import ConfigurableClassData

from sales_assets.errors import UsageError
from sales_assets.platform.queue.book import change_book
from sales_assets.platform.queue.kept_teams import KeptTeams
from sales_assets.platform.queue.shares import Book, End, Lane, Place
from sales_assets.platform.queue.stamps import (
    LANE_TAG,
    NO_TEAM,
    TEAM_TAG,
    Users,
    identity,
    lane_of,
    place_of,
    team_of,
    turn,
)
from sales_assets.platform.teams import Quota, Teams

_UNDER_WAY = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED)
_WAITING = (dg.DagsterRunStatus.QUEUED, *_UNDER_WAY)
_ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)
_UNDER_WAY_AT_MOST = 100
"""How many of the runs under way are looked at; the newest of them tell the time."""


class TeamRunCoordinator(QueuedRunCoordinator[dg.DagsterInstance]):
    """The queue of Dagster, in which each team has its share and its limit."""

    def __init__(
        self,
        teams_file: str,
        inst_data: ConfigurableClassData | None = None,
        **options: Any,
    ) -> None:
        """`teams_file` says which teams there are; `options` are QueuedRunCoordinator's."""
        if options.get("tag_concurrency_limits"):
            raise UsageError(
                "run_coordinator.config.tag_concurrency_limits in dagster.yaml: the limits of a "
                "shared installation stand in teams.yaml (quota.runs); take them out"
            )
        super().__init__(inst_data=inst_data, **options)
        self._teams = KeptTeams(Path(teams_file), lambda: self._instance.run_storage)
        self._users = Users(lambda: self._instance)

    @classmethod
    def config_type(cls) -> Any:
        """What dagster.yaml may say: QueuedRunCoordinator's options, and where teams.yaml is."""
        options: dict[str, Any] = dict(super().config_type())  # type: ignore[arg-type]
        return options | {"teams_file": dg.Field(dg.StringSource)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> Self:
        """Dagster's way of making it."""
        return cls(inst_data=inst_data, **config_value)

    @property
    def teams(self) -> Teams:
        """The teams as teams.yaml has them now; the last good ones while it is wrong."""
        return self._teams.current()

    def get_run_queue_config(self) -> RunQueueConfig:
        """Dagster's settings with the teams' limits; the daemon asks before each look at the queue.

        Each team has a limit of its own: one for all values of the tag would bind those above it.
        """
        limits = {NO_TEAM: Quota().runs} | {
            name: team.quota.runs for name, team in self.teams.teams.items()
        }
        return (
            super()
            .get_run_queue_config()
            ._replace(
                tag_concurrency_limits=[
                    {"key": TEAM_TAG, "value": name, "limit": limit}
                    for name, limit in limits.items()
                ]
            )
        )

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        """Mark a run and put it into the queue."""
        run = context.dagster_run
        if run.status is dg.DagsterRunStatus.NOT_STARTED:
            teams = self.teams
            team, lane = team_of(run, teams), lane_of(run)
            place = self._place(team, lane, _weight(teams, team), run.run_id)
            user = self._users.of(run, context.workspace)
            self._instance.add_run_tags(
                run.run_id, {**identity(run, team, user), **turn(lane, place)}
            )
        return super().submit_run(context)

    def _place(self, team: str, lane: Lane, weight: int, run_id: str) -> Place:
        seen = self._latest_start()

        def admit(book: Book) -> tuple[Book, Place]:
            now = book.at(seen)
            end = now.end(team, lane)
            if end.run_id and self._never_began(end.run_id):
                now = now.ending(team, lane, End(max(now.now, self._real_end(team, lane))))
            return now.admit(team, lane, weight, run_id)

        return change_book(self._storage, admit)

    @property
    def _storage(self) -> SqlRunStorage:
        storage = self._instance.run_storage
        if not isinstance(storage, SqlRunStorage):
            raise UsageError(
                f"storage in dagster.yaml: {type(storage).__name__} has no tables for the shared "
                "queue; use PostgreSQL or SQLite"
            )
        return storage

    def _latest_start(self) -> int:
        """Where the interval of the latest started run begins.

        Between two runs nothing is under way. Then those that ended last tell it.
        """
        under_way = self._instance.get_runs(
            dg.RunsFilter(statuses=list(_UNDER_WAY)), limit=_UNDER_WAY_AT_MOST
        )
        return _latest(under_way) or _latest(
            record.dagster_run
            for status in _ENDED  # one by one, since the index begins with the status
            for record in self._instance.get_run_records(
                dg.RunsFilter(statuses=[status]), limit=1, order_by="update_timestamp"
            )
            if record.start_time is not None
        )

    def _never_began(self, run_id: str) -> bool:
        """Whether a run was taken out of the queue: what waits after it need not wait for it."""
        records = self._instance.get_run_records(dg.RunsFilter(run_ids=[run_id]), limit=1)
        if not records:
            return True
        run = records[0].dagster_run
        return run.status is dg.DagsterRunStatus.CANCELED and records[0].start_time is None

    def _real_end(self, team: str, lane: Lane) -> int:
        """Where the runs of a lane end that are still there."""
        last = self._instance.get_runs(
            dg.RunsFilter(statuses=list(_WAITING), tags={TEAM_TAG: team, LANE_TAG: lane.value}),
            limit=1,
        )
        place = place_of(last[0]) if last else None
        return place.finish if place else 0


def _weight(teams: Teams, team: str) -> int:
    return teams.teams[team].quota.weight if team in teams.teams else Quota().weight


def _latest(runs: Iterable[dg.DagsterRun]) -> int:
    return max((place.start for run in runs if (place := place_of(run))), default=0)
