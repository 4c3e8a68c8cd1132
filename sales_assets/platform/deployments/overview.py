"""What serves each team, and what is still ending.

Belongs here: asking records and servers. Does not: changing anything, or how it is printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sales_assets.platform.deployments import processes
from sales_assets.platform.deployments.draining import Leaving, leaving
from sales_assets.platform.deployments.folders import Folders
from sales_assets.platform.deployments.records import Record, Release, read_record, recorded_teams
from sales_assets.platform.deployments.servers import runs_of, serves


@dataclass(frozen=True)
class TeamOverview:
    """What serves a team."""

    record: Record
    running: bool
    """Whether the server's process is there."""
    healthy: bool
    """Whether it answers."""
    runs: tuple[str, ...]
    leaving: tuple[Leaving, ...]

    @property
    def state(self) -> str:
        """In a word, how the team's server is."""
        if self.record.current is None:
            return "stopped"
        return "healthy" if self.healthy else "does not answer" if self.running else "gone"

    @property
    def before(self) -> tuple[Release, ...]:
        """Releases that a rollback can go to, the next one first."""
        return tuple(self.record.release(number) for number in reversed(self.record.served[:-1]))

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        release, current = self.record.latest, self.record.current
        return {
            "team": self.record.team,
            "state": self.state,
            "release": release.model_dump(mode="json") if release else None,
            "server": current.model_dump(mode="json") if current else None,
            "runs": list(self.runs),
            "leaving": [
                {**one.server.model_dump(mode="json"), "runs": list(one.runs)}
                for one in self.leaving
            ],
            "before": [one.model_dump(mode="json") for one in self.before],
        }


def overview(folders: Folders, grace_seconds: float) -> list[TeamOverview]:
    """What serves each team that something was deployed of."""
    found = []
    for team in recorded_teams(folders):
        record = read_record(folders, team)
        current = record.current
        running = current is not None and processes.is_running(current.pid, current.socket)
        healthy = current is not None and running and serves(current)
        runs = runs_of(current) if current and healthy else ()
        ending = tuple(leaving(record, grace_seconds))
        found.append(TeamOverview(record, running, healthy, runs, ending))
    return found
