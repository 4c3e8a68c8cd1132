"""What waits and runs, team by team.

Belongs here: reading it from the runs' marks. Does not: the order itself (`shares`), or printing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg
from dagster._core.storage.dagster_run import ACTIVE_RUN_STATUSES

from sales_assets.platform.queue.stamps import LANE_TAG, NO_TEAM, TEAM_TAG, place_of
from sales_assets.platform.teams import Quota, Teams

_PAGE = 500


@dataclass(frozen=True)
class NextRun:
    """The run of a team that is started before its others."""

    run_id: str
    job: str
    lane: str
    ahead: int
    """How many runs of all teams have their turn before it."""


@dataclass(frozen=True)
class TeamQueue:
    """How a team stands."""

    team: str
    queued: int
    running: int
    limit: int
    weight: int
    waits_since: datetime | None
    next: NextRun | None

    @property
    def at_limit(self) -> bool:
        """Whether its queued runs wait for runs of its own."""
        return self.running >= self.limit


def team_queues(instance: dg.DagsterInstance, teams: Teams) -> list[TeamQueue]:
    """How each team of teams.yaml stands, and others whose runs wait or run."""
    queued = sorted(_queued(instance), key=_turn)
    running = instance.get_runs(dg.RunsFilter(statuses=ACTIVE_RUN_STATUSES))
    # Without a team: runs from before the queue was shared, and from outside of it.
    marked = [_team(record.dagster_run) for record in queued]
    active = [_team(run) for run in running]
    quotas = {name: team.quota for name, team in teams.teams.items()}
    others = sorted({*marked, *active} - quotas.keys())
    found = []
    for team in (*quotas, *others):
        own = [number for number, name in enumerate(marked) if name == team]
        quota = quotas.get(team, Quota())
        found.append(
            TeamQueue(
                team=team,
                queued=len(own),
                running=active.count(team),
                limit=quota.runs,
                weight=quota.weight,
                waits_since=min(
                    (queued[number].create_timestamp.astimezone(UTC) for number in own),
                    default=None,
                ),
                next=_next(queued, own[0]) if own else None,
            )
        )
    return found


def _queued(instance: dg.DagsterInstance) -> Sequence[dg.RunRecord]:
    records: list[dg.RunRecord] = []
    waiting = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])
    while True:
        cursor = records[-1].dagster_run.run_id if records else None
        page = instance.get_run_records(waiting, limit=_PAGE, cursor=cursor, ascending=True)
        records += page
        if len(page) < _PAGE:
            return records


def _turn(record: dg.RunRecord) -> int:
    place = place_of(record.dagster_run)
    return place.finish if place else 0


def _team(run: dg.DagsterRun) -> str:
    return run.tags.get(TEAM_TAG, NO_TEAM)


def _next(queued: Sequence[dg.RunRecord], number: int) -> NextRun:
    run = queued[number].dagster_run
    return NextRun(run.run_id, run.job_name, run.tags.get(LANE_TAG, "normal"), number)
