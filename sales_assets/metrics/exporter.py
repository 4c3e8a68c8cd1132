"""Serving the numbers of an installation that has no webserver of its own for it.

Belongs here: loading the code, the server, loading again what could not be loaded. Does not: the
numbers, or signing in: it is for this machine alone.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import uvicorn
from dagster._core.remote_origin import (
    CodeLocationOrigin,
    InProcessCodeLocationOrigin,
    ManagedGrpcPythonEnvCodeLocationOrigin,
)
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget, WorkspaceLoadTarget
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sales_assets.beside import beside
from sales_assets.errors import UsageError
from sales_assets.instance.embedded import embedded_instance
from sales_assets.metrics.page import MetricsPage
from sales_assets.metrics.reaching import observed
from sales_assets.platform.serving import default_workspace, is_loopback
from sales_assets.platform.teams import Teams
from sales_assets.platform.teams_file import TeamsFile
from sales_assets.settings import PROJECT, Settings, find_dagster_home

_log = logging.getLogger("sales_assets")
_AGAIN_SECONDS = 60.0
"""How often code that could not be loaded is tried again: nobody clicks on reload here."""
_OWN_NAMES = ["127.0.0.1", "localhost", "[::1]"]


@contextmanager
def opened(settings: Settings, workspace: Path | None = None) -> Iterator[MetricsPage]:
    """The numbers of an installation."""
    file = workspace or (
        default_workspace(settings) if settings.teams_file else PROJECT / "workspace.yaml"
    )
    if not file.is_file():
        raise UsageError(f"{file}: there is no such file; name another workspace")
    teams = TeamsFile(settings.teams_file) if settings.teams_file else None

    def current() -> Teams | None:
        return teams.current() if teams else None

    with (
        embedded_instance(find_dagster_home(settings), settings) as instance,
        WorkspaceProcessContext(instance, _Here(file)) as process,
        beside("load-again", partial(_load_again, process)),
        closing(MetricsPage(observed(settings, process, current))) as page,
    ):
        yield page


def serve(settings: Settings, host: str, port: int, workspace: Path | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises UsageError on a shared installation: there not everybody on this machine may see the
    numbers of all teams.
    """
    if settings.teams_file is not None:
        raise UsageError(
            "This installation has teams: `sales-assets serve` shows /metrics to the `monitors` of "
            "teams.yaml. `sales-assets metrics --once` prints the numbers."
        )
    if not is_loopback(host):
        _log.warning(
            "%s is no loopback address, and whoever reaches it reads the numbers: let a firewall "
            "keep out all but Prometheus, or serve on 127.0.0.1.",
            host,
        )
    # uvicorn sends itself the signal again after its end: it must not take the rest down with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), opened(settings, workspace) as page:
        uvicorn.run(
            application(page, host), host=host, port=port, log_level="warning", access_log=False
        )


def application(page: MetricsPage, host: str) -> Starlette:
    """The one page.

    On loopback it answers to the names of this machine alone: a page of another site could else
    read it in a browser, under a name that it lets point here.
    """

    async def metrics(request: Request) -> Response:
        body, kind = await run_in_threadpool(page.answer, request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": kind})

    allowed = _OWN_NAMES if is_loopback(host) else ["*"]
    return Starlette(
        routes=[Route("/metrics", metrics)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=allowed)],
    )


class _Here(WorkspaceLoadTarget):
    """The code locations of a file, in this process: a server for each would outlive the command.

    One of another virtual environment has a server all the same.
    """

    def __init__(self, file: Path) -> None:
        self._file = WorkspaceFileTarget([str(file)])

    def create_origins(self) -> Sequence[CodeLocationOrigin]:
        """The locations that the file names."""
        return [_in_process(origin) for origin in self._file.create_origins()]


def _in_process(origin: CodeLocationOrigin) -> CodeLocationOrigin:
    if not isinstance(origin, ManagedGrpcPythonEnvCodeLocationOrigin):
        return origin
    target = origin.loadable_target_origin
    if target.executable_path not in {None, sys.executable}:
        return origin
    return InProcessCodeLocationOrigin(target, location_name=origin.location_name)


def _load_again(process: WorkspaceProcessContext, ended: threading.Event) -> None:
    while not ended.wait(_AGAIN_SECONDS):
        for name, entry in process.get_current_workspace().code_location_entries.items():
            if entry.code_location is None:
                process.refresh_code_location(name)
