"""Whether code that is loaded has a sensor or schedule.

Belongs here: asking code servers for theirs, and what an evaluated sensor sees of its own code.
Does not: what follows for an incident (`states`).
"""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import dagster as dg
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteInstigatorOrigin,
)
from dagster._core.workspace.load_target import WorkspaceFileTarget

ANSWER_SECONDS = 20.0
SILENT_SECONDS = 30.0
Names = frozenset[tuple[str, str]]
"""Sensors and schedules, which have no name in common, by repository."""


@dataclass(frozen=True)
class OwnCode:
    """What the process that looks has loaded itself."""

    location: str
    repository: str
    names: Names

    @classmethod
    def of(cls, context: dg.SensorEvaluationContext) -> OwnCode | None:
        """The code that a sensor stands in; None if it is evaluated by hand."""
        origin, repository = context.code_location_origin, context.repository_def
        if origin is None or repository is None:
            return None
        names = [one.name for one in repository.sensor_defs]
        names += [one.name for one in repository.schedule_defs]
        found = frozenset((repository.name, name) for name in names)
        return cls(origin.location_name, repository.name, found)


@dataclass(frozen=True)
class LoadedCode:
    """The code locations of a workspace's file, and one's own.

    Those that Dagster's own processes start for themselves cannot be asked, but for one's own.
    """

    instance: dg.DagsterInstance
    file: Path
    own: OwnCode | None = None
    answer_seconds: float = ANSWER_SECONDS
    seen: MutableMapping[str, tuple[str, Names]] = field(default_factory=dict)
    """By location: what a server had, which is the same for as long as its id is."""
    silent: MutableMapping[str, float] = field(default_factory=dict)
    """By location: when its server did not answer; its other sensors do not wait for it then."""

    def has(self, origin: RemoteInstigatorOrigin) -> bool | None:
        """Whether it is there; None if nobody can say, as while the code does not load."""
        repository = origin.repository_origin
        location = repository.code_location_origin.location_name
        names = self._names(location, repository.repository_name)
        if names is None:
            return None
        return (repository.repository_name, origin.instigator_name) in names

    def _names(self, location: str, repository: str) -> Names | None:
        if self.own is not None and (self.own.location, self.own.repository) == (
            location,
            repository,
        ):
            return self.own.names
        if not self.file.is_file():
            return None
        origins = WorkspaceFileTarget([str(self.file)]).create_origins()
        origin = next((one for one in origins if one.location_name == location), None)
        if origin is None:
            return frozenset()
        if not isinstance(origin, GrpcServerCodeLocationOrigin):
            return None
        return self._answered(origin)

    def _answered(self, origin: GrpcServerCodeLocationOrigin) -> Names | None:
        location = origin.location_name
        if time.monotonic() - self.silent.get(location, -inf) < SILENT_SECONDS:
            return None
        threads = ThreadPoolExecutor(1, "alerts-code")
        try:
            return threads.submit(self._asked, origin).result(self.answer_seconds)
        except Exception:  # noqa: BLE001 (why it does not load is told of the location)
            self.silent[location] = time.monotonic()
            return None
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _asked(self, origin: GrpcServerCodeLocationOrigin) -> Names:
        server = origin.create_client().get_server_id()
        known = self.seen.get(origin.location_name)
        if known is not None and known[0] == server:
            return known[1]
        loaded = origin.create_location(self.instance)
        try:
            names = frozenset(
                (repository.name, name)
                for repository in loaded.get_repositories().values()
                for name in (
                    *(sensor.name for sensor in repository.get_sensors()),
                    *(schedule.name for schedule in repository.get_schedules()),
                )
            )
        finally:
            loaded.cleanup()
        self.seen[origin.location_name] = server, names
        return names
