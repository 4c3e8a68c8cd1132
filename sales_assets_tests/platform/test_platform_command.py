"""`sales-assets platform`, as somebody starts it who tries it out, with PostgreSQL."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from sales_assets_tests.harness import PROJECT
from sales_assets_tests.services import postgres_database
from sales_assets_tests.serving import free_port, until

pytestmark = pytest.mark.long
COMMAND = [sys.executable, "-m", "sales_assets"]
LOCATIONS = "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"
TEAMS = {"retail", "global", "analytics"}
SIGN_IN = re.compile(r"^(\S+), of (\w+): (http\S+)\n  token: (\S+)$", re.MULTILINE)
EXPORT = re.compile(r"^  export (.*)$", re.MULTILINE)


@contextmanager
def platform(home: Path, address: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """The command, and the file of what it prints; every process of it has ended after the block.

    Those of the code servers are sessions of their own, so they are known by the home they name.
    """
    printed = home / "printed"
    env = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "SALES_ASSETS_HOME": str(home / "home"),
        "SALES_ASSETS_DAGSTER_POSTGRES_URL": address,
    }
    command = [*COMMAND, "platform", "--no-sample", "--port", str(free_port())]
    with printed.open("wb") as file:
        process = subprocess.Popen(command, cwd=home, env=env, stdout=file, stderr=file)
    try:
        yield process, printed
    finally:
        process.kill()
        process.wait()
        left = naming(home)
        for one in left:
            one.kill()
        psutil.wait_procs(left)


def naming(home: Path) -> list[psutil.Process]:
    """The processes whose command lines name a folder."""
    return [
        one
        for one in psutil.process_iter(["cmdline"])
        if any(str(home) in word for word in one.info["cmdline"] or ())
    ]


def is_there(http: httpx.Client) -> bool:
    """Whether the webserver answers."""
    try:
        return http.get("/healthz").is_success
    except httpx.TransportError:
        return False


def test_the_command_serves_every_team_to_who_it_prints_and_ends_with_all(tmp_path: Path) -> None:
    with postgres_database() as address, platform(tmp_path, address) as (process, printed):

        def sign_ins() -> list[tuple[str, str, str, str]]:
            assert process.poll() is None, printed.read_text()
            return SIGN_IN.findall(printed.read_text())

        found = until("two sign-ins", lambda: EXPORT.search(printed.read_text()) and sign_ins())
        assert [team for _, team, _, _ in found] == ["retail", "global"]
        person, _, url, token = found[0]
        with httpx.Client(base_url=url, headers={"Origin": url}, timeout=60) as http:
            until("the webserver", lambda: is_there(http))
            entered = http.post("/sign-in", data={"token": token})
            assert entered.is_redirect, entered.text

            def loaded() -> set[str]:
                answer = http.post("/graphql", json={"query": LOCATIONS})
                assert answer.is_success, answer.text
                entries = answer.json()["data"]["workspaceOrError"]["locationEntries"]
                return {one["name"] for one in entries if one["loadStatus"] == "LOADED"}

            until("all teams", lambda: loaded() == TEAMS)
        line = EXPORT.search(printed.read_text())
        assert line is not None
        terminal = dict(word.split("=", 1) for word in shlex.split(line[1]))
        audit = json.loads(_told(tmp_path, terminal, "audit", "show", "--format", "json"))
        assert (person, "sign-in", "succeeded") in [
            (one["user"], one["operation"], one["outcome"]) for one in audit
        ]
        status = json.loads(_told(tmp_path, terminal, "deploy", "status", "--format", "json"))
        assert {one["team"]: one["state"] for one in status} == dict.fromkeys(TEAMS, "healthy")

        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=300) == 0
        assert naming(tmp_path) == []


def _told(home: Path, terminal: dict[str, str], *words: str) -> str:
    env = {**os.environ, **terminal, "PYTHONPATH": str(PROJECT)}
    return subprocess.run(
        [*COMMAND, *words], cwd=home, env=env, capture_output=True, text=True, check=True
    ).stdout
