"""Runs over real Celery workers, brokers and PostgreSQL, with workers that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from kombu.connection import Connection

from sales_assets.instance.embedded import embedded_instance, prepare_home
from sales_assets.resources.catalogue import Catalogue
from sales_assets.setting_kinds import ExecutorKind
from sales_assets.workers import QUEUES, STAGE, WAREHOUSE
from sales_assets_tests.harness import SHOP, TILL, Installation, drop
from sales_assets_tests.pipeline.test_backfill import BACKFILL, DONE, STATUS
from sales_assets_tests.services import RABBITMQ, REDIS, need, postgres_database
from sales_assets_tests.serving import ask, free_port, serving, until

DAYS = [f"2024-02-{n:02}" for n in range(1, 25)]
PATIENCE = 300.0
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'staged'::regclass"
"""Workers that wait for the table in which a part that is staged is noted."""

pytestmark = pytest.mark.long


def landed(home: Path, **settings: Any) -> Installation:
    """Three weeks and a half of drops of two sources, one with a file for each day."""
    made = Installation(home, [SHOP, TILL], **settings)
    for day in DAYS:
        lines = (f"{n},{day},tea,c{n % 7},{n}.25" for n in range(60))
        made.write_drop("shop", f"{day}.csv", drop(*lines, f"60,{day},tea,ann,dear"))
    lines = (f"{n},{day},pot,c{n % 5},{n}.50" for day in DAYS for n in range(20))
    made.write_drop("till", "all.csv", drop(*lines))
    return made


class Machine:
    """An installation whose runs, workers and storage are processes of their own."""

    def __init__(self, home: Path, broker: str, database: str, stack: ExitStack) -> None:
        self._stack, self._home, self._workers = stack, home, 0
        self.database = database
        self.made = landed(
            home,
            executor=ExecutorKind.CELERY,
            celery_broker=broker,
            catalogue_url=database,
            dagster_postgres_url=database,
        )
        prefix = f"test-{uuid.uuid4().hex}."
        stack.callback(remove_queues, broker, prefix)
        backend = {"SALES_ASSETS_CELERY_BACKEND": REDIS} if broker == REDIS else {}
        self._environment = (
            os.environ
            | backend
            | {
                "SALES_ASSETS_HOME": str(home),
                "SALES_ASSETS_CONTRACTS": str(self.made.settings.contracts),
                "SALES_ASSETS_EXECUTOR": "celery",
                "SALES_ASSETS_CELERY_BROKER": broker,
                "SALES_ASSETS_CELERY_QUEUE_PREFIX": prefix,
                "SALES_ASSETS_FAN_OUT_LINES": "300",
                "SALES_ASSETS_CATALOGUE_URL": database,
                "SALES_ASSETS_DAGSTER_POSTGRES_URL": database,
            }
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A command of the project, in a group of processes of its own that ends with the test."""
        code = "from sales_assets.cli import main; main()"
        log = (self._home / f"{arguments[0]}-{uuid.uuid4().hex[:4]}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env=self._environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._stack.callback(log.close)
        self._stack.callback(process.wait)
        self._stack.callback(kill, process)
        return process

    def worker(self, queue: str) -> subprocess.Popen[bytes]:
        return self.start("worker", "--queue", queue)

    def materialize(self, *options: str) -> subprocess.Popen[bytes]:
        return self.start("materialize", "--from", DAYS[0], "--to", DAYS[-1], *options)

    @contextmanager
    def backfill(self) -> Iterator[Callable[[], str | None]]:
        """All assets of all days, as the UI asks for them; gives how it has ended, if it has."""
        self.made.reload()
        keys = self.made.definitions.resolve_asset_graph().materializable_asset_keys
        params = {
            "tags": [{"key": "dagster/from_ui", "value": "true"}],
            "assetSelection": [{"path": list(key.path)} for key in sorted(keys)],
            "partitionNames": DAYS,
            "fromFailure": False,
        }
        port = free_port()
        prepare_home(self.made.settings.dagster_home, self.made.settings)
        with serving(self.made, port, self._environment):
            until("the webserver", lambda: ask(port, "query { version }", {}))
            launched = ask(port, BACKFILL, {"params": params})
            assert launched["__typename"] == "LaunchBackfillSuccess", launched

            def ended() -> str | None:
                status = ask(port, STATUS, {"id": launched["backfillId"]}).get("status")
                return status if status in DONE else None

            yield ended

    def logs(self) -> str:
        """What the commands told, for the message of a test that fails."""
        texts = (path.read_text(errors="replace")[-3000:] for path in self._home.glob("*.log"))
        return "\n".join(texts)

    def staging_halts(self) -> sa.Connection:
        """Keep parts from being noted as staged, until the connection is closed."""
        assert Catalogue(url=self.database).identity, "its tables are made"
        connection = self._stack.enter_context(sa.create_engine(self.database).connect())
        connection.exec_driver_sql("LOCK TABLE staged IN SHARE MODE")
        return connection


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a command and all that it started, at once."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def remove_queues(broker: str, prefix: str) -> None:
    """Leave nothing of a test on the broker."""
    with Connection(broker) as connection:  # type: ignore[no-untyped-call]
        for queue in QUEUES:
            connection.default_channel.queue_delete(f"{prefix}{queue}")


def wait_for(what: Callable[[], bool], machine: Machine) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, machine.logs()
        time.sleep(0.2)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Machine]]:
    with ExitStack() as stack:

        def make(broker: str) -> Machine:
            need("RabbitMQ", 5672) if broker == RABBITMQ else need("Redis", 6379)
            database = stack.enter_context(postgres_database())
            monkeypatch.setenv("SALES_ASSETS_DAGSTER_POSTGRES_URL", database)
            inner = stack.enter_context(ExitStack())
            return Machine(tmp_path / "workers", broker, database, inner)

        yield make


