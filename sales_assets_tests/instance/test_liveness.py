"""Who still works on a run, and whose process is gone.

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus

from sales_assets.instance.embedded import embedded_instance
from sales_assets.instance.liveness import run_lock


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with embedded_instance(tmp_path) as opened:
        yield opened


def health(instance: dg.DagsterInstance, run_id: str) -> WorkerStatus:
    """What another process is told of a run."""
    with dg.DagsterInstance.from_ref(instance.get_ref()) as other:
        return other.run_launcher.check_run_worker_health(
            dg.DagsterRun("job", run_id=run_id)
        ).status


def materialize(instance: dg.DagsterInstance, *, fail: bool = False) -> list[WorkerStatus]:
    """Materialise an asset, and give what was told of its run while it worked."""
    told: list[WorkerStatus] = []

    @dg.asset
    def working(context: dg.AssetExecutionContext) -> None:
        told.append(health(instance, context.run.run_id))
        if fail:
            raise RuntimeError("the asset is wrong")

    dg.materialize([working], instance=instance, raise_on_error=False)
    return told


def test_monitoring_asks_for_the_health_of_runs(instance: dg.DagsterInstance) -> None:
    assert instance.run_monitoring_enabled
    assert instance.run_launcher.supports_check_run_worker_health


@pytest.mark.parametrize("fail", [False, True])
def test_a_run_lives_while_its_process_works_on_it(
    instance: dg.DagsterInstance, fail: bool
) -> None:
    assert materialize(instance, fail=fail) == [WorkerStatus.RUNNING]
    [run] = instance.get_runs()
    assert run.is_finished


def test_a_run_whose_lock_nobody_holds_is_dead(instance: dg.DagsterInstance) -> None:
    Path(run_lock(instance, "killed").lock_file).touch()
    assert health(instance, "killed") is WorkerStatus.FAILED


def test_nothing_is_said_of_a_run_of_another_machine(instance: dg.DagsterInstance) -> None:
    assert health(instance, "elsewhere") is WorkerStatus.RUNNING


def test_an_ended_run_leaves_no_lock_behind(instance: dg.DagsterInstance) -> None:
    materialize(instance)
    assert list(Path(run_lock(instance, "any").lock_file).parent.iterdir()) == []
