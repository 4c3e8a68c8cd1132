"""Runs started from the command line, recorded as if the UI had started them.

Belongs here: making a run of some assets and days in this process. Does not: choosing them
(`cli`). `dagster asset materialize` records no origin, so that the UI cannot re-execute its
runs; here a run knows its code location.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.events import RunFailureReason
from dagster._core.execution.api import execute_run
from dagster._core.execution.stats import STEP_STATS_EVENT_TYPES, build_run_step_stats_from_events
from dagster._core.remote_origin import RemoteRepositoryOrigin
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._utils.interrupts import capture_interrupts

from sales_assets.instance.liveness import free_slots_of_dead_runs
from sales_assets.partitions import Window

ALL_ASSETS_JOB = "__ASSET_JOB"
"""Dagster's own job of all assets, which the UI materialises from."""

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
# In long ranges writing each event to the console as well costs more than the work.


class RunStarter:
    """Starts runs of the code location that a workspace file names first."""

    def __init__(self, workspace: Path) -> None:
        self._location = WorkspaceFileTarget([str(workspace)]).create_origins()[0]
        target = self._location.loadable_target_origin
        self._repository = ReconstructableRepository.for_module(
            target.module_name or "", target.attribute or "defs", target.working_directory
        )
        self._definition = self._repository.get_definition()

    def keys_above_sources(self, *, reports: bool = False) -> list[dg.AssetKey]:
        """The keys of the dbt models and, if asked for, of the reports."""
        folders = {"staging", "core", "marts", *(["reports"] if reports else [])}
        keys = self._definition.asset_graph.materializable_asset_keys
        return sorted(key for key in keys if key.path[0] in folders)

    def check_keys(self) -> set[dg.AssetCheckKey]:
        """The keys of all asset checks."""
        return set(self._definition.asset_graph.asset_check_keys)

    def check_specs(self) -> list[dg.AssetCheckSpec]:
        """What all asset checks say of themselves."""
        graph = self._definition.asset_graph
        return [graph.get_check_spec(key) for key in sorted(graph.asset_check_keys, key=str)]

    def specs(self) -> list[dg.AssetSpec]:
        """What all assets say of themselves."""
        graph = self._definition.asset_graph
        return [graph.get(key).to_asset_spec() for key in sorted(graph.materializable_asset_keys)]

    @property
    def graph(self) -> AssetGraph:
        """The assets and what they depend on."""
        return self._definition.asset_graph

    def run(
        self,
        instance: dg.DagsterInstance,
        keys: Iterable[dg.AssetKey],
        window: Window,
    ) -> dg.DagsterRun:
        """Materialise assets for a window in one run in this process; return it as it ended."""
        loaded = self._definition.repository_load_data
        job = self._repository.get_reconstructable_job(ALL_ASSETS_JOB).with_repository_load_data(
            loaded
        )
        origin = RemoteRepositoryOrigin(self._location, self._definition.name)
        free_slots_of_dead_runs(instance)
        with capture_interrupts():
            run = instance.create_run_for_job(
                job_def=job.get_definition(),
                asset_selection=frozenset(keys),
                run_config=_QUIET,
                tags={
                    # Whoever gave the command sees its failure, and repeats it or does not.
                    "dagster/max_retries": "0",
                    # It may take as long as it takes: Ctrl-C ends it, and the daemon could not.
                    "dagster/max_runtime": "0",
                    "dagster/asset_partition_range_start": window.first_key,
                    "dagster/asset_partition_range_end": window.last_key,
                },
                remote_job_origin=origin.get_job_origin(ALL_ASSETS_JOB),
                job_code_origin=job.get_python_origin(),
                repository_load_data=loaded,
            )
            execute_run(job, run, instance)
        _cancel_if_interrupted(instance, run)
        ended = instance.get_run_by_id(run.run_id)
        assert ended is not None
        return ended


def _cancel_if_interrupted(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Make a run that Ctrl-C or SIGTERM ended a cancelled one.

    Dagster calls such a run failed, because nobody asked for its end in the UI.
    """
    ended = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    for record in ended.records:
        event = record.event_log_entry.get_dagster_event()
        if event.job_failure_data.failure_reason is RunFailureReason.UNEXPECTED_TERMINATION:
            instance.report_run_canceled(run, "The command was interrupted.")


def step_seconds(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dict[str, float]:
    """How long each step of a run took, from its start to its end; by step key.

    As `get_run_step_stats` says it, which reads every materialisation as well: half a CPU second
    for a year of a few sources.
    """
    kinds = STEP_STATS_EVENT_TYPES - {dg.DagsterEventType.ASSET_MATERIALIZATION}
    records = instance.get_records_for_run(run.run_id, of_type=kinds).records
    events = [record.event_log_entry for record in records]
    return {
        stats.step_key: stats.end_time - stats.start_time
        for stats in build_run_step_stats_from_events(run.run_id, events)
        if stats.start_time and stats.end_time
    }
