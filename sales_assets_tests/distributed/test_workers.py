"""Runs over real Celery workers, brokers and PostgreSQL, with workers that are killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

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
