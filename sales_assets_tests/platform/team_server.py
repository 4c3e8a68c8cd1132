"""The webserver of the three teams of `small`, on loopback, with a header instead of a sign-in.

Belongs here: starting and ending it, and asking it. Does not: any expectation.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import uvicorn
import yaml
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from sales_assets.platform.audit.entries import Intent, Outcome
from sales_assets.platform.people import Person
from sales_assets.platform.serving import Parts, application
from sales_assets.platform.teams_file import TeamsFile
from sales_assets_tests.conftest import PROJECT
from sales_assets_tests.platform.operations import ARGUMENTS, Place, document
from sales_assets_tests.platform.small import LOCATIONS, TEAMS

ROOT = "root@example.com"
HEADER = "x-test-user"


class HeaderSignIn:
    """Everybody is who the header says; the rest is as a sign-in leaves it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            name = Headers(scope=scope).get(HEADER)
            if name:
                scope["user"] = Person(name, way="test")
            scope.setdefault("state", {}).update(address="192.0.2.1", request_id="r-1")
        await self.app(scope, receive, send)


@dataclass
class Recorded:
    """An Auditor that tests read."""

    intents: list[Intent] = field(default_factory=list)
    outcomes: dict[int, tuple[Outcome, str]] = field(default_factory=dict)
    is_full: bool = False

    def intend(self, intent: Intent) -> int:
        if self.is_full:
            raise OSError("no space left on device")
        self.intents.append(intent)
        return len(self.intents) - 1

    def conclude(self, number: int, outcome: Outcome, detail: str = "") -> None:
        self.outcomes[number] = (outcome, detail)

    def last(self) -> tuple[Intent, Outcome, str]:
        number = len(self.intents) - 1
        return self.intents[number], *self.outcomes[number]


@dataclass
class TeamServer:
    """A server that runs."""

    url: str
    instance: dg.DagsterInstance
    audit: Recorded
    http: httpx.Client

    def ask(self, user: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The whole answer to a document."""
        body = {"query": query, "variables": variables or {}}
        answer: dict[str, Any] = self.http.post(
            "/graphql", json=body, headers={HEADER: user}
        ).json()
        return answer

    def place(self, location: str) -> Place:
        """A code location, as `operations` wants it."""
        return Place(location, lambda q, v: self.ask(ROOT, q, v)["data"], self.instance)

    def do(self, user: str, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The whole answer to a mutation."""
        return self.ask(user, document(name), variables)

    def try_at(self, user: str, name: str, location: str) -> dict[str, Any]:
        """The whole answer to a mutation with valid arguments for a location."""
        return self.do(user, name, ARGUMENTS[name](self.place(location)))


def workspace_of(attributes: dict[str, str], module: str) -> str:
    """A workspace file: attributes of a module by the locations' names."""
    return yaml.safe_dump(
        {
            "load_from": [
                {
                    "python_module": {
                        "module_name": module,
                        "attribute": attribute,
                        "location_name": location,
                        "working_directory": str(PROJECT),
                    }
                }
                for location, attribute in attributes.items()
            ]
        }
    )


SMALL = "sales_assets_tests.platform.small"


@contextmanager
def instance_in(folder: Path) -> Iterator[dg.DagsterInstance]:
    """An instance whose runs wait in the teams' queue, which nobody empties."""
    folder.mkdir(parents=True)
    teams = folder / "queue_teams.yaml"
    teams.write_text(TEAMS)
    configuration = {
        "run_coordinator": {
            "module": "sales_assets.platform.queue.coordinator",
            "class": "TeamRunCoordinator",
            "config": {"teams_file": str(teams)},
        },
        "telemetry": {"enabled": False},
        "code_servers": {"wait_for_local_processes_on_shutdown": True},
    }
    (folder / "dagster.yaml").write_text(yaml.safe_dump(configuration))
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield instance


@contextmanager
def team_server(folder: Path, parts: Parts | None = None) -> Iterator[TeamServer]:
    """The server, until the block ends."""
    teams = folder / "teams.yaml"
    teams.write_text(TEAMS)
    workspace = folder / "workspace.yaml"
    workspace.write_text(workspace_of({name: name for name in LOCATIONS}, SMALL))
    audit = Recorded()
    made = parts or Parts(audit, [Middleware(HeaderSignIn)])
    with (
        instance_in(folder / "home") as instance,
        application(instance, TeamsFile(teams), workspace, made) as app,
        listening(app) as url,
        httpx.Client(base_url=url, timeout=60) as http,
    ):
        yield TeamServer(url, instance, audit, http)


@contextmanager
def listening(app: ASGIApp) -> Iterator[str]:
    """The address of an application that is served."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws_max_size=2**20)
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    try:
        while not server.started:  # until then the socket is bound, and refuses whoever comes
            if not thread.is_alive():
                raise RuntimeError("the webserver did not start")
            thread.join(0.01)
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        socket.close()
