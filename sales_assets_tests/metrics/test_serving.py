"""Who reads the numbers, and where: the webserver for teams, and the command without teams."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from sales_assets.metrics import exporter
from sales_assets.metrics.page import MetricsPage
from sales_assets.metrics.reaching import observed
from sales_assets.platform.access import Access
from sales_assets.platform.people import Person
from sales_assets.platform.serving import Parts, application
from sales_assets.platform.teams_file import TeamsFile, read_teams
from sales_assets.settings import Settings
from sales_assets_tests.harness import PROJECT, calling
from sales_assets_tests.metrics.world import World, parsed
from sales_assets_tests.platform.small import TEAMS
from sales_assets_tests.platform.team_server import (
    HEADER,
    ROOT,
    HeaderSignIn,
    Recorded,
    instance_in,
)
from sales_assets_tests.serving import free_port

MONITOR = "machine:prometheus"
MONITORED = TEAMS.replace("groups:", f"monitors: [{MONITOR}, group:watchers]\ngroups:")
PAGE = "sales_assets_scrape_errors"
LONG_ENOUGH = 120.0


def access(teams: str, name: str, folder: Path, *groups: str) -> Access:
    (folder / "teams.yaml").write_text(teams)
    return Access(read_teams(folder / "teams.yaml"), Person(name, groups=frozenset(groups)))


@pytest.mark.parametrize(
    ("name", "groups", "may"),
    [
        (ROOT, (), True),
        (MONITOR, (), True),
        ("Machine:Prometheus", (), True),
        ("wanda@example.com", ("watchers",), True),
        ("anna@example.com", (), False),
        ("prometheus", (), False),
        ("olaf@example.com", (), False),
    ],
)
def test_admins_and_monitors_may_read_the_numbers(
    name: str, groups: tuple[str, ...], may: bool, tmp_path: Path
) -> None:
    assert access(MONITORED, name, tmp_path, *groups).may_monitor is may


def test_a_monitor_comes_in_where_nobody_else_does_and_has_no_role_by_it(tmp_path: Path) -> None:
    closed = MONITORED.replace("signed_in: viewer", "signed_in: none")
    found = access(closed, MONITOR, tmp_path)
    assert (found.is_known, found.roles) == (True, {})
    assert not access(closed, "olaf@example.com", tmp_path).is_known


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Recorded]]:
    """The webserver for teams, without code, and what it tells the audit log."""
    folder = tmp_path_factory.mktemp("serving")
    (folder / "teams.yaml").write_text(MONITORED)
    (folder / "workspace.yaml").write_text("load_from: []")
    teams, audit = TeamsFile(folder / "teams.yaml"), Recorded()
    settings = Settings(home=folder)
    parts = Parts(
        audit,
        [Middleware(HeaderSignIn)],
        numbers=lambda process: MetricsPage(observed(settings, process, teams.current)),
    )
    with (
        instance_in(folder / "home") as instance,
        application(instance, teams, folder / "workspace.yaml", parts) as app,
        TestClient(app) as asking,
    ):
        yield asking, audit


@pytest.mark.parametrize(
    ("name", "status"),
    [(None, 401), (MONITOR, 200), (ROOT, 200), ("anna@example.com", 403), ("x@y", 403)],
)
def test_the_webserver_shows_the_numbers_to_whom_they_are_for(
    name: str | None, status: int, client: tuple[httpx.Client, Recorded]
) -> None:
    asking, audit = client
    answer = asking.get("/metrics", headers={HEADER: name} if name else {})
    assert answer.status_code == status
    assert (PAGE in answer.text) is (status == 200)
    if status == 200:
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert parsed(answer.text)[PAGE]
    if status == 403:
        assert "monitors" in answer.text
    assert audit.intents == [], "a row for each scrape would bury what people do"


def test_the_webserver_takes_nothing_there(client: tuple[httpx.Client, Recorded]) -> None:
    assert client[0].post("/metrics", headers={HEADER: ROOT}).status_code == 405


def test_the_exporter_answers_to_no_foreign_name_on_loopback(here: World) -> None:
    app = exporter.application(here.page, "127.0.0.1")
    for name, status in (("127.0.0.1:9464", 200), ("localhost", 200), ("evil.example", 400)):
        with TestClient(app, base_url=f"http://{name}") as asking:
            answer = asking.get("/metrics")
            assert answer.status_code == status
            assert (PAGE in answer.text) is (status == 200)
    with TestClient(exporter.application(here.page, "0.0.0.0"), base_url="http://any") as asking:
        assert asking.get("/metrics").status_code == 200


def test_the_command_does_not_serve_the_numbers_of_teams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "teams.yaml").write_text(TEAMS)
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SALES_ASSETS_TEAMS_FILE", str(tmp_path / "teams.yaml"))
    code, _, told = calling(monkeypatch, capsys)("metrics")
    assert code == 2
    assert "monitors" in told


@pytest.mark.long
def test_the_command_prints_the_numbers_once_or_serves_them(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(PROJECT),
        "SALES_ASSETS_HOME": str(tmp_path / "home"),
    }
    command = [sys.executable, "-m", "sales_assets", "metrics"]
    printed = subprocess.run(
        [*command, "--once"], env=environment, capture_output=True, text=True, check=True
    ).stdout
    families = parsed(printed)
    assert sum(families[PAGE].values()) == 0
    assert len(families["sales_assets_instigator_running"]) > 5, "the project's own code is loaded"
    port = free_port()
    process = subprocess.Popen(
        [*command, "--port", str(port)], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        end = time.monotonic() + LONG_ENOUGH
        text = ""
        while PAGE not in text:
            assert process.poll() is None
            assert time.monotonic() < end
            try:
                text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
            except httpx.TransportError:
                time.sleep(0.2)
        assert parsed(text).keys() == families.keys()
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Traceback" not in told
    finally:
        process.kill()
        process.wait()
