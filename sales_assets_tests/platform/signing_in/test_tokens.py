"""A token is shown once, counts until it expires or is revoked, and is nowhere in clear."""

from __future__ import annotations

import json
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sales_assets.cli import app
from sales_assets.errors import UsageError
from sales_assets.platform.signing_in.tokens import TokensFile, token_name
from sales_assets_tests.platform.small import TEAMS

DAY = timedelta(days=1)


@pytest.fixture
def tokens(tmp_path: Path) -> TokensFile:
    return TokensFile(tmp_path / "platform" / "tokens.yaml")


def test_a_token_is_found_by_what_its_owner_has_and_by_nothing_else(tokens: TokensFile) -> None:
    entry, token = tokens.create("machine:alpha_ci", DAY)
    found = tokens.find(token)
    assert found == entry
    for wrong in ("", token[:-1], token + "x", token.upper(), entry.sha256, f"sa_{entry.id}_"):
        assert tokens.find(wrong) is None
    _, other = tokens.create("vera@example.com", DAY)
    assert tokens.find(token[:16] + other[16:]) is None


def test_the_file_is_its_owner_s_alone_and_holds_no_token(tokens: TokensFile) -> None:
    _, token = tokens.create("machine:alpha_ci", DAY)
    assert stat.S_IMODE(tokens.file.stat().st_mode) == 0o600
    assert token[16:] not in tokens.file.read_text()


def test_a_token_that_has_expired_or_was_revoked_does_not_count(tokens: TokensFile) -> None:
    server = TokensFile(tokens.file)
    entry, token = tokens.create("machine:alpha_ci", DAY)
    _, old = tokens.create("machine:alpha_ci", -DAY)
    assert server.find(old) is None
    assert server.find(token) is not None
    tokens.revoke(entry.id)
    assert server.find(token) is None, "another process sees it at once"
    assert not server.holds(entry.id)
    with pytest.raises(UsageError, match="token list"):
        tokens.revoke(entry.id)


def test_a_token_that_has_expired_is_there_until_another_one_is_made(tokens: TokensFile) -> None:
    kept, _ = tokens.create("machine:alpha_ci", DAY)
    old, _ = tokens.create("machine:beta_ci", -DAY)
    assert list(tokens.current()) == [kept.id, old.id], "it can be seen that it has expired"
    new, _ = tokens.create("machine:beta_ci", DAY)
    assert list(tokens.current()) == [kept.id, new.id]
    assert old.id not in tokens.file.read_text()


def test_of_a_file_that_has_become_wrong_no_token_counts(tokens: TokensFile) -> None:
    _, token = tokens.create("machine:alpha_ci", DAY)
    good = tokens.file.read_text()
    for wrong in ("", "version: 2", "- x", "version: 1\ntokens: [{id: x}]", "{", "\x00"):
        tokens.file.write_text(wrong)
        assert tokens.find(token) is None
        with pytest.raises(UsageError, match="put the last good one there"):
            TokensFile(tokens.file)
    tokens.file.write_text(good.replace("machine:alpha_ci", "group:admins"))
    assert tokens.find(token) is None, "a token is nobody's way into a group"
    tokens.file.write_text(good)
    assert tokens.find(token) is not None


def test_tokens_that_are_made_at_the_same_time_are_all_kept(tokens: TokensFile) -> None:
    def make(number: int) -> None:
        TokensFile(tokens.file).create(f"machine:ci_{number}", DAY)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {token.name for token in tokens.current().values()} == {
        f"machine:ci_{number}" for number in range(8)
    }


def test_a_token_belongs_to_a_machine_or_a_person() -> None:
    assert token_name("Vera@Example.com") == "vera@example.com"
    assert token_name("machine:alpha_ci") == "machine:alpha_ci"
    for wrong in ("alpha_ci", "group:ops", "machine:", "machine:a b", "machine:a:b", "a b@c", ""):
        with pytest.raises(UsageError, match="machine:NAME"):
            token_name(wrong)


def test_the_commands_make_list_and_revoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path))
    runner = CliRunner()
    made = runner.invoke(app, ["token", "create", "machine:alpha_ci", "--expires", "12h"])
    assert made.exit_code == 0
    token = made.stdout.strip()
    tokens = TokensFile(tmp_path / "platform" / "tokens.yaml")
    entry = tokens.find(token)
    assert entry is not None
    assert timedelta(hours=11) < entry.expires - datetime.now(UTC) < timedelta(hours=13)
    listed = runner.invoke(app, ["token", "list", "--format", "json"]).stdout
    assert [one["name"] for one in json.loads(listed)] == ["machine:alpha_ci"]
    assert entry.sha256 not in listed
    assert entry.id in runner.invoke(app, ["token", "list"]).stdout
    assert runner.invoke(app, ["token", "revoke", entry.id]).exit_code == 0
    assert tokens.find(token) is None
    told = runner.invoke(app, ["audit", "show", "--format", "json"]).stdout
    assert [(one["operation"], one["outcome"]) for one in json.loads(told)] == [
        ("token create", "succeeded"),
        ("token revoke", "succeeded"),
    ]
    assert token not in told


def test_the_audit_log_names_the_expired_tokens_that_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path))
    old, _ = TokensFile(tmp_path / "platform" / "tokens.yaml").create("machine:beta_ci", -DAY)
    runner = CliRunner()
    assert "expired" in runner.invoke(app, ["token", "list"]).stdout
    for _ in range(2):
        assert runner.invoke(app, ["token", "create", "machine:alpha_ci"]).exit_code == 0
    listed = json.loads(runner.invoke(app, ["token", "list", "--format", "json"]).stdout)
    assert [one["name"] for one in listed] == ["machine:alpha_ci"] * 2
    told = json.loads(runner.invoke(app, ["audit", "show", "--format", "json"]).stdout)
    assert [one["target"] for one in told] == [
        f"token of machine:alpha_ci, without the expired {old.id}",
        "token of machine:alpha_ci",
    ]


def test_the_command_says_if_the_owner_has_no_rights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teams = tmp_path / "teams.yaml"
    teams.write_text(TEAMS.replace("signed_in: viewer", "signed_in: none"))
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path))
    monkeypatch.setenv("SALES_ASSETS_TEAMS_FILE", str(teams))
    runner = CliRunner()
    assert "no rights yet" in runner.invoke(app, ["token", "create", "olaf@example.com"]).stderr
    assert "no rights" not in runner.invoke(app, ["token", "create", "vera@example.com"]).stderr


@pytest.mark.parametrize("text", ["never", "90", "0d", "-1d", "1w", "999999d"])
def test_a_token_counts_for_days_or_hours(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path))
    made = CliRunner().invoke(app, ["token", "create", "machine:a", f"--expires={text}"])
    assert isinstance(made.exception, UsageError)
    assert not (tmp_path / "platform" / "tokens.yaml").exists()
