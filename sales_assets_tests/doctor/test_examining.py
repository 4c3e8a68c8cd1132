"""That the doctor ends, breaks nowhere and tells no secret, whatever a check meets."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

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


def checking(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> None:
    """Have these looked at, in a module as the doctor's own are."""
    module = ModuleType("sales_assets.doctor.of_the_test")
    for number, check in enumerate(checks):
        setattr(module, f"check_{number}", check)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    names = [(f"check {number}", f"of_the_test.check_{number}") for number in range(len(checks))]
    monkeypatch.setattr(examining, "CHECKS", names)


def examined(monkeypatch: pytest.MonkeyPatch, *checks: Check, seconds: float = 30) -> list[Finding]:
    checking(monkeypatch, *checks)
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

    def leaves(settings: Settings) -> Iterator[Finding]:
        raise SystemExit(0)
        yield

    found = examined(monkeypatch, breaks, refuses, leaves, well)
    assert [(f.check, f.severity) for f in found] == [
        ("begins", Severity.OK),
        ("check 0", Severity.PROBLEM),
        ("check 1", Severity.PROBLEM),
        ("check 2", Severity.PROBLEM),
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
    assert examining.has_given_up()
    free.set()
    for thread in threading.enumerate():
        if thread.name.startswith("doctor: "):  # else the next command would end this process
            thread.join(60)
    assert [f.check for f in found] == ["begins", "check 0", "well"]
    assert found[1].found == "no answer within 0.2 s, and given up"


def test_no_finding_tells_a_secret(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "CELERY_BROKER": "amqp://us:in-broker@127.0.0.1:9//",
        "CELERY_BACKEND": "redis://127.0.0.1:9/0?ssl=no&password=in-backend",
        "DAGSTER_POSTGRES_URL": "postgresql+psycopg2://us:in%2Fpost@gres@127.0.0.1:9/dagster",
        "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": "the-passphrase",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(f"SALES_ASSETS_{name}", value)
    words = ["in-broker", "in-backend", "in%2Fpost@gres", "in/post@gres", "the-passphrase"]
    words += ["of-the-driver", "of-a-session"]
    monkeypatch.setenv("PGPASSWORD", "of-the-driver")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-a-session")

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
    checking(monkeypatch, well)
    code, out, _ = call("doctor", "--format", "json")
    assert code == 0
    assert [finding["check"] for finding in json.loads(out)] == ["settings", "well"]

    monkeypatch.setenv("SALES_ASSETS_WAREHOUSE", "paper")
    code, out, _ = call("doctor")
    assert code == 1
    assert "1 findings: 1 problems, 0 warnings" in out


def test_a_package_that_is_missing_is_a_finding_of_what_needs_it(home: Path) -> None:
    code = (
        "import sys; sys.modules['sqlalchemy'] = sys.modules['duckdb'] = None;"
        "from sales_assets.doctor.examining import examine;"
        "print([f.check for f in examine() if f.severity == 'PROBLEM'])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    assert "catalogue" in done.stdout
    assert "home" not in done.stdout


def test_the_command_ends_although_a_check_was_given_up(home: Path) -> None:
    code = """
import sys, time, types
from concurrent.futures import ThreadPoolExecutor
from sales_assets.doctor import examining

module = types.ModuleType("sales_assets.doctor.of_the_test")
def hangs(settings):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(time.sleep, 3600).result()
    yield
module.hangs = hangs
sys.modules[module.__name__] = module
examining.CHECKS = [("hanging", "of_the_test.hangs")]
examining.examine.__defaults__ = (0.2,)
sys.argv = ["sales-assets", "doctor", "--format", "json"]
from sales_assets.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "given up" in done.stdout
