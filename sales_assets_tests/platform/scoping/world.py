"""Three code locations with a history: runs, logs, ticks, backfills and all else there is.

Belongs here: making it, on any instance, and the ids by which to ask for it. Does not: any
expectation.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import yaml
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.execution.api import execute_run
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.remote_origin import CodeLocationOrigin, InProcessCodeLocationOrigin
from dagster._core.remote_representation.external import RemoteRepository
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster._core.scheduler.instigation import TickData, TickStatus
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceLoadTarget
from dagster._daemon.sensor import SensorLaunchContext
from dagster._daemon.types import DaemonHeartbeat
from dagster_shared.error import SerializableErrorInfo
from sqlalchemy import make_url

from sales_assets_tests.platform.scoping import places
from sales_assets_tests.platform.small import LOCATIONS

EVALUATION = 7
REPOSITORY = "__repository__"
BACKFILL_LOG = "20260113_000000"
"""The last part of the key of what the daemon wrote about a backfill."""


class Places(WorkspaceLoadTarget):
    """Code locations of the module `places`, loaded in this process."""

    def __init__(self, names: Sequence[str] = LOCATIONS) -> None:
        self.names = list(names)

    def create_origins(self) -> Sequence[CodeLocationOrigin]:
        """One for each name."""
        return [
            InProcessCodeLocationOrigin(
                LoadableTargetOrigin(
                    executable_path=sys.executable, module_name=places.__name__, attribute=name
                ),
                location_name=name,
            )
            for name in self.names
        ]


@dataclass(frozen=True)
class History:
    """The ids of what a team has done."""

    team: str
    runs: tuple[str, ...]
    log_key: tuple[str, ...]
    backfill: str
    tick: int
    tick_log_key: tuple[str, ...]
    sensor: str
    schedule: str
    repository: str
    snapshot: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no answer to an outsider may hold."""
        return (self.team, *self.runs, self.backfill, self.snapshot)


@contextmanager
def instance_on(address: str, home: Path) -> Iterator[dg.DagsterInstance]:
    """An instance whose storages are on PostgreSQL, or SQLite in its home."""
    home.mkdir(parents=True, exist_ok=True)
    config: dict[str, object] = {
        "telemetry": {"enabled": False},
        "run_coordinator": {
            "module": QueuedRunCoordinator.__module__,
            "class": QueuedRunCoordinator.__name__,
            "config": {
                "tag_concurrency_limits": [
                    {"key": "team", "value": team, "limit": 2} for team in LOCATIONS
                ]
            },
        },
        "retention": {},
    }
    url = make_url(address)
    if url.get_backend_name() == "postgresql":
        config["storage"] = {
            "postgres": {"postgres_url": address},
        }
    (home / "dagster.yaml").write_text(yaml.safe_dump(config))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def make_history(
    instance: dg.DagsterInstance, workspace: WorkspaceProcessContext, team: str
) -> History:
    """Let a team do one of each."""
    location = workspace.create_request_context().get_code_location(team)
    repository = location.get_repository(REPOSITORY)
    definitions: dg.Definitions = getattr(places, team)
    load = _run(instance, repository, definitions, "load", [], {})
    orders = dg.AssetKey([team, "orders"])
    made = _run(
        instance,
        repository,
        definitions,
        "__ASSET_JOB",
        [orders],
        {"dagster/partition": "2026-01-02"},
    )
    instance.add_dynamic_partitions(f"{team}_regions", [f"north_of_{team}"])
    instance.event_log_storage.set_concurrency_slots(f"{team}_pool", 2)
    instance.event_log_storage.claim_concurrency_slot(f"{team}_pool", load.run_id, f"{team}_step")
    backfill = _backfill(instance, workspace, team)
    sensor, schedule = repository.get_sensor("watch"), repository.get_schedule("nightly")
    instance.start_sensor(sensor)
    instance.start_schedule(schedule)
    tick = instance.create_tick(
        TickData(
            instigator_origin_id=sensor.get_remote_origin_id(),
            instigator_name="watch",
            instigator_type=InstigatorType.SENSOR,
            status=TickStatus.SKIPPED,
            timestamp=1768262400.0,
            selector_id=sensor.selector_id,
            skip_reason=f"nothing new for {team}",
        )
    )
    daemon = SensorLaunchContext(sensor, tick, instance, logging.getLogger("tick"), {})
    tick_log_key = tuple(daemon.log_key)
    instance.update_tick(tick.with_log_key(list(tick_log_key)))
    _print(instance, tick_log_key, f"the tick of {team}")
    _print(instance, ("backfill", backfill, BACKFILL_LOG), f"the backfill of {team}")
    _evaluations(instance, definitions, team)
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(["alpha", "orders"]),
            check_name=f"seen_by_{team}",
            passed=True,
            metadata={"secret_of": team},
        )
    )
    instance.add_daemon_heartbeat(
        DaemonHeartbeat(
            1768262400.0, "SENSOR", f"daemon-{team}", [SerializableErrorInfo(team, [], None)]
        )
    )
    key = next(
        path.relative_to(Path(instance.root_directory) / "storage").with_suffix("").parts
        for path in (Path(instance.root_directory) / "storage" / made.run_id).rglob("*.out")
    )
    assert made.job_snapshot_id is not None
    assert load.job_snapshot_id is not None
    return History(
        team=team,
        runs=(load.run_id, made.run_id),
        log_key=tuple(key),
        backfill=backfill,
        tick=tick.tick_id,
        tick_log_key=tick_log_key,
        sensor=str(sensor.get_compound_id().to_string()),
        schedule=str(schedule.get_compound_id().to_string()),
        repository=str(repository.get_compound_id().to_string()),
        snapshot=load.job_snapshot_id,
    )


