"""Serving to many teams: the process, and a workspace file that changes."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import dagster as dg
import httpx
import pytest
from starlette.middleware import Middleware

from sales_assets.errors import UsageError
from sales_assets.platform import serving
from sales_assets.platform.context import TeamProcessContext
from sales_assets.platform.scoping.census import Census, Held
from sales_assets.platform.serving import Parts, application, is_loopback, teams_of
from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path
from sales_assets.platform.teams_file import TeamsFile
from sales_assets.settings import Settings
from sales_assets_tests.conftest import PROJECT
from sales_assets_tests.platform.small import TEAMS
from sales_assets_tests.platform.team_server import (
    HEADER,
    ROOT,
    SMALL,
    HeaderSignIn,
    Recorded,
    instance_in,
    listening,
    workspace_of,
)
from sales_assets_tests.serving import free_port

LONG_ENOUGH = 120.0


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG_ENOUGH
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.1)


def _replace(file: Path, text: str) -> None:
    unfinished = file.with_suffix(".new")
    unfinished.write_text(text)
    os.replace(unfinished, file)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("localhost.example.com", False),
    ],
)
def test_loopback_addresses_are_known(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_without_teams_nothing_is_served(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="SALES_ASSETS_TEAMS_FILE"):
        teams_of(Settings(home=tmp_path))


def test_a_missing_workspace_is_wrong_usage(tmp_path: Path) -> None:
    file = tmp_path / "teams.yaml"
    file.write_text(TEAMS)
    with (
        instance_in(tmp_path / "home") as instance,
        pytest.raises(UsageError, match="no such file"),
        application(instance, TeamsFile(file), tmp_path / "workspace.yaml", Parts(Recorded())),
    ):
        pass


@pytest.mark.parametrize("error", [None, OSError("no answer")])
def test_the_first_look_at_the_storages_is_taken_before_anybody_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    teams, workspace = tmp_path / "teams.yaml", tmp_path / "workspace.yaml"
    teams.write_text(TEAMS)
    workspace.write_text("load_from: []")
    looks: list[dg.DagsterInstance] = []

    def look(_: Census, instance: dg.DagsterInstance) -> Held:
        looks.append(instance)
        if error is not None:
            raise error
        return Held()

    monkeypatch.setattr(Census, "_look", look)
    with (
        instance_in(tmp_path / "home") as instance,
        application(instance, TeamsFile(teams), workspace, Parts(Recorded())),
    ):
        assert looks == [instance]


@pytest.mark.long
def test_a_new_workspace_file_is_taken_in_and_servers_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sales_assets")
    query = """{ workspaceOrError { ... on Workspace { locationEntries { name versionKey
        locationOrLoadError { __typename } } } } }"""

    def locations() -> dict[str, str]:
        sent = {"json": {"query": query}, "headers": {HEADER: ROOT}}
        answer: Any = http.post("/graphql", **sent).json()  # type: ignore[arg-type]
        entries = answer["data"]["workspaceOrError"]["locationEntries"]
        return {entry["name"]: entry["versionKey"] for entry in entries}

    teams, workspace = tmp_path / "teams.yaml", tmp_path / "workspace.yaml"
    teams.write_text(TEAMS)
    workspace.write_text(workspace_of({"alpha": "alpha"}, SMALL))
    parts = Parts(Recorded(), [Middleware(HeaderSignIn)])
    with (
        instance_in(tmp_path / "home") as instance,
        application(instance, TeamsFile(teams), workspace, parts) as app,
        listening(app) as url,
        httpx.Client(base_url=url, timeout=60) as http,
    ):
        first = locations()
        assert set(first) == {"alpha"}
        _replace(workspace, workspace_of({"alpha": "alpha", "beta": "beta"}, SMALL))
        _until(lambda: set(locations()) == {"alpha", "beta"})
        assert locations()["alpha"] == first["alpha"]
        _replace(workspace, "load_from: [")
        _until(lambda: "cannot be taken in" in caplog.text)
        assert set(locations()) == {"alpha", "beta"}
        _replace(workspace, workspace_of({"alpha": "alpha"}, SMALL))
        _until(lambda: set(locations()) == {"alpha"})
        assert locations() == first


def test_a_workspace_file_that_changes_while_it_is_loaded_is_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teams, workspace = tmp_path / "teams.yaml", tmp_path / "workspace.yaml"
    teams.write_text(TEAMS)
    workspace.write_text("load_from: []")
    taken_in = threading.Event()

    class Loading(TeamProcessContext):
        def __enter__(self) -> Self:
            entered = super().__enter__()
            _replace(workspace, "load_from: []")  # as a deployment of that moment does
            return entered

        def refresh_workspace(self) -> None:
            super().refresh_workspace()
            taken_in.set()

    monkeypatch.setattr(serving, "TeamProcessContext", Loading)
    with (
        instance_in(tmp_path / "home") as instance,
        application(instance, TeamsFile(teams), workspace, Parts(Recorded())),
    ):
        assert taken_in.wait(60)


@pytest.mark.long
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_it_is_told_to_end(tmp_path: Path, told: signal.Signals) -> None:
    (tmp_path / "teams.yaml").write_text(TEAMS)
    workspace = tmp_path / "workspace.yaml"
    workspace.write_text("load_from: []")
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "SALES_ASSETS_HOME": str(tmp_path / "home"),
        "SALES_ASSETS_TEAMS_FILE": str(tmp_path / "teams.yaml"),
    }
    command = [sys.executable, "-m", "sales_assets", "serve", "--host", "0.0.0.0"]
    options = ["--port", str(port), "--workspace", str(workspace)]
    tokens = TokensFile(tokens_path(Settings(home=tmp_path / "home")))
    _, token = tokens.create("vera@example.com", timedelta(hours=1))
    bearer = {"Authorization": f"Bearer {token}"}

    def answers() -> bool:
        assert process.poll() is None
        try:
            return httpx.get(f"http://127.0.0.1:{port}/runs").status_code == 401
        except httpx.TransportError:
            return False

    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, *options], env=environment, cwd=tmp_path, stdout=log, stderr=log
        )
        try:
            _until(answers)
            page = httpx.get(f"http://127.0.0.1:{port}/runs", headers=bearer)
            assert (page.status_code, "dagster" in page.text.lower()) == (200, True)
            process.send_signal(told)
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.wait()
    said = (tmp_path / "log").read_text()
    assert "0.0.0.0 is no loopback address" in said
    assert "Traceback" not in said
