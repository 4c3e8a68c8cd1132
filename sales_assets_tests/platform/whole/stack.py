"""The whole installation: the command `sales-assets serve`, three teams with a history, sign-ins.

Belongs here: starting and ending it, signing in, asking, and reading what it has kept. Does not:
any expectation.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
from dagster._core.workspace.context import WorkspaceProcessContext

from sales_assets.instance.embedded import embedded_instance
from sales_assets.platform.audit.log import AuditLog
from sales_assets.platform.audit.opening import open_audit_log
from sales_assets.platform.audit.rows import Row
from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path
from sales_assets.settings import Settings
from sales_assets_tests.conftest import PROJECT
from sales_assets_tests.platform.operations import Place
from sales_assets_tests.platform.scoping import places
from sales_assets_tests.platform.scoping.world import History, Places, make_history
from sales_assets_tests.platform.signing_in.served import Key, usual_claims
from sales_assets_tests.platform.small import LOCATIONS, TEAMS
from sales_assets_tests.platform.team_server import workspace_of
from sales_assets_tests.platform.whole.persons import ROOT, Who
from sales_assets_tests.serving import free_port

SECRET = "the secret of the proxies"
HERE, PROXY = "127.0.0.1", "127.0.0.7"
LONG_ENOUGH = 120.0
ALL_DAY = timedelta(days=1)
"""Who has signed in once asks until the last test of the process, however long that takes."""


@dataclass
class Stack:
    """An installation that is served."""

    url: str
    home: Path
    teams: Path
    instance: dg.DagsterInstance
    audit: AuditLog
    environment: dict[str, str]
    key: Key
    history: dict[str, History] = field(default_factory=dict)
    _clients: dict[str, httpx.Client] = field(default_factory=dict)
    _files: list[sqlite3.Connection] = field(default_factory=list)
    _told: int = 0

    @property
    def tokens(self) -> TokensFile:
        return TokensFile(tokens_path(Settings(home=self.home)))

    def jwt(self, name: str, **claims: Any) -> str:
        """A JWT that is as it should be, but for claims that are given."""
        return self.key.sign(usual_claims(email=name, **claims))

    def headers(self, who: Who) -> dict[str, str]:
        """What somebody signs in with, if it is a header."""
        if who.way == "token":
            token = self.tokens.create(who.name, ALL_DAY)[1]
            return {"Authorization": f"Bearer {token}"}
        if who.way == "jwt":
            end = int(time.time() + ALL_DAY.total_seconds())
            return {"Authorization": f"Bearer {self.jwt(who.name, exp=end)}"}
        if who.way == "proxy":
            return {
                "X-Proxy-Secret": SECRET,
                "X-Auth-Request-Email": who.name,
                "X-Auth-Request-Groups": ",".join(who.groups),
            }
        return {}

    def client(self, source: str = HERE, **options: Any) -> httpx.Client:
        """A new client with an address of its own."""
        transport = httpx.HTTPTransport(local_address=source)
        return httpx.Client(base_url=self.url, transport=transport, timeout=LONG_ENOUGH, **options)

    def of(self, who: Who) -> httpx.Client:
        """The client of somebody who has signed in."""
        if who.name not in self._clients:
            source = PROXY if who.way == "proxy" else HERE
            client = self.client(source, headers=self.headers(who))
            if who.way == "session":
                token = self.tokens.create(who.name, ALL_DAY)[1]
                client.headers["Origin"] = self.url
                answer = client.post("/sign-in", data={"token": token, "next": "/"})
                assert answer.status_code == 303, answer.text
            self._clients[who.name] = client
        return self._clients[who.name]

    def post(self, who: Who, query: str, variables: dict[str, Any] | None = None) -> httpx.Response:
        """The answer to a document."""
        return self.of(who).post("/graphql", json={"query": query, "variables": variables or {}})

    def data(self, who: Who, query: str, variables: dict[str, Any] | None = None) -> Any:
        """The data of an answer without errors."""
        answer = self.post(who, query, variables).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def place(self, location: str) -> Place:
        """A code location, as `operations` wants it."""
        return Place(location, lambda q, v: self.data(ROOT, q, v), self.instance)

    def told(self) -> list[Row]:
        """The rows of the audit log that are new since this was asked last."""
        rows = list(self.audit.rows(self._told + 1))
        self._told = rows[-1].number if rows else self._told
        return rows

    def written(self) -> tuple[int, ...]:
        """Changes with each transaction that another process commits to Dagster's databases."""
        if not self._files:
            root = Path(self.instance.root_directory)
            names = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
            for name in names:
                assert (root / name).is_file(), name
                self._files.append(sqlite3.connect(f"file:{root / name}?mode=ro", uri=True))
        return tuple(one.execute("PRAGMA data_version").fetchone()[0] for one in self._files)

    def run_command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of `sales-assets` on this installation."""
        return subprocess.run(
            [sys.executable, "-m", "sales_assets", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LONG_ENOUGH,
            check=False,
        )

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        for one in self._files:
            one.close()


@contextmanager
def stack(folder: Path, postgres: str | None = None, teams: str = TEAMS) -> Iterator[Stack]:
    """The installation, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    home, file, key = folder / "home", folder / "teams.yaml", Key()
    file.write_text(teams)
    (folder / "keys.json").write_text(json.dumps({"keys": [key.jwk()]}))
    workspace = folder / "workspace.yaml"
    workspace.write_text(workspace_of({name: name for name in LOCATIONS}, places.__name__))
    port = free_port()
    own = {
        "HOME": str(home),
        "TEAMS_FILE": str(file),
        "TRUSTED_PROXIES": PROXY,
        "PROXY_SECRET": SECRET,
        "JWT_ISSUER": "https://issuer.example",
        "JWT_AUDIENCE": "sales",
        "JWT_KEYS_FILE": str(folder / "keys.json"),
        "SIGN_IN_ATTEMPTS": "25",
        **({"DAGSTER_POSTGRES_URL": postgres} if postgres else {}),
    }
    kept = {name: value for name, value in os.environ.items() if "DAGSTER_HOME" not in name}
    environment = {**kept, "PYTHONPATH": str(PROJECT)}
    environment |= {f"SALES_ASSETS_{name}": value for name, value in own.items()}
    settings = Settings(
        home=home,
        teams_file=file,
        **({"dagster_postgres_url": postgres} if postgres else {}),  # type: ignore[arg-type]
    )
    with ExitStack() as ending:
        if postgres:
            name = "SALES_ASSETS_DAGSTER_POSTGRES_URL"
            os.environ[name] = postgres
            ending.callback(os.environ.pop, name)
        instance = ending.enter_context(embedded_instance(settings.dagster_home, settings))
        with WorkspaceProcessContext(instance, Places()) as context:
            history = {team: make_history(instance, context, team) for team in LOCATIONS}
        TokensFile(tokens_path(settings)).create("machine:first", ALL_DAY)
        audit = ending.enter_context(closing(open_audit_log(settings)))
        command = [sys.executable, "-m", "sales_assets", "serve", "--port", str(port)]
        ending.enter_context(
            _process([*command, "--workspace", str(workspace)], environment, folder, port)
        )
        made = Stack(
            f"http://{HERE}:{port}", home, file, instance, audit, environment, key, history
        )
        ending.callback(made.close)
        yield made


@contextmanager
def _process(
    command: list[str], environment: dict[str, str], folder: Path, port: int
) -> Iterator[None]:
    """The webserver, once it answers; it ends with the block."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
        try:
            end = time.monotonic() + LONG_ENOUGH
            while not _answers(port):
                said = (folder / "log").read_text()
                assert process.poll() is None, said
                assert time.monotonic() < end, said
                time.sleep(0.2)
            yield
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, (folder / "log").read_text()
        finally:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://{HERE}:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False
