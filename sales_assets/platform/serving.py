"""Serving the UI to many teams: one process, until it is told to end.

Belongs here: opening the instance and the workspace, and running the server. Does not: what it
serves (`webserver`), or the command line.
"""

from __future__ import annotations

import ipaddress
import logging
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import uvicorn
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.version import __version__ as version
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from sales_assets.alerts.watching import watched
from sales_assets.errors import UsageError
from sales_assets.instance.embedded import embedded_instance
from sales_assets.platform.audit.entries import Auditor
from sales_assets.platform.context import TeamProcessContext
from sales_assets.platform.monitoring import Numbers
from sales_assets.platform.scoping.census import census_of
from sales_assets.platform.teams_file import TeamsFile
from sales_assets.platform.webserver import TeamWebserver
from sales_assets.platform.workspace_file import following, stamp_of
from sales_assets.settings import Settings, find_dagster_home

_log = logging.getLogger("sales_assets")
STATEMENT_MS, RECYCLE_SECONDS, OVERFLOW = 15_000, 3_600, 20
"""Of the database, as Dagster's own webserver has them."""
POLL_MS = 2_000
"""How often the UI asks anew for what is under way, as with Dagster's own webserver."""
ENDING_SECONDS = 10
"""How long requests may go on after the server was told to end."""


@dataclass(frozen=True)
class Parts:
    """What a webserver is made of beside the teams and the workspace."""

    auditor: Auditor
    middleware: Sequence[Middleware] = ()
    routes: Sequence[BaseRoute] = ()
    uvicorn_options: Mapping[str, Any] = field(default_factory=dict)
    numbers: Callable[[TeamProcessContext], Numbers] | None = None
    """What /metrics shows of a workspace and its instance."""


@dataclass(frozen=True)
class Address:
    """Where it is served, and whether something before it speaks TLS."""

    host: str
    port: int
    is_behind_tls: bool = False


def default_workspace(settings: Settings) -> Path:
    """The file that `sales-assets deploy` writes."""
    return settings.home / "platform" / "workspace.yaml"


def teams_of(settings: Settings) -> TeamsFile:
    """The teams; raises UsageError if no file is named."""
    if settings.teams_file is None:
        raise UsageError(
            "The server for many teams needs SALES_ASSETS_TEAMS_FILE; deploy/teams.yaml is a "
            "sample. For one team there is `sales-assets ui`."
        )
    return TeamsFile(settings.teams_file)


@contextmanager
def application(
    instance: dg.DagsterInstance,
    teams: TeamsFile,
    workspace: Path,
    parts: Parts,
) -> Iterator[Starlette]:
    """The application, with the workspace's code locations loaded while the block lasts."""
    if not workspace.is_file():
        raise UsageError(
            f"{workspace}: there is no such file; deploy a team first, or name another workspace."
        )
    seen, target = stamp_of(workspace), WorkspaceFileTarget([str(workspace)])
    with (
        TeamProcessContext(instance, target, teams.current, parts.auditor, version) as process,
        following(workspace, process, seen),
        ExitStack() as ending,
    ):
        _look_ahead(instance)
        numbers = parts.numbers(process) if parts.numbers else None
        if numbers is not None:
            ending.callback(numbers.close)
        server = TeamWebserver(process, parts.middleware, parts.routes, POLL_MS, numbers)
        yield server.create_asgi_app()


def _look_ahead(instance: dg.DagsterInstance) -> None:
    """Take the first look at the storages, which reads all backfills, before anybody waits."""
    try:
        census_of(instance).held(instance)
    except Exception:  # noqa: BLE001 (logged; administrators need no look, others try it again)
        _log.exception("What the storages hold cannot be looked at yet; the next request tries it.")


def serve(
    settings: Settings, address: Address, workspace: Path, teams: TeamsFile, parts: Parts
) -> None:
    """Serve until SIGTERM or Ctrl-C; requests under way are answered before it ends."""
    # uvicorn sends itself the signal again after its end: it must not take the rest down with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not address.is_behind_tls and not is_loopback(address.host):
        _log.warning(
            "%s is no loopback address, and passwords and cookies go over it unencrypted: put a "
            "proxy that speaks TLS before it, or serve on 127.0.0.1.",
            address.host,
        )
    with (
        suppress(KeyboardInterrupt),
        embedded_instance(find_dagster_home(settings), settings) as instance,
    ):
        instance.optimize_for_webserver(STATEMENT_MS, RECYCLE_SECONDS, OVERFLOW)
        with (
            application(instance, teams, workspace, parts) as app,
            watched(settings, instance, workspace),
        ):
            uvicorn.run(
                app,
                host=address.host,
                port=address.port,
                log_level="warning",
                access_log=False,  # it would show the one-time codes of sign-ins
                timeout_graceful_shutdown=ENDING_SECONDS,
                **parts.uvicorn_options,
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
