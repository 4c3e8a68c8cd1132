"""The UI of the three small teams as `sales-assets serve` serves it, with a history of each.

Belongs here: making and serving it, and remembering what it answers. Does not: its pages (`ui`),
or any expectation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.workspace.context import WorkspaceProcessContext
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sales_assets.instance.embedded import embedded_instance
from sales_assets.platform.assembling import assembled
from sales_assets.platform.serving import Parts, application
from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path
from sales_assets.platform.teams_file import TeamsFile
from sales_assets.settings import Settings
from sales_assets_tests.platform.scoping import places
from sales_assets_tests.platform.scoping.world import History, Places, make_history
from sales_assets_tests.platform.signing_in.served import running
from sales_assets_tests.platform.small import LOCATIONS, TEAMS
from sales_assets_tests.platform.team_server import workspace_of

BROKEN = ("PythonError", "UnauthorizedError")
"""Types of answers that no page asks for on its own account, if it knows the person's rights."""


@dataclass
class Answers:
    """What GraphQL has answered since they were last forgotten."""

    bodies: list[bytes] = field(default_factory=list)

    def wrong(self) -> list[str]:
        """Those that say that something has failed."""
        return [body.decode()[:2000] for body in self.bodies if _is_wrong(json.loads(body))]


def _is_wrong(answer: dict[str, Any]) -> bool:
    data = answer.get("data") or {}
    kinds = {found.get("__typename") for found in data.values() if isinstance(found, dict)}
    return bool(answer.get("errors")) or not kinds.isdisjoint(BROKEN)


class Remembering:
    """Keeps every answer to GraphQL."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self.app = app
        self.answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith("/graphql"):
            await self.app(scope, receive, send)
            return
        body = b""

        async def kept(message: Message) -> None:
            nonlocal body
            if message["type"] == "http.response.body":
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    self.answers.bodies.append(body)
            await send(message)

        await self.app(scope, receive, kept)


@dataclass(frozen=True)
class TeamSite:
    """A served UI, what its teams have done, and who can get tokens for it."""

    url: str
    instance: dg.DagsterInstance
    history: dict[str, History]
    answers: Answers
    tokens: TokensFile

    def token(self, name: str) -> str:
        """A token with which somebody signs in."""
        return self.tokens.create(name, timedelta(hours=1))[1]

    def queued(self, location: str) -> list[dg.DagsterRun]:
        """The runs of a code location that wait; no daemon starts them."""
        return list(
            self.instance.get_runs(
                dg.RunsFilter(
                    statuses=[dg.DagsterRunStatus.QUEUED], tags={"dagster/code_location": location}
                )
            )
        )


@contextmanager
def team_site(home: Path) -> Iterator[TeamSite]:
    """Serve it, with code servers of its own, until the block ends."""
    teams = home / "teams.yaml"
    teams.write_text(TEAMS)
    workspace = home / "workspace.yaml"
    workspace.write_text(workspace_of({name: name for name in LOCATIONS}, places.__name__))
    settings = Settings(home=home / "home", teams_file=teams)
    tokens, answers = TokensFile(tokens_path(settings)), Answers()
    tokens.create("machine:alpha_ci", timedelta(hours=1))  # without any nobody could sign in
    file = TeamsFile(teams)
    with embedded_instance(settings.dagster_home, settings) as instance:
        with WorkspaceProcessContext(instance, Places()) as within:
            history = {team: make_history(instance, within, team) for team in LOCATIONS}
        with (
            assembled(settings, file) as parts,
            application(instance, file, workspace, _remembering(parts, answers)) as app,
            running(app, **parts.uvicorn_options) as url,
        ):
            yield TeamSite(url, instance, history, answers, tokens)


def _remembering(parts: Parts, answers: Answers) -> Parts:
    inner = Middleware(Remembering, answers=answers)
    return replace(parts, middleware=[*parts.middleware, inner])
