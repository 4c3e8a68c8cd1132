"""`sales-assets deploy`, in the shapes that a person writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sales_assets.platform.audit.entries import Intent, Outcome
from sales_assets.platform.deployments.environments import OwnEnvironment
from sales_assets.platform.deployments.folders import Folders
from sales_assets_tests.harness import Run, calling
from sales_assets_tests.platform.deployments.trial import commit, trial
from sales_assets_tests.platform.small import TEAMS


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Run]:
    (tmp_path / "teams.yaml").write_text(TEAMS)
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SALES_ASSETS_TEAMS_FILE", str(tmp_path / "teams.yaml"))
    yield calling(monkeypatch, capsys)
    Folders(tmp_path / "home").sockets.rmdir()


def test_a_team_comes_first_or_a_command_does(call: Run) -> None:
    for arguments in (("delta", "--ref", "v1"), ("run", "delta", "--ref", "v1")):
        code, _, told = call("deploy", *arguments)
        assert code == 2
        assert "'delta' is no team; teams.yaml has alpha, beta, gamma" in told
    code, _, told = call("deploy", "rollback", "alpha")
    assert code == 2
    assert "there is no release before" in told
    assert call("deploy", "status")[:2] == (0, "Nothing was deployed yet.\n")
    assert json.loads(call("deploy", "status", "--format", "json")[1]) == []
    assert call("deploy", "start")[0] == 0
    assert call("deploy", "stop")[0] == 0
    assert "--ref" in call("deploy", "alpha")[2]


def test_without_a_file_of_teams_it_says_which_setting_names_it(
    call: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SALES_ASSETS_TEAMS_FILE")
    code, _, told = call("deploy", "alpha", "--ref", "v1")
    assert code == 2
    assert "SALES_ASSETS_TEAMS_FILE is not set" in told


class _Auditor:
    """Keeps entries in memory."""

    def __init__(self) -> None:
        self.entries: list[object] = []

    def intend(self, intent: Intent) -> int:
        self.entries.append(intent)
        return len(self.entries)

    def conclude(self, number: int, outcome: Outcome, _: str = "") -> None:
        self.entries.append((number, outcome))


def test_a_refused_deployment_is_in_the_audit_log(tmp_path: Path) -> None:
    auditor = _Auditor()
    with trial(tmp_path) as made:
        commit(made.repository, "v1")
        with pytest.raises(Exception, match="no such tag"):
            made.deployments(auditor).deploy("alpha", made.wanted("v9"))
    intent, end = auditor.entries
    assert isinstance(intent, Intent)
    assert (intent.operation, intent.team, intent.target) == (
        "deploy",
        "alpha",
        "location:alpha deploy",
    )
    assert end == (1, Outcome.REFUSED)


@pytest.mark.long
def test_a_team_is_deployed_rolled_back_stopped_and_started_by_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sales_assets.platform.deployments.making.VirtualEnvironments", _own)
    with trial(tmp_path) as made:
        monkeypatch.setenv("SALES_ASSETS_HOME", str(made.home))
        monkeypatch.setenv("SALES_ASSETS_TEAMS_FILE", str(made.home / "teams.yaml"))
        monkeypatch.setenv("SALES_ASSETS_DEPLOY_GRACE_SECONDS", "0")
        call = calling(monkeypatch, capsys)
        for tag in ("v1", "v2"):
            commit(made.repository, tag)
            source = ("--repository", str(made.repository), "--module", "team_code.definitions")
            code, told, failed = call("deploy", "alpha", "--ref", tag, *source)
            assert code == 0, failed
            assert f"alpha: {tag} serves as release {tag[1]}." in told
        made.folders.record("beta").write_text("{")  # another team's, which cannot be read
        code, told, failed = call("deploy", "rollback", "alpha")
        assert code == 0, failed
        assert "alpha: v1 serves again, as release 1." in told
        made.folders.record("beta").unlink()
        [state] = json.loads(call("deploy", "status", "--format", "json")[1])
        assert str(made.server("alpha").socket) in json.dumps(state)
        assert "alpha: healthy" in call("deploy", "status")[1]
        assert call("deploy", "stop", "--seconds", "0")[:2] == (0, "alpha: stopped.\n")
        assert made.servers() == {}
        assert call("deploy", "start")[:2] == (0, "alpha: started.\n")
        assert set(made.servers().values()) == {made.server("alpha").socket}
        assert call("deploy", "start")[:2] == (0, "alpha: nothing to start.\n")


def _own(*_: object) -> OwnEnvironment:
    return OwnEnvironment()
