"""`sales-assets audit` on a home, and the settings that say where the log is and what seals it."""

from __future__ import annotations

import csv
import json
import stat
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import make_url

from sales_assets.errors import UsageError
from sales_assets.platform.audit.entries import Outcome
from sales_assets.platform.audit.opening import open_audit_log
from sales_assets.settings import Settings
from sales_assets_tests.harness import Run, calling
from sales_assets_tests.platform.audit.written import KEY, OTHER_KEY, Owner, fill, intent
from sales_assets_tests.services import postgres_database


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def call(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return calling(monkeypatch, capsys)


def written(home: Path) -> Owner:
    """Three operations in the log of a home, one without an outcome."""
    log = open_audit_log(Settings(home=home))
    fill(log, 1)
    log.conclude(
        log.intend(intent("eve@example.com", team=None, operation="sign-in", target="=1+1")),
        Outcome.DENIED,
        "[bold]a wrong token",
    )
    log.intend(intent("ann@example.com"))
    log.close()
    return Owner(f"sqlite:///{home / 'platform' / 'audit.sqlite'}")


def test_operations_are_shown_one_on_a_line_the_newest_last(home: Path, call: Run) -> None:
    written(home)
    code, told, _ = call("audit", "show", "--format", "csv")
    assert code == 0
    shown = list(csv.DictReader(StringIO(told)))
    assert [(one["number"], one["user"], one["outcome"]) for one in shown] == [
        ("1", "person0@example.com", "succeeded"),
        ("3", "eve@example.com", "denied"),
        ("5", "ann@example.com", "under-way"),
    ]
    assert shown[1]["target"] == "'=1+1", "no spreadsheet computes it"
    _, told, _ = call("audit", "show", "--outcome", "denied", "--format", "json", "--since", "2h")
    (denied,) = json.loads(told)
    assert (denied["operation"], denied["detail"]) == ("sign-in", "[bold]a wrong token")
    assert denied["ended"] > denied["time"]
    _, told, _ = call("audit", "show", "--limit", "2")
    assert "[bold]a" in told
    assert "2 rows" in told
    for options in (
        ("--until", "1d"),
        ("--user", "nobody@example.com"),
        ("--since", "2999-01-01"),
        ("--team", "retail", "--operation", "sign-in"),
    ):
        _, told, _ = call("audit", "show", "--format", "json", *options)
        assert json.loads(told) == []
    for options, message in (
        (("--since", "yesterday"), "is no moment"),
        (("--since", "999999w"), "before the calendar"),
        (("--outcome", "lost"), "under-way"),
    ):
        code, _, wrong = call("audit", "show", *options)
        assert (code, message in wrong) == (2, True)


def test_a_log_is_verified_against_a_head_noted_before(home: Path, call: Run) -> None:
    owner = written(home)
    _, head, _ = call("audit", "head")
    assert head.startswith("5:")
    code, told, _ = call("audit", "verify", "--head", head.strip())
    assert (code, f"5 rows: intact; the head is {head.strip()}" in told) == (0, True)
    owner.drop_triggers()
    owner.run("DELETE FROM audit_log WHERE number = 5")
    code, told, _ = call("audit", "verify", "--head", head.strip())
    assert code == 1
    assert "row 5: missing" in told
    assert "rows can be changed" in told
    assert "4 rows: BROKEN" in told
    owner.set(3, outcome="succeeded")
    code, told, _ = call("audit", "verify")
    assert (code, "row 3: changed" in told) == (1, True)
    code, _, wrong = call("audit", "verify", "--head", "5")
    assert (code, "NUMBER:HASH" in wrong) == (2, True)


def test_an_export_is_verified_without_the_log(home: Path, call: Run, tmp_path: Path) -> None:
    written(home)
    file = tmp_path / "log.jsonl"
    _, head, _ = call("audit", "head")
    code, told, _ = call("audit", "export", "--to", str(file))
    assert (code, f"5 rows; the head is {head.strip()}" in told) == (0, True)
    (home / "platform" / "audit.sqlite").unlink()
    code, told, _ = call("audit", "verify", "--file", str(file), "--head", head.strip())
    assert (code, "5 rows: intact" in told) == (0, True)
    file.write_text(file.read_text().replace("eve@", "ann@"))
    code, told, _ = call("audit", "verify", "--file", str(file))
    assert (code, "row 3: changed" in told) == (1, True)
    for wrong in ("", "{}", "[", '{"number": 1}', "\ud800".encode(errors="surrogatepass")):
        text = wrong if isinstance(wrong, bytes) else wrong.encode()
        file.write_bytes(text + b"\n")
        code, _, message = call("audit", "verify", "--file", str(file))
        assert (code, "log.jsonl" in message) == (2, True)


def test_a_key_is_made_once_for_its_owner_alone(home: Path) -> None:
    written(home)
    file = home / "platform" / "audit.key"
    key = file.read_bytes()
    assert len(key.strip()) == 64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "platform" / "audit.sqlite").stat().st_mode) == 0o600
    open_audit_log(Settings(home=home)).close()
    assert file.read_bytes() == key
    moved = Settings(home=home, audit_key=key.decode())
    file.unlink()
    open_audit_log(moved).close()
    assert not file.exists()


