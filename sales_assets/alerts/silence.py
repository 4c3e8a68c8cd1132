"""Code locations whose sensors nobody looks at any more.

Belongs here: those that Dagster's own processes start, as `make ui` does, and that therefore cannot
be asked. Does not: code servers, which can (`states`). A location that does not load has no ticks;
the daemon only logs why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
from dagster._core.workspace.load_target import WorkspaceFileTarget

from sales_assets.alerts.problems import Problem, Severity
from sales_assets.alerts.states import TeamOfLocation

_SENSOR_DAEMON = "SENSOR"


@dataclass
class SilentLocations:
    """Locations of a workspace's file of whose sensors that are on none ticked for `seconds`.

    Only while the daemon lives, and not before it has lived for so long: it may have been off.
    """

    instance: dg.DagsterInstance
    file: Path
    seconds: float
    team_of: TeamOfLocation
    scope: str = "silence"
    _daemon: tuple[str, datetime] | None = field(default=None, init=False)

    def look(self, now: datetime) -> Sequence[Problem] | None:
        """None where the daemon is what is silent, or has not been seen for long enough."""
        if not self._daemon_is_awake(now) or not self.file.is_file():
            return None
        names = {
            origin.location_name
            for origin in WorkspaceFileTarget([str(self.file)]).create_origins()
            if not isinstance(origin, GrpcServerCodeLocationOrigin)
        }
        last: dict[str, float] = {}
        for state in self.instance.all_instigator_state(instigator_type=InstigatorType.SENSOR):
            name = state.origin.repository_origin.code_location_origin.location_name
            if state.is_running and name in names:
                ticks = self.instance.get_ticks(
                    state.instigator_origin_id, state.selector_id, limit=1
                )
                at = ticks[0].timestamp if ticks else 0.0
                last[name] = max(at, last.get(name, 0.0))
        return [
            self._problem(name, at)
            for name, at in sorted(last.items())
            if now.timestamp() - at > self.seconds
        ]

    def _daemon_is_awake(self, now: datetime) -> bool:
        beat = self.instance.get_daemon_heartbeats().get(_SENSOR_DAEMON)
        if beat is None or now.timestamp() - beat.timestamp > self.seconds:
            self._daemon = None
            return False
        if self._daemon is None or self._daemon[0] != beat.daemon_id:
            self._daemon = (str(beat.daemon_id), now)
        return (now - self._daemon[1]).total_seconds() > self.seconds

    def _problem(self, name: str, at: float) -> Problem:
        return Problem(
            key=f"silence:{name}",
            scope=self.scope,
            severity=Severity.ERROR,
            what=f"no sensor of the code location {name} is looked at",
            cause="the code location does not load; the log of the daemon says why",
            at=datetime.fromtimestamp(at, UTC),
            team=self.team_of(name),
            path="deployment/locations",
            command="sales-assets doctor",
        )
