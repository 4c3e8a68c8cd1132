"""A real daemon starts real runs of three teams, with Dagster's storage in PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._cli.job import _create_run
from dagster._core.remote_representation.code_location import GrpcServerCodeLocation
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import WorkspaceFileTarget

from sales_assets.instance.embedded import embedded_instance
from sales_assets.settings import PROJECT, Settings
from sales_assets_tests.platform.queue.real_queue import teams_yaml
from sales_assets_tests.services import postgres_database

TEAMS = ("ants", "bees", "cats")
LIMITS = {"ants": 2, "bees": 1, "cats": 2}
RUNS = {"ants": 4, "bees": 2, "cats": 2}
PATIENCE_SECONDS = 600
SERVED = "served.yaml"
pytestmark = pytest.mark.long


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A shared installation of three teams, with room for three runs."""
    file = tmp_path / "teams.yaml"
    file.write_text(teams_yaml({"ants": 1, "bees": 1, "cats": 2}, LIMITS))
    workspace = [
        {
            "python_module": {
                "module_name": "sales_assets_tests.platform.queue.locations",
                "attribute": team,
                "location_name": team,
                "working_directory": str(PROJECT),
            }
        }
        for team in TEAMS
    ]
    (tmp_path / "workspace.yaml").write_text(yaml.safe_dump({"load_from": workspace}))
    with postgres_database() as address:
        monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("SALES_ASSETS_TEAMS_FILE", str(file))
        monkeypatch.setenv("SALES_ASSETS_CONCURRENT_RUNS", "3")
        monkeypatch.setenv("SALES_ASSETS_DAGSTER_POSTGRES_URL", address)
        monkeypatch.setenv("PYTHONPATH", str(PROJECT))
        loaded = Settings.load()
        monkeypatch.setenv("DAGSTER_HOME", str(loaded.dagster_home))
        yield loaded


@contextmanager
def daemon(folder: Path) -> Iterator[None]:
    """Dagster's daemon; it and all that it started have ended after the block."""
    command = [str(Path(sys.executable).parent / "dagster-daemon"), "run"]
    with (folder / "daemon.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "-w", str(folder / SERVED)],
            cwd=folder,
            start_new_session=True,
            stdout=log,
            stderr=log,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def code_servers(instance: dg.DagsterInstance, folder: Path) -> Iterator[WorkspaceRequestContext]:
    """The teams' code servers, and in a file where they are, so that the daemon needs no others."""
    target = WorkspaceFileTarget([str(folder / "workspace.yaml")])
    with WorkspaceProcessContext(instance, target) as process:
        workspace = process.create_request_context()
        servers = []
        for team in TEAMS:
            location = workspace.get_code_location(team)
            assert isinstance(location, GrpcServerCodeLocation)
            server = {"socket": location.socket, "location_name": team}
            servers.append({"grpc_server": server})
        (folder / SERVED).write_text(yaml.safe_dump({"load_from": servers}))
        yield workspace


def submit_all(instance: dg.DagsterInstance, workspace: WorkspaceRequestContext) -> None:
    """Put each team's runs into the queue, team by team, as `dagster job launch` does."""
    for team in TEAMS:
        location = workspace.get_code_location(team)
        repository = location.get_repository("__repository__")
        for _ in range(RUNS[team]):
            run = _create_run(
                instance=instance,
                code_location=location,
                remote_repo=repository,
                remote_job=repository.get_full_job("load"),
                run_config={},
                tags={},
                op_selection=None,
                run_id=None,
            )
            instance.submit_run(run.run_id, workspace)


def overlapping(runs: list[dg.RunRecord]) -> int:
    """The most runs that were under way at the same time."""
    moments = [(run.start_time, 1) for run in runs] + [(run.end_time, -1) for run in runs]
    busy = most = 0
    for _, change in sorted((moment or 0.0, change) for moment, change in moments):
        busy += change
        most = max(most, busy)
    return most


def test_a_real_daemon_starts_runs_by_turns_and_within_limits(
    settings: Settings, tmp_path: Path
) -> None:
    with (
        embedded_instance(settings.dagster_home, settings) as instance,
        code_servers(instance, tmp_path) as workspace,
    ):
        submit_all(instance, workspace)
        finished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS])
        with daemon(tmp_path):
            give_up = time.monotonic() + PATIENCE_SECONDS
            while instance.get_runs_count(finished) < sum(RUNS.values()):
                assert time.monotonic() < give_up, (tmp_path / "daemon.log").read_text()[-3000:]
                time.sleep(0.5)
        records = list(instance.get_run_records(ascending=True))
        starting = instance.get_event_records(
            dg.EventRecordsFilter(dg.DagsterEventType.RUN_STARTING), ascending=True
        )
    by_team: dict[str, list[dg.RunRecord]] = defaultdict(list)
    for record in records:
        by_team[record.dagster_run.tags["team"]].append(record)
    assert {team: len(runs) for team, runs in by_team.items()} == RUNS
    assert overlapping(records) <= 3
    for team, runs in by_team.items():
        assert overlapping(runs) <= LIMITS[team]
    team_of = {record.dagster_run.run_id: record.dagster_run.tags["team"] for record in records}
    order = [event.event_log_entry.run_id for event in starting]
    for team, runs in by_team.items():
        own = [run_id for run_id in order if team_of[run_id] == team]
        assert own == [record.dagster_run.run_id for record in runs]
    # All were there when the daemon began: whoever submitted last was not last.
    assert {team_of[run_id] for run_id in order[:4]} == set(TEAMS)
