"""`sales-assets teams` as it is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sales_assets.cli import app
from sales_assets.errors import UsageError
from sales_assets_tests.conftest import PROJECT
from sales_assets_tests.platform.small import TEAMS

SHIPPED = str(PROJECT / "deploy" / "teams.yaml")


def ask(*arguments: str) -> str:
    answer = CliRunner().invoke(app, ["teams", *arguments], catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.output


def test_it_shows_every_team_with_its_people() -> None:
    shown = ask("--file", SHIPPED)
    for text in ("retail/", "global/", "marts/", "leo@example.com", "ada@example.com"):
        assert text in shown


def test_the_file_that_is_in_force_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "teams.yaml").write_text(TEAMS)
    monkeypatch.setenv("SALES_ASSETS_TEAMS_FILE", str(tmp_path / "teams.yaml"))
    assert "gamma" in ask()
    assert ask("--as", "olaf@example.com").split("\n")[:3] == [
        "alpha: viewer",
        "beta: viewer",
        "gamma: sees nothing of it",
    ]


def test_it_says_what_a_person_may_do() -> None:
    assert "retail: admin" in ask("--file", SHIPPED, "--as", "Rita@example.com")
    assert "everything" in ask("--file", SHIPPED, "--as", "ada@example.com")
    assert "/metrics: reads it" in ask("--file", SHIPPED, "--as", "machine:prometheus")
    assert "/metrics" not in ask("--file", SHIPPED, "--as", "Rita@example.com")


def test_a_wrong_file_and_none_are_errors_that_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "teams.yaml").write_text("{version: 1}")
    for arguments, complaint in (
        (["--file", str(tmp_path / "teams.yaml")], "admins"),
        ([], "SALES_ASSETS_TEAMS_FILE"),
    ):
        with pytest.raises(UsageError, match=complaint):
            CliRunner().invoke(app, ["teams", *arguments], catch_exceptions=False)
