"""Runs over real Celery workers, brokers and PostgreSQL, with workers that are killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from filelock import ReadWriteLock

from sales_assets.instance.embedded import embedded_instance
from sales_assets.workers import STAGE, WAREHOUSE
from sales_assets_tests.distributed.machine import (
    DAYS,
    PATIENCE,
    Machine,
    children,
    events,
    kill,
    landed,
)
from sales_assets_tests.services import RABBITMQ, REDIS

pytestmark = pytest.mark.long


@pytest.fixture
def expected(tmp_path: Path) -> dict[str, list[tuple[object, ...]]]:
    """The tables as one process makes them, without any service."""
    with landed(tmp_path / "alone") as alone:
        alone.materialize(DAYS[0], DAYS[-1])
        return alone.tables()


def test_a_backfill_whose_worker_is_killed_is_ended_by_its_successor_with_the_same_tables(
    make: Callable[..., Machine], expected: object
) -> None:
    machine = make(RABBITMQ)
    doomed = machine.worker(STAGE)
    machine.worker(WAREHOUSE)
    halted = machine.staging_halts()
    with machine.backfill() as ended:
        machine.wait_until_staging_halts()

        kill(doomed)
        halted.close()
        machine.worker(STAGE)
        machine.wait_for(lambda: ended() is not None)
        assert ended() == "COMPLETED_SUCCESS", machine.logs()

    starts = events(machine, dg.DagsterEventType.STEP_START)
    twice = [step for (_, step), times in starts.items() if times > 1]
    assert len(twice) == 1, starts
    assert "__staged__part" in twice[0] or "__staged__record" in twice[0]
    assert sum("__shop__staged__part" in step for _, step in starts) > 2, "it was done in parts"
    assert machine.made.tables() == expected


@pytest.mark.parametrize("broker", [RABBITMQ, REDIS], ids=["RabbitMQ", "Redis"])
def test_a_step_whose_process_is_killed_fails_the_run_and_the_next_does_the_rest(
    make: Callable[..., Machine], expected: object, broker: str
) -> None:
    machine = make(broker)
    worker = machine.worker(STAGE)
    machine.worker(WAREHOUSE)
    halted = machine.staging_halts()
    run = machine.materialize()
    machine.wait_until_staging_halts()

    for child in children(worker.pid):
        os.kill(child, signal.SIGKILL)
    halted.close()

    assert run.wait(PATIENCE) == 1, machine.logs()
    assert machine.materialize("--missing").wait(PATIENCE) == 0, machine.logs()
    assert machine.made.tables() == expected


def test_a_landing_zone_that_is_away_costs_attempts_of_a_worker_s_step_and_fails_no_run(
    make: Callable[..., Machine], tmp_path: Path, expected: object
) -> None:
    machine = make(RABBITMQ, step_retry_seconds=2)
    machine.worker(WAREHOUSE)
    run = machine.materialize()
    machine.wait_for(lambda: bool(events(machine, dg.DagsterEventType.RUN_START)))
    drops = machine.made.settings.landing_folder / "tests" / "shop"
    away = drops.rename(tmp_path / "away")
    machine.worker(STAGE)
    kind = dg.DagsterEventType.STEP_UP_FOR_RETRY
    machine.wait_for(lambda: bool(events(machine, kind)))
    away.rename(drops)

    assert run.wait(PATIENCE) == 0, machine.logs()
    assert {step for _, step in events(machine, kind)} == {"tests__shop__raw"}
    assert machine.made.tables() == expected


def test_a_step_whose_process_is_killed_in_a_pool_gives_its_place_back(
    make: Callable[..., Machine], expected: object
) -> None:
    machine = make(RABBITMQ)
    machine.worker(STAGE)
    worker = machine.worker(WAREHOUSE)
    settings = machine.made.settings

    def places() -> set[str]:
        with embedded_instance(settings.dagster_home, settings) as instance:
            return set(instance.event_log_storage.get_concurrency_run_ids())

    started = dg.DagsterEventType.STEP_START
    called = "rates__exchange_rates"  # which is the first that wants the warehouse
    settings.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    with ReadWriteLock(f"{settings.warehouse_file}.lock").acquire_write(timeout=60):
        run = machine.materialize("--source", "shop", "--no-marts")
        machine.wait_for(lambda: any(step == called for _, step in events(machine, started)))
        assert len(places()) == 1
        for child in children(worker.pid):
            os.kill(child, signal.SIGKILL)
    assert run.wait(PATIENCE) == 1, machine.logs()
    assert places() == set()
    assert machine.materialize("--missing").wait(PATIENCE) == 0, machine.logs()
    assert machine.made.tables() == expected
