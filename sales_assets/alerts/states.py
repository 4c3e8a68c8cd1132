"""What is wrong now, and seen by looking: ticks, code locations, the daemon.

Belongs here: these three sources. Does not: what is in the event log (`events`). A look asks for
the same few rows however long the history is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.errors import DagsterUserCodeProcessError
from dagster._core.remote_origin import (
    CodeLocationOrigin,
    GrpcServerCodeLocationOrigin,
    RemoteInstigatorOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, TickStatus
from dagster._core.workspace.load_target import WorkspaceFileTarget

from sales_assets.alerts.asking import failed
from sales_assets.alerts.problems import Change, Mended, Problem, Severity

TeamOfLocation = Callable[[str], str | None]
ENDED = [TickStatus.FAILURE, TickStatus.SUCCESS, TickStatus.SKIPPED]
ANSWER_SECONDS = 20.0
GONE = "no code location that is loaded has it any more"
STILL_THERE = timedelta(minutes=5)
"""So long after its last tick it is not asked whether something is still there."""


def _nobody_knows(_: RemoteInstigatorOrigin) -> bool | None:
    return None


def _never(_: Problem, __: str) -> bool:
    return False


@dataclass(frozen=True)
class Ticks:
    """Sensors and schedules that are on and whose last tick failed.

    What the code has no more stays on for Dagster, without any tick to come: it has ended, and of
    the same tick nothing is told again while its code location cannot be asked.
    """

    instance: dg.DagsterInstance
    team_of: TeamOfLocation
    has: Callable[[RemoteInstigatorOrigin], bool | None] = _nobody_knows
    """Whether the code that is loaded has one; None if that cannot be said."""
    was_ended: Callable[[Problem, str], bool] = _never
    """Whether an occurrence was closed before with these words."""
    scope: str = "ticks"

    def look(self, now: datetime) -> Sequence[Change]:
        """One row for each that is on; the code is asked for those that failed and do not tick."""
        changes: list[Change] = []
        for state in self.instance.all_instigator_state():
            problem = self._of(state) if state.is_running else None
            if problem is not None:
                changes.append(
                    Mended(problem.key, GONE) if self._is_gone(problem, state, now) else problem
                )
        return changes

    def _is_gone(self, problem: Problem, state: InstigatorState, now: datetime) -> bool:
        if now - problem.at <= STILL_THERE:
            return False
        return self.was_ended(problem, GONE) or self.has(state.origin) is False

    def _of(self, state: InstigatorState) -> Problem | None:
        ticks = self.instance.get_ticks(
            state.instigator_origin_id, state.selector_id, limit=1, statuses=ENDED
        )
        if not ticks or ticks[0].status is not TickStatus.FAILURE:
            return None
        tick = ticks[0]
        location = state.origin.repository_origin.code_location_origin.location_name
        kind = "sensor" if state.instigator_type is InstigatorType.SENSOR else "schedule"
        repository = f"{state.origin.repository_origin.repository_name}@{location}"
        return Problem(
            key=f"tick:{location}:{kind}:{state.name}",
            scope=self.scope,
            severity=Severity.WARNING,
            what=f"the {kind} {state.name} of {location} fails",
            cause=tick.error.message.strip() if tick.error else "no reason was recorded",
            at=_moment(tick.timestamp),
            occurrence=str(tick.tick_id),
            team=self.team_of(location),
            path=f"locations/{repository}/{kind}s/{state.name}",
            command="sales-assets doctor",
        )


@dataclass(frozen=True)
class CodeLocations:
    """Code servers of a workspace's file that do not answer, or have no code to serve.

    Those that Dagster's own processes start for themselves cannot be asked: they end with them.
    """

    file: Path
    team_of: TeamOfLocation
    answer_seconds: float = ANSWER_SECONDS
    scope: str = "locations"

    def look(self, now: datetime) -> Sequence[Problem] | None:
        """Ask every server, all at once; none is waited for longer than `answer_seconds`.

        None if the file names none: whoever has another file knows of them.
        """
        origins = list(_servers(self.file)) if self.file.is_file() else []
        if not origins:
            return None
        asks = {origin: partial(_loads, origin) for origin in origins}
        return [
            self._problem(origin, _reason(error) if error else "its server does not answer", now)
            for origin, error in failed(asks, self.answer_seconds).items()
        ]

    def _problem(self, origin: CodeLocationOrigin, cause: str, now: datetime) -> Problem:
        name = origin.location_name
        return Problem(
            key=f"location:{name}",
            scope=self.scope,
            severity=Severity.ERROR,
            what=f"the code location {name} does not load",
            cause=cause,
            at=now,
            team=self.team_of(name),
            path="deployment/locations",
            command=f"sales-assets deploy status; sales-assets deploy rollback {name}",
        )


def _servers(file: Path) -> Iterator[GrpcServerCodeLocationOrigin]:
    for origin in WorkspaceFileTarget([str(file)]).create_origins():
        if isinstance(origin, GrpcServerCodeLocationOrigin):
            yield origin


def _loads(origin: GrpcServerCodeLocationOrigin) -> None:
    """Raise what the server says, or that it says nothing."""
    from dagster._api.list_repositories import sync_list_repositories_grpc

    sync_list_repositories_grpc(origin.create_client())


def _reason(error: Exception) -> str:
    """The innermost error of the server's code, or the beginning of any other."""
    if isinstance(error, DagsterUserCodeProcessError):
        told = error.user_code_process_error_infos[-1]
        while told.cause is not None:
            told = told.cause
        return told.message.strip()
    return "\n".join(str(error).strip().splitlines()[:5]) or type(error).__name__


@dataclass(frozen=True)
class Daemon:
    """Whether Dagster's daemon lives: it must have given a sign within `seconds`.

    Not where it never gave one: an installation that only commands run on needs none.
    """

    instance: dg.DagsterInstance
    seconds: float
    scope: str = "daemon"

    def look(self, now: datetime) -> Sequence[Problem]:
        """The signs of life of all its parts, as one problem."""
        required = set(self.instance.get_required_daemon_types())
        signs = {
            kind: beat.timestamp
            for kind, beat in self.instance.get_daemon_heartbeats().items()
            if kind in required
        }
        late = {k: at for k, at in signs.items() if now.timestamp() - at > self.seconds}
        if not late:
            return []
        oldest = _moment(min(late.values()))
        names = ", ".join(sorted(kind.lower().replace("_", " ") for kind in late))
        is_dead = late.keys() == signs.keys()
        return [
            Problem(
                key="daemon",
                scope=self.scope,
                severity=Severity.ERROR,
                what="Dagster's daemon gives no sign of life"
                if is_dead
                else "a part of Dagster's daemon gives no sign of life",
                cause=f"its process has ended or hangs; silent: {names}",
                at=oldest,
                affects=("all sensors, schedules and the queue of runs",) if is_dead else (),
                path="deployment/daemons",
                command="start it again: `sales-assets ui`, or `dagster-daemon run` beside "
                "`sales-assets serve`",
            )
        ]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
