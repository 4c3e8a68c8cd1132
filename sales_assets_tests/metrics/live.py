"""A whole installation with a real Prometheus before it, which faults can be injected into.

Belongs here: starting, breaking, mending and ending it, and asking Prometheus. Does not: any
expectation.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import yaml

from sales_assets.alerts.opening import Alerts
from sales_assets.alerts.outbox import Outbox
from sales_assets.alerts.router import utc_now
from sales_assets.alerts.sending import send
from sales_assets.errors import SalesAssetsError
from sales_assets.exchange_rates.live import LiveRates
from sales_assets.instance.embedded import embedded_instance
from sales_assets.metrics.deployed import configuration
from sales_assets.metrics.rules import rules
from sales_assets.metrics.times import Times
from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path
from sales_assets.settings import Settings
from sales_assets_tests.alerts.receivers import Received, http_receiver
from sales_assets_tests.conftest import skip_or_fail
from sales_assets_tests.exchange_rates.builders import QUICK
from sales_assets_tests.frankfurter.server import StandIn
from sales_assets_tests.harness import PROJECT
from sales_assets_tests.metrics import daemon, shops
from sales_assets_tests.platform.operations import Place
from sales_assets_tests.serving import free_port

HERE = "127.0.0.1"
LONG_ENOUGH = 180.0
TIMES = Times(scale=1 / 300, least=20)
"""A rule's five minutes are a second here; no window is shorter than six scrapes."""
TEAMS = """\
version: 1
admins: [root@example.com]
monitors: [machine:prometheus]
rates: {cpu_hour: 3600}
teams:
  alpha:
    prefixes: [alpha, beta]
    budget: BUDGET
    alerts: [{name: hook, url: "ADDRESS"}]
"""
"""A second of CPU costs 1."""
ENOUGH, TOO_LITTLE = "1000000", "0.01"


def until(
    what: str,
    condition: Callable[[], bool],
    doing: Callable[[], object] = bool,
    more: Callable[[], str] = str,
) -> None:
    """Wait for something, doing something meanwhile; `more` says how far it came."""
    end = time.monotonic() + LONG_ENOUGH
    while not condition():
        assert time.monotonic() < end, f"{what}: it never came true {more()}"
        doing()
        time.sleep(0.5)


