"""A team's code server: starting it, and asking it.

Belongs here: Dagster's `api grpc` on a socket and what this project asks it. Does not: its
environment (`surroundings`), or when it is started and ended (`deploying`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import GetCurrentRunsResult
from dagster_shared.serdes import deserialize_value

from sales_assets.errors import PermanentError
from sales_assets.platform.deployments import processes
from sales_assets.platform.deployments.commands import last_lines
from sales_assets.platform.deployments.folders import Folders
from sales_assets.platform.deployments.records import Release, Server

MORE_TIME = "import less, or give a new server more seconds (SALES_ASSETS_DEPLOY_START_SECONDS)"
_ANSWER_SECONDS = 5
_TRIES = 3
_POLL_SECONDS = 0.1


class BrokenReleaseError(PermanentError):
    """A release does not do; what served before goes on."""


def start_server(
    folders: Folders, team: str, location: str, release: Release, environment: Mapping[str, str]
) -> Server:
    """Start a server on a new socket; it does not answer yet."""
    socket, log = folders.new_socket(team), folders.log(team, release.number)
    command = [
        *(str(release.python), "-m", "dagster", "api", "grpc"),
        *("--socket", str(socket), "--location-name", location),
        *("--module-name", release.module, "--attribute", release.attribute),
        *("--working-directory", str(release.folder), "--use-python-environment-entry-point"),
        # What does not load is told to whoever asks, and not only written to the log.
        "--lazy-load-user-code",
    ]
    now = datetime.now(UTC)
    with log.open("a") as writing:
        writing.write(f"--- {now.isoformat()} {socket.name}\n")
    pid = processes.start(command, socket, release.folder, environment, log)
    return Server(pid=pid, socket=socket, log=log, release=release.number, since=now)


def wait_until_it_answers(server: Server, seconds: float) -> None:
    """Return when a server answers, which it does once its definitions are loaded.

    Raises BrokenReleaseError with the end of its log if it ended, or takes too long.
    """
    deadline = time.monotonic() + seconds
    while not answers(server):
        if not processes.is_running(server.pid, server.socket):
            raise BrokenReleaseError(
                f"the code server ended before it answered ({server.log}): {_said(server)}"
            )
        if time.monotonic() > deadline:
            raise BrokenReleaseError(
                f"the code server does not answer after {seconds:g} s; it loads its definitions "
                f"first: {MORE_TIME} ({server.log}): {_said(server)}"
            )
        time.sleep(_POLL_SECONDS)


def _said(server: Server) -> str:
    text = server.log.read_text(encoding="utf-8", errors="replace")
    return last_lines(text.rsplit("--- ", 1)[-1].partition("\n")[2])


def answers(server: Server) -> bool:
    """Whether a server answers now."""
    return server_id(server) is not None


def serves(server: Server) -> bool:
    """Whether a server runs and answers; on a busy machine it may be late with an answer."""
    return processes.is_running(server.pid, server.socket) and any(
        answers(server) for _ in range(_TRIES)
    )


def server_id(server: Server) -> str | None:
    """What Dagster tells the server by; None if it does not answer."""
    if not server.socket.exists():
        return None
    try:
        return client_of(server).get_server_id(timeout=_ANSWER_SECONDS)
    except DagsterUserCodeUnreachableError:
        return None


def runs_of(server: Server) -> tuple[str, ...]:
    """The runs whose processes a server has; none if it does not answer."""
    try:
        told = deserialize_value(client_of(server).get_current_runs(), GetCurrentRunsResult)
    except DagsterUserCodeUnreachableError:
        return ()
    return tuple(told.current_runs)


def end_after_runs(server: Server) -> None:
    """Tell a server to end as soon as its last run has; from now on it takes no more."""
    with suppress(DagsterUserCodeUnreachableError):
        client_of(server).shutdown_server(timeout=_ANSWER_SECONDS)


def cancel_runs(server: Server, home: Path) -> None:
    """Let a server's runs end as cancelled ones; `home` is that of the Dagster instance."""
    with (
        dg.DagsterInstance.from_config(str(home)) as instance,
        suppress(DagsterUserCodeUnreachableError),
    ):
        for run_id in runs_of(server):
            instance.run_launcher.terminate(run_id)


def client_of(server: Server) -> DagsterGrpcClient:
    """Dagster's client of a server."""
    return DagsterGrpcClient(socket=str(server.socket))