def test_no_key_is_made_where_each_machine_would_make_another(home: Path) -> None:
    with pytest.raises(UsageError, match="SALES_ASSETS_AUDIT_KEY"):
        open_audit_log(Settings(home=home, landing_zone="s3://drops"))


@pytest.mark.parametrize("command", ["show", "verify", "head"])
def test_reading_a_log_that_is_not_there_makes_nothing(home: Path, call: Run, command: str) -> None:
    code, _, wrong = call("audit", command)
    assert (code, f"There is no audit log at sqlite:///{home}" in wrong) == (2, True)
    assert not (home / "platform").exists()


def test_a_database_without_a_log_is_told_without_its_password_and_gets_none(home: Path) -> None:
    with postgres_database() as url:
        settings = Settings(home=home, audit_url=url, audit_key=KEY.decode())
        for _ in range(2):  # the first one made no table
            with pytest.raises(UsageError, match=r"no audit log at postgresql.*AUDIT_URL") as told:
                open_audit_log(settings, write=False)
        password = make_url(url).password
        assert not password or f":{password}@" not in str(told.value)


def test_the_log_is_in_dagster_s_postgresql_if_that_is_set(home: Path) -> None:
    with postgres_database() as url:
        log = open_audit_log(
            Settings(
                home=home,
                dagster_postgres_url=url,
                audit_key=OTHER_KEY.decode(),
                audit_old_keys=f"{KEY.decode()}, {KEY.decode()[::-1]}",
            )
        )
        fill(log, 1)
        log.close()
        assert Owner(url).row(1)["user_name"] == "person0@example.com"
    assert not (home / "platform").exists()


def test_wrong_settings_are_refused_without_being_shown(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value, reason in (
        ("AUDIT_KEY", "swordfish", "32 characters"),
        ("AUDIT_OLD_KEYS", f"{KEY.decode()},swordfish", "32 characters"),
        ("AUDIT_URL", "mysql://swordfish@db/audit", "postgresql://"),
        ("AUDIT_URL", "sqlite://", "sqlite:///"),
    ):
        with monkeypatch.context() as patched:
            patched.setenv(f"SALES_ASSETS_{name}", value)
            with pytest.raises(UsageError, match=f"SALES_ASSETS_{name}.*{reason}") as refused:
                Settings.load()
            assert "swordfish" not in str(refused.value)
    for url in ("sqlite:///", "sqlite:///:memory:"):
        with pytest.raises(UsageError, match="with a file"):
            open_audit_log(Settings(home=home, audit_url=url))
    (home / "file").write_text("")
    with pytest.raises(UsageError, match="SALES_ASSETS_AUDIT_URL"):
        open_audit_log(Settings(home=home, audit_url=f"sqlite:///{home}/file/audit.sqlite"))
