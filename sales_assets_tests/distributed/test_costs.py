"""What steps cost that workers do: each process tells its own, also one that is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from sales_assets.costs.amounts import Amounts, By
from sales_assets.costs.bill import bill
from sales_assets.costs.entries import Entry, entries
from sales_assets.costs.ledger import Ledger
from sales_assets.costs.meter import RUN, SUCCESS, UNFINISHED
from sales_assets.costs.pricing import Prices
from sales_assets.costs.tables import PROCESSES, STEPS
from sales_assets.partitions import DAY, Window
from sales_assets.workers import STAGE, WAREHOUSE
from sales_assets_tests.distributed.machine import PATIENCE, Machine, children, kill
from sales_assets_tests.services import RABBITMQ

pytestmark = pytest.mark.long


def rows(machine: Machine, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
    engine = sa.create_engine(machine.database)  # a ledger would wait for who makes tables
    with engine.connect() as connection:
        found = list(connection.execute(table.select()).fetchall())
    engine.dispose()
    return found


def told(machine: Machine, now: datetime) -> list[Entry]:
    ledger = Ledger(machine.database)
    found = entries(ledger, Window(now.date() - DAY, now.date() + 2 * DAY), now)
    ledger.engine.dispose()
    return found


def test_every_process_of_a_run_tells_what_it_used_and_one_that_is_killed_stays_unfinished(
    make: Callable[..., Machine], tmp_path: Path
) -> None:
    machine = make(RABBITMQ)
    worker, writer = machine.worker(STAGE), machine.worker(WAREHOUSE)
    halted = machine.staging_halts()
    run = machine.materialize()
    machine.wait_until_staging_halts()
    machine.wait_for(lambda: any("staged__part" in row.step for row in rows(machine, STEPS)))
    for child in children(worker.pid):
        os.kill(child, signal.SIGKILL)
    halted.close()
    assert run.wait(PATIENCE) == 1, machine.logs()
    later = told(machine, datetime.now(UTC) + timedelta(hours=1))
    killed = [entry for entry in later if entry.step and entry.state == UNFINISHED]
    assert killed
    assert {entry.source for entry in killed} <= {"tests/shop", "tests/till"}
    assert all(entry.asset.endswith("/staged") for entry in killed), "a part is of its asset"
    assert sum(entry.amounts.cpu for entry in killed) > 0

    told_by_workers = [log.read_text() for log in tmp_path.rglob("worker-*.log")]
    assert len(told_by_workers) == 2
    assert not any("not metered" in text for text in told_by_workers)

    before = {(row.run_id, row.step) for row in rows(machine, STEPS)}
    assert machine.materialize("--missing").wait(PATIENCE) == 0, machine.logs()
    new = [row for row in rows(machine, STEPS) if (row.run_id, row.step) not in before]
    assert {row.state for row in new} == {SUCCESS}
    own = {row.process for row in new if row.step == RUN}
    steps = {row.process for row in new if row.step != RUN}
    assert steps < own, "each process has a share of the run beside its steps"
    assert len(own - steps) == 1, "the command only gives steps to workers"
    assert all(row.cpu > 0 for row in new)
    for one in (worker, writer):  # they tell of themselves now and then, also between two looks
        kill(one)
        one.wait()
    found = told(machine, datetime.now(UTC))
    lines = bill(found, By.RUN, Prices({}))
    of_rows = sum(row.cpu for table in (STEPS, PROCESSES) for row in rows(machine, table))
    assert lines.total.amounts.cpu == of_rows
    assert sum((line.amounts for line in lines.lines), Amounts()) == lines.total.amounts
    assert {row.kind for row in rows(machine, PROCESSES)} >= {"step process"}
