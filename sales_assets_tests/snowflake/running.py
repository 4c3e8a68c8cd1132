"""The Snowflake stand-in as a process of its own, and warehouses on it.

Belongs here: starting, asking and stopping it. Does not: any expectation.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from sales_assets.resources.snowflake_warehouse import SnowflakeWarehouse
from sales_assets_tests.serving import free_port
from sales_assets_tests.snowflake.keys import write_private_key

PROJECT = Path(__file__).resolve().parent.parent.parent
_DATABASES = count(1)


@dataclass(frozen=True)
class SnowflakeServer:
    """A running stand-in."""

    url: str
    key: Path

    def settings(self, database: str | None = None) -> dict[str, Any]:
        """Settings of an installation with a database of its own."""
        return {
            "warehouse": "snowflake",
            "snowflake_account": "acme-sales",
            "snowflake_user": "loader",
            "snowflake_private_key_path": self.key,
            "snowflake_role": "sales_assets",
            "snowflake_warehouse": "sales_assets",
            "snowflake_database": database or f"SALES_{next(_DATABASES)}",
            "snowflake_endpoint_url": self.url,
        }

    def warehouse(self, database: str | None = None, **more: Any) -> SnowflakeWarehouse:
        """A warehouse in a database of its own."""
        given = self.settings(database)
        own = {
            name.removeprefix("snowflake_"): str(value)
            for name, value in given.items()
            if name != "warehouse"
        }
        return SnowflakeWarehouse(**{**own, "lease_seconds": 3, "network_timeout": 20, **more})

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the control something."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/control/{path}", data=data)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def statements(self) -> list[tuple[str, str]]:
        """Every statement so far, with its tag."""
        return [(tag, sql) for tag, sql in self.ask("statements")]

    def stop_before(self, pattern: str, number: int = 1) -> None:
        """Stop before the n-th statement from now on that matches."""
        self.ask("stop", {"pattern": pattern, "number": number})

    def stop_after(self, pattern: str, number: int = 1) -> None:
        """Stop after the n-th statement from now on that matches, before it is answered."""
        self.ask("stop", {"pattern": pattern, "number": number, "when": "after"})

    def wait_until_stopped(self, seconds: float = 60) -> bool:
        """Whether it has stopped within some time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.ask("stopped"):
                return True
        return False

    @contextmanager
    def limited(self, *hidden: str, forbidden: str = "", owner: str = "") -> Iterator[None]:
        """Without some objects, without the right to statements of a pattern, on others' tables."""
        names = [name.upper() for name in hidden]
        self.ask("limit", {"hidden": names, "forbidden": forbidden, "owner": owner})
        try:
            yield
        finally:
            self.ask("limit", {"hidden": [], "forbidden": "", "owner": ""})

    def abort_sessions(self) -> None:
        """What Snowflake does in time to the sessions of clients that are gone."""
        self.ask("abort", {})


@contextmanager
def serving(folder: Path, *more: str, passphrase: str | None = None) -> Iterator[SnowflakeServer]:
    """Run the stand-in with its databases in a folder; `passphrase` seals the key."""
    folder.mkdir(parents=True, exist_ok=True)
    key, port = folder / "rsa_key.p8", free_port()
    if not key.exists():
        write_private_key(key, passphrase)
    options = ["--port", str(port), "--key", str(key), "--folder", str(folder / "databases")]
    options += ["--passphrase", passphrase] if passphrase else []
    command = [sys.executable, "-W", "ignore", "-m", "sales_assets_tests.snowflake", "serve"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, *options, *more],
            cwd=PROJECT,
            stdout=log,
            stderr=log,
        )
    server = SnowflakeServer(f"http://127.0.0.1:{port}", key)
    try:
        _wait(server, process, folder / "log")
        yield server
    finally:
        process.kill()
        process.wait()


def _wait(server: SnowflakeServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            server.statements()
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        else:
            return
