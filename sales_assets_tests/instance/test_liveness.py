"""Who still works on a run, and whose process is gone.

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus

from sales_assets.instance.embedded import embedded_instance
from sales_assets.instance.liveness import free_slots_of_dead_runs, run_lock


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


def hold_a_place(instance: dg.DagsterInstance, run: int, status: dg.DagsterRunStatus | None) -> str:
    """Let a run have the only place of a pool of its own; None for a run that is forgotten."""
    run_id, pool = f"00000000-0000-4000-8000-{run:012}", f"pool_{run}"
    if status is not None:
        instance.add_run(dg.DagsterRun("job", run_id=run_id, status=status))
    storage = instance.event_log_storage
    storage.set_concurrency_slots(pool, 1)
    assert storage.claim_concurrency_slot(pool, run_id, "step").is_claimed
    return run_id


def test_places_in_pools_of_runs_that_are_dead_or_ended_are_given_back_and_no_others(
    instance: dg.DagsterInstance,
) -> None:
    started = dg.DagsterRunStatus.STARTED
    forgotten = hold_a_place(instance, 1, None)
    hold_a_place(instance, 2, dg.DagsterRunStatus.FAILURE)
    killed = hold_a_place(instance, 3, started)
    Path(run_lock(instance, killed).lock_file).touch()
    of_another_machine = hold_a_place(instance, 4, started)
    alive = hold_a_place(instance, 5, started)
    storage = instance.event_log_storage
    assert len(storage.get_concurrency_run_ids()) == 5

    with run_lock(instance, alive):
        free_slots_of_dead_runs(instance)

    assert storage.get_concurrency_run_ids() == {of_another_machine, alive}
    for run, has_room in ((1, True), (2, True), (3, True), (4, False), (5, False)):
        claim = storage.claim_concurrency_slot(f"pool_{run}", forgotten, "another step")
        assert claim.is_claimed == has_room
