"""An installation whose runs and workers are processes of their own, with brokers and PostgreSQL.

Belongs here: starting and killing them, stopping them at a known place, and what their runs did.
Does not: any expectation.
"""

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
import sqlalchemy as sa

from sales_assets.dbt_manifest import prepare
from sales_assets.instance.embedded import embedded_instance, prepare_home
from sales_assets.resources.build import dbt_location
from sales_assets.resources.catalogue import Catalogue
from sales_assets.setting_kinds import ExecutorKind, WarehouseKind
from sales_assets.settings import PREFIX
from sales_assets_tests.harness import SHOP, TILL, Installation, drop
from sales_assets_tests.pipeline.test_backfill import BACKFILL, DONE, STATUS
from sales_assets_tests.services import REDIS, remove_queues
from sales_assets_tests.serving import ask, free_port, serving, until

DAYS = [f"2024-02-{n:02}" for n in range(1, 30)]
PATIENCE = 300.0
_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'staged'::regclass"
"""Workers that wait for the table in which a part that is staged is noted."""


def landed(home: Path, shop: Path = SHOP, **settings: Any) -> Installation:
    """A month of drops of two sources, one with a file for each day; `shop` is its contract."""
    made = Installation(home, [shop, TILL], **settings)
    for day in DAYS:
        lines = (f"{n},{day},tea,c{n % 7},{n}.25" for n in range(60))
        made.write_drop("shop", f"{day}.csv", drop(*lines, f"60,{day},tea,ann,dear"))
    lines = (f"{n},{day},pot,c{n % 5},{n}.50" for day in DAYS for n in range(20))
    made.write_drop("till", "all.csv", drop(*lines))
    return made


class Machine:
    """An installation whose runs, workers and storage are processes of their own."""

    def __init__(
        self,
        home: Path,
        broker: str,
        database: str,
        stack: ExitStack,
        shop: Path = SHOP,
        **settings: Any,
    ) -> None:
        self._stack, self._home = stack, home
        self.database = database
        self.made = landed(
            home,
            shop,
            executor=ExecutorKind.CELERY,
            celery_broker=broker,
            catalogue_url=database,
            dagster_postgres_url=database,
            **settings,
        )
        if self.made.settings.warehouse is WarehouseKind.SNOWFLAKE:
            prepare(dbt_location(self.made.settings))  # of its own database
        prefix = f"test-{uuid.uuid4().hex}."
        stack.callback(remove_queues, broker, prefix)
        given = settings | {
            "home": home,
            "contracts": self.made.settings.contracts,
            "executor": "celery",
            "celery_broker": broker,
            "celery_queue_prefix": prefix,
            "fan_out_lines": 300,
            "catalogue_url": database,
            "dagster_postgres_url": database,
        }
        if broker == REDIS:
            given["celery_backend"] = REDIS
        named = {f"{PREFIX}{name.upper()}": str(value) for name, value in given.items()}
        self._environment = os.environ | named

    def start(self, *arguments: str, home: Path | None = None) -> subprocess.Popen[bytes]:
        """A command of the project, in a group of processes of its own that ends with the test.

        With another home it is as on another machine.
        """
        code = "from sales_assets.cli import main; main()"
        log = (self._home / f"{arguments[0]}-{uuid.uuid4().hex[:4]}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env=self._environment | {f"{PREFIX}HOME": str(home or self._home)},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._stack.callback(log.close)
        self._stack.callback(process.wait)
        self._stack.callback(kill, process)
        return process

    def worker(self, queue: str, home: Path | None = None) -> subprocess.Popen[bytes]:
        return self.start("worker", "--queue", queue, home=home)

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

    def wait_until_staging_halts(self) -> None:
        """Wait until a part is staged but for being noted."""
        with sa.create_engine(self.database).connect() as watching:
            self.wait_for(lambda: bool(watching.exec_driver_sql(_WAITING).scalar_one()))

    def wait_for(self, what: Callable[[], bool]) -> None:
        """Wait until something is so; fail with what the commands told if it does not come."""
        deadline = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.2)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a command and all that it started, at once."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def children(parent: int) -> list[int]:
    """The processes that a process started."""
    return [int(n) for n in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


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
