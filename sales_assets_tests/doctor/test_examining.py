"""That the doctor ends, breaks nowhere and tells no secret, whatever a check meets."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sales_assets.doctor import examining
from sales_assets.doctor.findings import Check, Finding, Severity, ok, problem
from sales_assets.errors import PermanentError
from sales_assets.settings import Settings
from sales_assets_tests.harness import calling


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def examined(monkeypatch: pytest.MonkeyPatch, *checks: Check, seconds: float = 30) -> list[Finding]:
    monkeypatch.setattr(examining, "CHECKS", [(f"check {n}", c) for n, c in enumerate(checks)])
    return list(examining.examine(seconds))[1:]


def well(settings: Settings) -> Iterator[Finding]:
    yield ok("well", "is")


def test_a_new_installation_is_well_and_looking_at_it_makes_nothing(home: Path) -> None:
    found = list(examining.examine())
    assert {finding.severity for finding in found} == {Severity.OK}, found
    assert not home.exists()


def test_wrong_settings_are_what_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_ASSETS_WAREHOUSE", "snowflake")
    [found] = examining.examine()
    assert found.severity is Severity.PROBLEM
    assert "WAREHOUSE=snowflake needs SALES_ASSETS_SNOWFLAKE_ACCOUNT" in found.found


def test_what_a_check_raises_is_a_problem_and_the_others_go_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(settings: Settings) -> Iterator[Finding]:
        yield ok("begins", "well")
        raise ZeroDivisionError("of nothing")

    def refuses(settings: Settings) -> Iterator[Finding]:
        raise PermanentError("do this")
        yield

    found = examined(monkeypatch, breaks, refuses, well)
    assert [(f.check, f.severity) for f in found] == [
        ("begins", Severity.OK),
        ("check 0", Severity.PROBLEM),
        ("check 1", Severity.PROBLEM),
        ("well", Severity.OK),
    ]
    assert found[1].found == "ZeroDivisionError: of nothing"
    assert found[2].found == "do this"


def test_a_check_that_hangs_is_a_problem_and_the_others_go_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()

    def hangs(settings: Settings) -> Iterator[Finding]:
        yield ok("begins", "well")
        free.wait(60)

    found = examined(monkeypatch, hangs, well, seconds=0.2)
    free.set()
    assert [f.check for f in found] == ["begins", "check 0", "well"]
    assert found[1].found == "no answer within 0.2 s"


def test_no_finding_tells_a_secret(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "CELERY_BROKER": "amqp://us:in-broker@127.0.0.1:9//",
        "CELERY_BACKEND": "redis://127.0.0.1:9/0?ssl=no&password=in-backend",
        "DAGSTER_POSTGRES_URL": "postgresql+psycopg2://us:in%2Fpostgres@127.0.0.1:9/dagster",
        "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": "the-passphrase",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(f"SALES_ASSETS_{name}", value)
    words = ["in-broker", "in-backend", "in%2Fpostgres", "in/postgres", "the-passphrase"]

    def tells(settings: Settings) -> Iterator[Finding]:
        for text in [*secrets.values(), *words]:
            yield problem("telling", f"it is {text}", f"use {text}")
        raise RuntimeError(" ".join([*secrets.values(), *words]))

    found = examined(monkeypatch, tells)
    assert len(found) == len(secrets) + len(words) + 1
    told = json.dumps([[f.found, f.to_do] for f in found])
    assert not [word for word in words if word in told]
    assert told.count("***") >= len(found)


def test_the_command_prints_findings_and_fails_if_there_is_a_problem(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call = calling(monkeypatch, capsys)
    monkeypatch.setattr(examining, "CHECKS", [("well", well)])
    code, out, _ = call("doctor", "--format", "json")
    assert code == 0
    assert [finding["check"] for finding in json.loads(out)] == ["settings", "well"]

    monkeypatch.setenv("SALES_ASSETS_WAREHOUSE", "paper")
    code, out, _ = call("doctor")
    assert code == 1
    assert "1 findings: 1 problems, 0 warnings" in out
