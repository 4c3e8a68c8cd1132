"""The webserver and the daemon of an installation, as `make ui` runs them, and asking them.

Belongs here: starting, asking, waiting. Does not: any expectation.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sales_assets_tests.harness import PROJECT, Installation

BIN = Path(sys.executable).parent
_CHOICE = random.SystemRandom()
"""Whatever seeds `random`, two test processes do not choose the same ports."""


def free_port() -> int:
    """A port that nobody has, and that no connection is given before a server listens there.

    The system gives connections ports of its own range, which begins at 32,768 or above.
    """
    while True:
        port = _CHOICE.randrange(12_000, 32_768)
        with socket.socket() as listening, suppress(OSError):
            listening.bind(("127.0.0.1", port))
            return port


@contextmanager
def serving(
    made: Installation,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
    *,
    daemon: bool = True,
) -> Iterator[None]:
    """The daemon of an installation and, on a port, its webserver; with more settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SALES_ASSETS_", "DAGSTER_"))}
    env = {
        **kept,
        "SALES_ASSETS_HOME": str(made.settings.home),
        "SALES_ASSETS_CONTRACTS": str(made.settings.contracts_folder),
        "DAGSTER_HOME": str(made.settings.dagster_home),
        **(settings or {}),
    }
    workspace = ["-w", str(PROJECT / "workspace.yaml")]
    commands = [[str(BIN / "dagster-daemon"), "run", *workspace]] if daemon else []
    if port is not None:
        address = ["-h", "127.0.0.1", "-p", str(port)]
        commands.append([str(BIN / "dagster-webserver"), *workspace, *address])
    log = (made.settings.home / "serving.log").open("a")
    processes = [
        subprocess.Popen(
            command, cwd=PROJECT, env=env, start_new_session=True, stdout=log, stderr=log
        )
        for command in commands
    ]
    try:
        yield
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        log.close()


def ask(port: int, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query, "variables": variables}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)["data"]
    return next(iter(found.values()))


def until(what: str, check: Callable[[], Any], seconds: float = 600) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := check():
                return found
        except (urllib.error.URLError, ConnectionError):
            pass
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(1)