@dataclass
class Live:
    """What runs."""

    folder: Path
    environment: dict[str, str]
    ports: dict[str, int]
    instance: dg.DagsterInstance
    rates: LiveRates
    api: StandIn
    channel: Received
    root: httpx.Client
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return Settings(home=self.folder / "home", teams_file=self.folder / "teams.yaml")

    @property
    def broken(self) -> Path:
        """While this file is there, the job and the sensor fail."""
        return self.folder / "broken"

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a process of the installation."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, env=self.environment, cwd=self.folder, stdout=log, stderr=log
            )

    def start_code(self) -> None:
        """The code server."""
        dagster = str(Path(sys.executable).parent / "dagster")
        where = ["--host", HERE, "--port", str(self.ports["code"])]
        self.start("code", [dagster, "api", "grpc", *where, "-m", shops.__name__, "-a", "alpha"])

    def stop(self, name: str) -> None:
        """Let a process hang."""
        self.processes[name].send_signal(signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        """Let it go on."""
        self.processes[name].send_signal(signal.SIGCONT)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def launch(self) -> str:
        """Ask the webserver for a run of `load`; its id."""

        def ask(query: str, variables: dict[str, Any]) -> Any:
            answer = self.root.post("/graphql", json={"query": query, "variables": variables})
            data = answer.json()["data"]
            assert "run" in data["launchRun"], data
            return data

        return Place("alpha", ask, self.instance).run()

    def probe(self) -> None:
        """Call the exchange-rate API, which may be broken."""
        with suppress(SalesAssetsError):
            self.rates.probe()

    def grant(self, budget: str) -> None:
        """Give alpha a budget for the month."""
        write_teams(self.folder, budget, self.channel)

    def deliver(self) -> None:
        """Send what waits without waiting for its turn, as will be done in the end."""
        alerts = Alerts(self.settings, contracts=())
        later = timedelta(hours=2)
        outbox = Outbox(alerts.store.engine, alerts.routes(), send, lambda: utc_now() + later)
        outbox.deliver(timedelta(minutes=1))

    def ask(self, path: str, **parameters: str) -> Any:
        """What Prometheus answers."""
        url = f"http://{HERE}:{self.ports['prometheus']}/api/v1/{path}"
        return httpx.get(url, params=parameters, timeout=30).json()["data"]

    def has_data(self, expression: str) -> bool:
        return bool(self.ask("query", query=expression)["result"])

    def alerts(self, state: str | None = None) -> dict[str, dict[str, str]]:
        """The labels of the alerts that fire, or also of those that wait to."""
        return {
            alert["labels"]["alertname"]: alert["labels"]
            for alert in self.ask("alerts")["alerts"]
            if state is None or alert["state"] == state
        }

    def wait_for(
        self, alerts: Sequence[str], doing: Callable[[], object] = bool
    ) -> dict[str, dict[str, str]]:
        """Wait until all of some alerts have fired, at one time or another; their labels."""
        seen: dict[str, dict[str, str]] = {}

        def fire() -> bool:
            seen.update(self.alerts("firing"))
            return seen.keys() >= {*alerts}

        until(f"{alerts} fire", fire, doing, lambda: f"but for {sorted(seen)}")
        return seen

    def wait_for_peace(self, alerts: Iterable[str], doing: Callable[[], object] = bool) -> None:
        """Wait until each of some alerts has cleared, and is not about to fire.

        Not all at one moment: on a busy machine a scrape is late now and then.
        """
        left: dict[str, dict[str, str]] = {name: {} for name in alerts}

        def cleared() -> bool:
            now = self.alerts()
            for name in {*left} - {*now}:
                del left[name]
            left.update({name: labels for name, labels in now.items() if name in left})
            return not left

        until("alerts clear", cleared, doing, lambda: str(left))


def write_teams(folder: Path, budget: str, channel: Received) -> None:
    """Replace teams.yaml by one with a budget, whose alerts go to a channel."""
    (folder / "new.yaml").write_text(
        TEAMS.replace("BUDGET", budget).replace("ADDRESS", channel.address)
    )
    (folder / "new.yaml").replace(folder / "teams.yaml")


def needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        skip_or_fail(f"there is no {program}: apt-get install prometheus")
    return found


@contextmanager
def live(folder: Path) -> Iterator[Live]:
    """The installation, until the block ends."""
    prometheus = needed("prometheus")
    home = folder / "home"
    ports = {name: free_port() for name in ("code", "server", "prometheus")}
    workspace = folder / "workspace.yaml"
    server = {"host": HERE, "port": ports["code"], "location_name": "alpha"}
    workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
    settings = Settings(home=home, teams_file=folder / "teams.yaml")
    tokens = TokensFile(tokens_path(settings))
    _, token = tokens.create("machine:prometheus", timedelta(hours=1))
    _, root = tokens.create("root@example.com", timedelta(hours=1))
    (folder / "token").write_text(token)
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules(TIMES)))
    target = f"{HERE}:{ports['server']}"
    written = configuration(target, str(folder / "token"), "3s")
    (folder / "prometheus.yml").write_text(yaml.safe_dump(written))
    with ExitStack() as ending:
        channel = ending.enter_context(http_receiver())
        write_teams(folder, ENOUGH, channel)
        api = ending.enter_context(StandIn())
        rates = LiveRates(
            **{**QUICK, "failures_to_open": 3, "open_seconds": 2.0, "attempts": 1},
            url=api.url,
            state_url=settings.catalogue_address,
        )
        environment = {
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            shops.BROKEN: str(folder / "broken"),
            "DAGSTER_HOME": str(settings.dagster_home),
            "FRESHNESS_DAEMON_INTERVAL_SECONDS": "2",
            "SALES_ASSETS_HOME": str(home),
            "SALES_ASSETS_TEAMS_FILE": str(folder / "teams.yaml"),
            "SALES_ASSETS_EXCHANGE_RATES": "live",
            "SALES_ASSETS_EXCHANGE_RATES_URL": api.url,
        }
        instance = ending.enter_context(embedded_instance(settings.dagster_home, settings))
        bearer = {"Authorization": f"Bearer {root}"}
        asking = ending.enter_context(
            httpx.Client(base_url=f"http://{target}", headers=bearer, timeout=60)
        )
        made = Live(folder, environment, ports, instance, rates, api, channel, asking)
        ending.callback(_end, made)
        made.start_code()
        until("the code server listens", lambda: _listens(ports["code"]))
        own = [sys.executable, "-m"]
        made.start(
            "server",
            [*own, "sales_assets", "serve", "--port", str(ports["server"]),
             "--workspace", str(workspace)],
        )  # fmt: skip
        made.start("daemon", [*own, daemon.__name__, str(workspace)])
        until("the webserver listens", lambda: _listens(ports["server"]))
        made.start(
            "prometheus",
            [
                prometheus,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address={HERE}:{ports['prometheus']}",
            ],
        )
        until("Prometheus listens", lambda: _listens(ports["prometheus"]))
        yield made


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return not probe.connect_ex((HERE, port))


def _end(made: Live) -> None:
    """End all processes, hanging ones too; the runs that the code server began end with it."""
    for name in ("prometheus", "daemon", "server", "code"):
        process = made.processes.get(name)
        if process is None:
            continue
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