@pytest.fixture
def expected(tmp_path: Path) -> dict[str, list[tuple[object, ...]]]:
    """The tables as one process makes them, without any service."""
    with landed(tmp_path / "alone") as alone:
        alone.materialize(DAYS[0], DAYS[-1])
        return alone.tables()


def events(machine: Machine, kind: dg.DagsterEventType) -> Counter[tuple[str, str]]:
    """How often each step of each run had an event: the daemon's sensors start runs as well."""
    found: Counter[tuple[str, str]] = Counter()
    settings = machine.made.settings
    with embedded_instance(settings.dagster_home, settings) as instance:
        for run in instance.get_runs():
            for record in instance.get_records_for_run(run.run_id, of_type=kind).records:
                event = record.event_log_entry.get_dagster_event()
                found[run.run_id, (event.step_key or "").rpartition(".")[2]] += 1
    return found


def test_a_backfill_whose_worker_is_killed_is_ended_by_its_successor_with_the_same_tables(
    make: Callable[[str], Machine], expected: object
) -> None:
    machine = make(RABBITMQ)
    doomed = machine.worker(STAGE)
    machine.worker(WAREHOUSE)
    halted = machine.staging_halts()
    with machine.backfill() as ended:
        with sa.create_engine(machine.database).connect() as watching:
            wait_for(lambda: bool(watching.exec_driver_sql(WAITING).scalar_one()), machine)

        kill(doomed)
        halted.close()
        machine.worker(STAGE)
        wait_for(lambda: ended() is not None, machine)
        assert ended() == "COMPLETED_SUCCESS", machine.logs()

    starts = events(machine, dg.DagsterEventType.STEP_START)
    twice = [step for (_, step), times in starts.items() if times > 1]
    assert len(twice) == 1, starts
    assert "__staged__part" in twice[0] or "__staged__record" in twice[0]
    assert sum("__shop__staged__part" in step for _, step in starts) > 2, "it was done in parts"
    assert machine.made.tables() == expected


@pytest.mark.parametrize("broker", [RABBITMQ, REDIS], ids=["RabbitMQ", "Redis"])
def test_a_step_whose_process_is_killed_fails_the_run_and_the_next_does_the_rest(
    make: Callable[[str], Machine], expected: object, broker: str
) -> None:
    machine = make(broker)
    worker = machine.worker(STAGE)
    machine.worker(WAREHOUSE)
    halted = machine.staging_halts()
    run = machine.materialize()
    with sa.create_engine(machine.database).connect() as watching:
        wait_for(lambda: bool(watching.exec_driver_sql(WAITING).scalar_one()), machine)

    for child in children(worker.pid):
        os.kill(child, signal.SIGKILL)
    halted.close()

    assert run.wait(PATIENCE) == 1, machine.logs()
    assert machine.materialize("--missing").wait(PATIENCE) == 0, machine.logs()
    assert machine.made.tables() == expected


def children(parent: int) -> list[int]:
    """The processes that a process started."""
    return [int(n) for n in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
