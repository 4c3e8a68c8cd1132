"""Runs of commands beside runs of the UI: who still works, and who was killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus

from sales_assets.instance.command_runs import COMMAND_TAG, alive
from sales_assets.instance.embedded import embedded_instance


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with embedded_instance(tmp_path) as opened:
        yield opened


def health(instance: dg.DagsterInstance, run_id: str, **tags: str) -> WorkerStatus:
    run = dg.DagsterRun("job", run_id=run_id, tags=tags)
    return instance.run_launcher.check_run_worker_health(run).status


def test_monitoring_asks_for_the_health_of_runs(instance: dg.DagsterInstance) -> None:
    assert instance.run_monitoring_enabled
    assert instance.run_launcher.supports_check_run_worker_health


def test_a_command_is_running_as_long_as_its_process_holds_the_runs_lock(
    instance: dg.DagsterInstance,
) -> None:
    tags = {COMMAND_TAG: "materialize"}
    with alive(instance, "one"):
        assert health(instance, "one", **tags) is WorkerStatus.RUNNING
        assert health(instance, "another", **tags) is WorkerStatus.FAILED
    assert health(instance, "one", **tags) is WorkerStatus.FAILED


def test_nothing_is_said_of_runs_that_no_command_carries_out(
    instance: dg.DagsterInstance,
) -> None:
    assert health(instance, "of the UI") is WorkerStatus.RUNNING


def test_the_lock_leaves_no_file_behind(instance: dg.DagsterInstance) -> None:
    with alive(instance, "one"):
        pass
    assert list((Path(instance.root_directory) / "command_runs").iterdir()) == []
