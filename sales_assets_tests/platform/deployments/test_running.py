"""The whole installation, as `make platform` runs it, with small code locations."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sales_assets.errors import UsageError
from sales_assets.platform.deployments import processes
from sales_assets.platform.deployments.children import Child, end_all
from sales_assets.platform.deployments.deploying import Deployments
from sales_assets.platform.deployments.making import Maker
from sales_assets.platform.deployments.overview import overview
from sales_assets.platform.running import Installation, Tree, somebody_of
from sales_assets.platform.teams import Teams
from sales_assets.platform.teams_file import read_teams
from sales_assets.settings import Settings, set_variables
from sales_assets_tests.harness import PROJECT
from sales_assets_tests.platform.small import TEAMS
from sales_assets_tests.serving import until


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    marks = f"open({str(tmp_path / 'marks')!r}, 'a').write('.')"
    command = [sys.executable, "-c", f"{marks}; import time; time.sleep(600)"]
    made = Child("one", command, set_variables(), tmp_path, tmp_path / "log")
    yield made
    end_all([made])
    assert made.pid is None


def test_a_program_that_ends_is_started_again_after_a_while_that_grows(child: Child) -> None:
    child.look_after(0.0)
    waits = []
    now = 0.0
    for _ in range(4):
        child.signal(signal.SIGKILL)
        assert child.wait(60)
        child.look_after(now)  # sees that it has ended
        ended = now
        while child.pid is None:
            now += 0.5
            child.look_after(now)
        waits.append(now - ended)
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_a_program_that_lived_long_is_started_again_at_once(child: Child) -> None:
    child.look_after(0.0)
    child.signal(signal.SIGKILL)
    assert child.wait(60)
    child.look_after(3600.0)
    assert child.pid is not None


def test_a_team_is_tried_as_the_person_with_its_highest_role() -> None:
    teams = Teams.model_validate(
        {
            "version": 1,
            "admins": ["ada@example.com"],
            "groups": {"crew": ["rita@example.com"]},
            "teams": {
                "one": {"members": {"viewer": ["v@example.com"], "admin": ["group:crew"]}},
                "two": {"members": {"editor": ["machine:ci", "ed@example.com"]}},
                "three": {},
            },
        }
    )
    found = [somebody_of(teams, name) for name in ("one", "two", "three")]
    assert found == ["rita@example.com", "ed@example.com", None]


@pytest.mark.long
def test_everything_runs_is_looked_after_and_has_ended_together(tmp_path: Path) -> None:
    (tmp_path / "teams.yaml").write_text(TEAMS.replace("teams:\n", "teams:\n  broken: {}\n"))
    settings = Settings(home=tmp_path / "home", teams_file=tmp_path / "teams.yaml")
    maker = Maker.of(settings, read_teams(tmp_path / "teams.yaml"))
    sleeping = [sys.executable, "-c", "import time; time.sleep(600)", str(maker.folders.workspace)]
    tree = Tree(
        PROJECT,
        "sales_assets_tests.platform.small",
        {name: name for name in ("alpha", "beta", "gamma", "broken")},
    )
    installation = Installation(
        settings, Deployments(maker), {"one": sleeping}, set_variables(), tree
    )
    ending = threading.Event()
    with installation.running() as children:
        states = {one.record.team: one.state for one in overview(maker.folders, 0)}
        assert states == dict.fromkeys(("alpha", "beta", "gamma"), "healthy")
        with pytest.raises(UsageError, match="runs already"), installation.running():
            pass
        watching = threading.Thread(target=installation.watch, args=(children, ending))
        watching.start()
        try:
            (one,) = children
            first = one.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            until("the program to run again", lambda: one.pid not in {None, first}, seconds=60)
        finally:
            ending.set()
            watching.join()
        server = processes.running_below(maker.folders.sockets, "")
        assert len(server) == 3
    assert processes.running_below(maker.folders.sockets, "") == {}
    assert processes.running_below(maker.folders.root, "") == {}
    shutil.rmtree(maker.folders.sockets)
    assert not any(psutil.pid_exists(pid) for pid in server)
