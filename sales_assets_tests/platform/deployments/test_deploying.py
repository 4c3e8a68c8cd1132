"""Deploying with real servers and real runs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sales_assets.errors import PermanentError, UsageError
from sales_assets.platform.deployments.overview import overview
from sales_assets.platform.deployments.servers import BrokenReleaseError, runs_of, server_id
from sales_assets_tests.platform.deployments.trial import (
    BAD_IMPORT,
    BAD_PREFIX,
    BAD_START,
    Trial,
    commit,
    environment_of,
    trial,
)
from sales_assets_tests.serving import until

pytestmark = pytest.mark.long


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    monkeypatch.setenv("SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", "the installation's")
    monkeypatch.setenv("SALES_ASSETS_REPORTING_CURRENCY", "CHF")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the installation's")
    with trial(tmp_path) as installation:
        yield installation


def test_a_team_deploys_alone_and_runs_end_on_the_code_they_began_with(made: Trial) -> None:
    commit(made.repository, "v1")
    made.deploy("alpha", "v1")
    made.deploy("beta", "v1")
    first, others = made.server("alpha"), made.server("beta")
    others_id, others_line = server_id(others), _line(made, "beta")
    _only_its_own_environment(made)

    run = made.launch("alpha")
    until("the run's first step", (made.marks("alpha") / "begun").exists)
    second_commit = commit(made.repository, "v2")
    made.deploy("alpha", "v2")
    second = made.server("alpha")
    assert second.socket != first.socket
    assert made.record("alpha").latest.commit == second_commit  # type: ignore[union-attr]
    assert runs_of(first) == (run,)
    (left,) = made.deployments().drain("alpha", 0)
    assert left.server.pid == first.pid
    os.kill(first.pid, signal.SIGTERM)  # as a person may: runs go on all the same

    for number, prefix in enumerate((BAD_IMPORT, BAD_PREFIX, BAD_START), start=3):
        _refused(made, f"v{number}", prefix)
    assert server_id(made.server("alpha")) == server_id(second)
    assert (made.marks("alpha") / "begun").read_text() == "v1"

    (made.marks("alpha") / "go").touch()
    assert made.until_ended(run) == "SUCCESS"
    assert (made.marks("alpha") / "ended").read_text() == "v1 v1"
    assert made.deployments().drain("alpha", 60) == []
    until("the end of its process", lambda: not psutil.pid_exists(first.pid))
    assert not first.socket.exists()
    assert made.until_ended(made.launch("alpha")) == "SUCCESS"
    assert (made.marks("alpha") / "ended").read_text() == "v2 v2"

    assert made.deployments().rollback("alpha").ref == "v1"
    assert made.until_ended(made.launch("alpha")) == "SUCCESS"
    assert (made.marks("alpha") / "ended").read_text() == "v1 v1"
    with pytest.raises(UsageError, match="there is no release before"):
        made.deployments().rollback("alpha")

    assert (made.server("beta"), server_id(others)) == (others, others_id)
    assert _line(made, "beta") == others_line
    _as_after_a_reboot(made)


def _line(made: Trial, team: str) -> str:
    lines = made.folders.workspace.read_text().splitlines()
    return next(line for line in lines if f'"{team}"' in line)


def _only_its_own_environment(made: Trial) -> None:
    for team, other in (("alpha", "beta"), ("beta", "alpha")):
        found = environment_of(made.server(team).pid)
        assert found[f"SECRET_OF_{team.upper()}"] == "hush"
        assert f"SECRET_OF_{other.upper()}" not in found
        assert found["SALES_ASSETS_TEAM"] == team
        assert found["SALES_ASSETS_REPORTING_CURRENCY"] == "CHF"
        assert "SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE" not in found
        assert "AWS_SECRET_ACCESS_KEY" not in found
        assert made.server(team).socket.parent.stat().st_mode & 0o777 == 0o700
        connections = psutil.Process(made.server(team).pid).net_connections("inet")
        assert connections == []


def _refused(made: Trial, tag: str, prefix: str) -> None:
    commit(made.repository, tag, prefix)
    before = made.record("alpha")
    folders = sorted(made.folders.releases("alpha").iterdir())
    running = made.servers()
    reason = {
        BAD_IMPORT: "NameError: name 'no_such_name'",
        BAD_PREFIX: "it makes beta/orders, but the assets of alpha begin with alpha",
        BAD_START: "ended before it answered",
    }
    with pytest.raises(BrokenReleaseError, match=reason[prefix]):
        made.deploy("alpha", tag)
    assert made.record("alpha") == before
    assert sorted(made.folders.releases("alpha").iterdir()) == folders
    assert made.servers() == running


def _as_after_a_reboot(made: Trial) -> None:
    for pid in made.servers():
        os.kill(pid, signal.SIGKILL)
    until("the end of all", lambda: not made.servers())
    found = overview(made.folders, 0)
    assert [one.state for one in found] == ["gone", "gone"]
    assert [made.deployments().start(team) for team in made.deployments().teams()] == [True, True]
    assert [one.state for one in overview(made.folders, 0)] == ["healthy", "healthy"]
    assert len(made.servers()) == 2
    assert not made.deployments().start("alpha")
    for team in made.deployments().teams():
        made.deployments().stop(team, 60)
    assert made.servers() == {}
    assert [one.state for one in overview(made.folders, 0)] == ["stopped", "stopped"]


def test_a_run_that_outlasts_the_wait_is_cancelled_when_its_server_is_stopped(made: Trial) -> None:
    commit(made.repository, "v1")
    made.deploy("alpha", "v1")
    run = made.launch("alpha")
    until("the run's first step", (made.marks("alpha") / "begun").exists)
    began = time.monotonic()
    made.deployments().stop("alpha", 0)
    assert made.servers() == {}
    assert time.monotonic() - began < 60
    assert made.until_ended(run) == "CANCELED"


def test_a_release_that_does_not_name_what_it_needs_leaves_nothing(made: Trial) -> None:
    commit(made.repository, "v1")
    with pytest.raises(UsageError, match="no such tag"):
        made.deploy("alpha", "v9")
    with pytest.raises(PermanentError, match="no team"):
        made.deploy("delta", "v1")
    assert list(made.folders.releases("alpha").iterdir()) == []
