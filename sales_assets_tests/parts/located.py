"""An installation of two teams: a code server for each and one for what is shared, and a daemon.

Belongs here: starting and ending them, and their workspace. Does not: any expectation.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import yaml
from dagster._grpc.client import DagsterGrpcClient

from sales_assets_tests.harness import PROJECT, Installation
from sales_assets_tests.serving import BIN, until

LOCATIONS: dict[str, dict[str, str]] = {
    "retail": {"SALES_ASSETS_PART": "sources", "SALES_ASSETS_TEAM": "retail"},
    "global": {"SALES_ASSETS_PART": "sources", "SALES_ASSETS_TEAM": "global"},
    "analytics": {"SALES_ASSETS_PART": "shared"},
}
"""What each code location is told beside what all are."""
DEFINITIONS = ["--module-name", "sales_assets_tests.parts.often", "--attribute", "defs"]


@contextmanager
def code_servers(made: Installation, settings: Mapping[str, str]) -> Iterator[Path]:
    """The code servers, each with its own environment; gives their workspace file."""
    with TemporaryDirectory(prefix="code") as folder:  # a socket's path has to be short
        sockets = {name: Path(folder) / name for name in LOCATIONS}
        workspace = made.settings.home / "workspace.yaml"
        servers = [
            {"grpc_server": {"socket": str(socket), "location_name": name}}
            for name, socket in sockets.items()
        ]
        workspace.write_text(yaml.safe_dump({"load_from": servers}))
        with _processes(
            made,
            {
                name: (
                    [str(BIN / "dagster"), "api", "grpc", "-s", str(sockets[name]), *DEFINITIONS]
                )
                for name in LOCATIONS
            },
            {name: {**settings, **own} for name, own in LOCATIONS.items()},
        ):
            for name, socket in sockets.items():
                client = DagsterGrpcClient(socket=str(socket))
                is_served = partial(_is_served, client)
                until(f"the code server of {name}", is_served, 120)
            yield workspace


def _is_served(client: DagsterGrpcClient) -> bool:
    return bool(client.health_check_query() == "SERVING")  # type: ignore[no-untyped-call]


@contextmanager
def daemon(made: Installation, workspace: Path, settings: Mapping[str, str]) -> Iterator[None]:
    """A daemon for the code servers; it has none of the settings that they have."""
    command = [str(BIN / "dagster-daemon"), "run", "-w", str(workspace)]
    with _processes(made, {"daemon": command}, {"daemon": settings}):
        yield


@contextmanager
def _processes(
    made: Installation,
    commands: Mapping[str, list[str]],
    environments: Mapping[str, Mapping[str, str]],
) -> Iterator[None]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SALES_ASSETS_", "DAGSTER_"))}
    shared = {
        "DAGSTER_HOME": str(made.settings.dagster_home),
        "PYTHONPATH": str(PROJECT),
        # Calls of a daemon that has ended are not waited for.
        "DAGSTER_GRPC_SHUTDOWN_GRACE_PERIOD": "1",
    }
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for name, command in commands.items():
            with (made.settings.home / f"{name}.log").open("wb") as log:
                processes.append(
                    subprocess.Popen(
                        [sys.executable, "-W", "ignore", *command],
                        cwd=PROJECT,
                        env={**kept, **shared, **environments[name]},
                        start_new_session=True,
                        stdout=log,
                        stderr=log,
                    )
                )
        yield
    finally:
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        psutil.wait_procs([psutil.Process(one.pid) for one in processes], timeout=20)
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