def _print(instance: dg.DagsterInstance, log_key: tuple[str, ...], line: str) -> None:
    with instance.compute_log_manager.open_log_stream(log_key, ComputeIOType.STDERR) as stream:
        assert stream is not None
        print(line, file=stream)  # type: ignore[arg-type]


def _run(
    instance: dg.DagsterInstance,
    repository: RemoteRepository,
    definitions: dg.Definitions,
    name: str,
    keys: list[dg.AssetKey],
    tags: dict[str, str],
) -> dg.DagsterRun:
    job = definitions.resolve_job_def(name)
    if keys:
        job = job.get_subset(asset_selection=set(keys))
    run = instance.create_run_for_job(
        job,
        tags=tags,
        asset_selection=frozenset(keys) or None,
        remote_job_origin=repository.get_full_job(name).get_remote_origin(),
    )
    execute_run(InMemoryJob(job), run, instance)
    done = instance.get_run_by_id(run.run_id)
    assert done is not None
    assert done.is_success
    return done


def _backfill(instance: dg.DagsterInstance, workspace: WorkspaceProcessContext, team: str) -> str:
    name = f"backfill-of-{team}"
    graph = workspace.create_request_context().asset_graph
    instance.add_backfill(
        PartitionBackfill.from_asset_partitions(
            backfill_id=name,
            asset_graph=graph,
            partition_names=["2026-01-03"],
            asset_selection=[dg.AssetKey([team, "orders"])],
            backfill_timestamp=1768262400.0,
            tags={"asked_by": team},
            dynamic_partitions_store=instance,
            all_partitions=False,
            title=f"of {team}",
            description=None,
            run_config=None,
        )
    )
    return name


def _evaluations(instance: dg.DagsterInstance, definitions: dg.Definitions, team: str) -> None:
    result = dg.evaluate_automation_conditions(
        defs=definitions,
        instance=instance,
        asset_selection=dg.AssetSelection.keys([team, "totals"]),
    )
    storage = instance.schedule_storage
    assert storage is not None
    storage.add_auto_materialize_asset_evaluations(
        EVALUATION,
        [one.serializable_evaluation.with_run_ids(set()) for one in result.results],
    )
