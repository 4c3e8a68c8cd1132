"""The real coordinator and Dagster's real dequeueing on a virtual clock, for tests.

Belongs here: an instance in memory whose launcher only notes what it was told to start. Does not:
any expectation.
"""

from __future__ import annotations

import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.instance.types import InstanceType
from dagster._core.launcher import LaunchRunContext, RunLauncher
from dagster._core.origin import (
    DEFAULT_DAGSTER_ENTRY_POINT,
    JobPythonOrigin,
    RepositoryPythonOrigin,
)
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.tags import BACKFILL_ID_TAG
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import (
    QueuedRunCoordinatorDaemon,
)
from typing_extensions import override

from benchmarks.queue_rules import Served, Wanted
from sales_assets.platform.queue.coordinator import TeamRunCoordinator
from sales_assets.platform.queue.shares import Lane
from sales_assets_tests.platform.queue.in_memory import EventStorage, RunStorage


class NotingLauncher(RunLauncher[Any]):
    """Notes the runs that it is told to launch, and counts them as started."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.launched: list[str] = []

    def launch_run(self, context: LaunchRunContext) -> None:
        """Note it."""
        self.launched.append(context.dagster_run.run_id)
        report(self._instance, context.dagster_run.run_id, dg.DagsterEventType.RUN_START)

    @override
    def terminate(self, run_id: str) -> bool:
        """Nothing runs that could be ended."""
        return False


def report(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> None:
    """Say that a run has begun or ended."""
    event = dg.DagsterEvent(event_type_value=kind.value, job_name="load")
    instance.report_dagster_event(event, run_id=run_id)


@dataclass
class RealQueue:
    """An installation whose runs do nothing."""

    instance: dg.DagsterInstance
    launcher: NotingLauncher
    daemon: QueuedRunCoordinatorDaemon = field(
        default_factory=lambda: QueuedRunCoordinatorDaemon(1, page_size=2000)
    )
    workspace: Any = None

    def submit(
        self,
        location: str,
        tags: Mapping[str, str] | None = None,
        workspace: Any = None,
        **more: Any,
    ) -> str:
        """Submit a run of a code location; its id."""
        run = new_run(location, tags, **more)
        self.instance.add_run(run)
        self.instance.run_coordinator.submit_run(SubmitRunContext(run, workspace or self.workspace))
        return run.run_id

    def tags(self, run_id: str) -> Mapping[str, str]:
        """The tags of a run."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run.tags

    def dequeue(self) -> list[str]:
        """Let Dagster's daemon look at the queue once; the runs that it started."""
        before = len(self.launcher.launched)
        context: Any = SimpleNamespace(
            instance=self.instance, create_request_context=lambda: self.workspace
        )
        for _ in self.daemon.run_iteration(context):
            pass
        return self.launcher.launched[before:]

    def end(self, run_id: str) -> None:
        """A run succeeds."""
        report(self.instance, run_id, dg.DagsterEventType.RUN_SUCCESS)


_CODE = JobPythonOrigin(
    "load",
    RepositoryPythonOrigin(
        executable_path="python",
        code_pointer=dg._core.code_pointer.ModuleCodePointer("nowhere", "nothing", None),
        entry_point=DEFAULT_DAGSTER_ENTRY_POINT,
    ),
)


def job_origin(location: str) -> RemoteJobOrigin:
    """Where the job `load` of a code location comes from."""
    place = RegisteredCodeLocationOrigin(location)
    return RemoteJobOrigin(RemoteRepositoryOrigin(place, "__repository__"), "load")


def new_run(location: str, tags: Mapping[str, str] | None = None, **more: Any) -> dg.DagsterRun:
    """A run of the job `load` of a code location, that nobody has submitted yet."""
    return dg.DagsterRun(
        job_name="load",
        run_id=str(uuid.uuid4()),
        tags=dict(tags or {}),
        remote_job_origin=job_origin(location),
        job_code_origin=_CODE,
        **more,
    )


def teams_yaml(weights: Mapping[str, int], limits: Mapping[str, int]) -> str:
    """teams.yaml with teams of these weights and limits."""
    teams = "".join(
        f"  {name}: {{quota: {{runs: {limits[name]}, weight: {weight}}}}}\n"
        for name, weight in weights.items()
    )
    return f"version: 1\nadmins: [root@example.com]\nteams:\n{teams}"


@contextmanager
def real_queue(teams: Path, places: int) -> Iterator[RealQueue]:
    """An installation with the teams of a file."""
    launcher = NotingLauncher()
    with tempfile.TemporaryDirectory() as folder:
        instance = dg.DagsterInstance(
            instance_type=InstanceType.EPHEMERAL,
            local_artifact_storage=LocalArtifactStorage(folder),
            run_storage=RunStorage(),
            event_storage=EventStorage(),
            compute_log_manager=None,
            run_coordinator=TeamRunCoordinator(str(teams), max_concurrent_runs=places),
            run_launcher=launcher,
            ref=InstanceRef.from_dir(folder),
        )
        with instance:
            yield RealQueue(instance, launcher)


def serve(
    queue: RealQueue, wanted: Sequence[Wanted], under_way: list[Counter[str]]
) -> list[Served]:
    """Submit runs as they come, and serve all; notes the runs under way after each dequeueing."""
    coming = sorted(enumerate(wanted), key=lambda one: (one[1].at, one[0]))
    known: dict[str, tuple[int, Wanted, int]] = {}
    ends: dict[str, int] = {}
    served: list[Served] = []
    now = 0
    while coming or ends or len(served) < len(known):
        for run_id in [run_id for run_id, end in ends.items() if end <= now]:
            queue.end(run_id)
            del ends[run_id]
        while coming and coming[0][1].at <= now:
            number, run = coming.pop(0)
            tags = {BACKFILL_ID_TAG: "all"} if run.lane is Lane.BACKFILL else {}
            known[queue.submit(run.team, tags)] = (number, run, len(served))
        for run_id in queue.dequeue():
            number, run, before = known[run_id]
            ends[run_id] = now + run.seconds
            served.append(Served(number, run, now, len(served) - before))
        under_way.append(Counter(known[run_id][1].team for run_id in ends))
        now += 1
    return served
