from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sales_assets.doctor.findings import Severity
from sales_assets.doctor.teams import audit_log, code_servers, teams
from sales_assets.errors import PermanentError, UsageError
from sales_assets.platform.audit.opening import open_audit_log
from sales_assets.platform.deployments.folders import Folders
from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path
from sales_assets.settings import Settings
from sales_assets_tests.platform.small import TEAMS


@pytest.fixture
def shared(tmp_path: Path) -> Settings:
    """The settings of an installation that teams share."""
    (tmp_path / "teams.yaml").write_text(TEAMS)
    return Settings(home=tmp_path / "home", teams_file=tmp_path / "teams.yaml")


def test_nothing_of_teams_is_looked_at_where_there_are_none(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    for check in (teams, audit_log, code_servers):
        assert not list(check(settings))


def test_the_teams_are_counted_and_a_wrong_file_is_told(shared: Settings) -> None:
    found = next(teams(shared))
    assert (found.severity, "1 of them private" in found.found) == (Severity.OK, True)
    assert shared.teams_file is not None
    shared.teams_file.write_text("{version: 1}")
    with pytest.raises(UsageError, match="admins"):
        list(teams(shared))


def test_it_is_a_problem_if_nobody_could_sign_in(shared: Settings) -> None:
    _, found = teams(shared)
    assert (found.severity, found.found) == (Severity.PROBLEM, "nobody could sign in")
    TokensFile(tokens_path(shared)).create("vera@example.com", timedelta(hours=1))
    _, found = teams(shared)
    assert (found.severity, found.found) == (Severity.OK, "by 1 token")


def test_the_audit_log_is_counted_and_another_key_is_told(shared: Settings) -> None:
    [found] = audit_log(shared)
    assert (found.severity, found.found) == (Severity.WARNING, "there is none")
    assert not (shared.home / "platform").exists()
    open_audit_log(shared).close()
    [found] = audit_log(shared)
    assert (found.severity, found.found.startswith("0 rows")) == (Severity.OK, True)
    (shared.home / "platform" / "audit.key").write_text("short")
    with pytest.raises(PermanentError):
        list(audit_log(shared))


def test_secrets_that_others_may_read_are_told(shared: Settings) -> None:
    file = Folders(shared.home).secrets("alpha")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("PASSWORD=x\n")
    file.chmod(0o644)
    told, deployed = code_servers(shared)
    assert (told.check, told.severity) == ("secrets of alpha", Severity.WARNING)
    assert "chmod 600" in told.found
    assert deployed.found == "nothing was deployed on this machine"
