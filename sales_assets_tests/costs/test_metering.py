"""Real runs in processes of their own: what they used is in the ledger, also when they are killed.

Without `from __future__ import annotations`: Dagster reads the assets' annotations as objects.
"""

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.costs.amounts import Amounts
from sales_assets.costs.entries import Entry, entries
from sales_assets.costs.ledger import Ledger
from sales_assets.costs.meter import FAILURE, RETRY, RUN, RUNNING, SUCCESS, UNFINISHED
from sales_assets.costs.moved import count_read, count_written
from sales_assets.instance.embedded import embedded_instance
from sales_assets.partitions import DAY, Window
from sales_assets_tests.costs.burning import CHILD
from sales_assets_tests.harness import PROJECT, SHOP, Installation, drop
from sales_assets_tests.serving import until


def ledger_of(home: Path) -> Ledger:
    return Ledger(f"sqlite:///{home / 'catalogue.sqlite'}")


def told(home: Path, now: datetime | None = None) -> list[Entry]:
    now = now or datetime.now(UTC)
    return entries(ledger_of(home), Window(now.date() - 2 * DAY, now.date() + 2 * DAY), now)


def by_step(found: list[Entry]) -> dict[str, Amounts]:
    sums: dict[str, Amounts] = {}
    for entry in found:
        sums[entry.step] = sums.get(entry.step, Amounts()) + entry.amounts
    return sums


def start(home: Path, story: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "sales_assets_tests.costs.burning", home, story],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def run(home: Path, story: str) -> float:
    """Do it, and say which CPU seconds the operating system counted."""
    process = start(home, story)
    said, _ = process.communicate()
    assert process.returncode == 0
    return float(json.loads(said.splitlines()[-1])["cpu"])


@pytest.mark.long
def test_a_child_that_was_waited_for_counts_for_its_step_and_no_second_is_lost(
    tmp_path: Path,
) -> None:
    counted = run(tmp_path, "waited")
    found = by_step(told(tmp_path))
    assert set(found) == {RUN, "first", "waited"}
    assert found["waited"].cpu_seconds >= CHILD
    assert found["first"].cpu_seconds < CHILD
    total = float(sum((used for used in found.values()), Amounts()).cpu_seconds)
    assert total <= counted, "nothing is counted twice"
    assert total >= 0.8 * counted, "what came before the run is its own; little comes after it"


@pytest.mark.long
def test_a_child_that_lives_on_counts_for_the_step_in_which_it_burnt(tmp_path: Path) -> None:
    counted = run(tmp_path, "living")
    found = by_step(told(tmp_path))
    # What a child that still lives has used, the kernel tells in ticks of a hundredth.
    assert found["living"].cpu_seconds >= CHILD - 0.02
    assert found["after"].cpu_seconds < CHILD, "it is not counted again when it is waited for"
    assert float(sum((used for used in found.values()), Amounts()).cpu_seconds) <= counted + 0.02


@pytest.mark.long
def test_of_a_run_that_is_killed_it_is_told_what_it_used_and_that_it_has_no_end(
    tmp_path: Path,
) -> None:
    process = start(tmp_path, "endless")
    try:
        until("word of the step", lambda: by_step(told(tmp_path)).get("endless", Amounts()).cpu > 0)
    finally:
        process.kill()
        process.communicate()
    now = datetime.now(UTC)
    assert {e.step: e.state for e in told(tmp_path, now)} == {
        RUN: RUNNING,
        "first": SUCCESS,
        "endless": RUNNING,
    }
    later = told(tmp_path, now + timedelta(hours=1))
    assert {e.step: e.state for e in later} == {
        RUN: UNFINISHED,
        "first": SUCCESS,
        "endless": UNFINISHED,
    }
    assert by_step(later)["endless"].cpu > 0


def test_a_day_of_a_source_is_told_by_asset_with_bytes_and_memory(tmp_path: Path) -> None:
    with Installation(tmp_path / "home", [SHOP]) as made:
        file = made.write_drop("shop", "2024-02-01.csv", drop("1,2024-02-01,tea,ann,2.5"))
        made.materialize("2024-02-01", "2024-02-02")
        found = told(made.settings.home)
    sums: dict[str, Amounts] = {}
    for entry in found:
        if entry.step != RUN:
            sums[entry.asset] = sums.get(entry.asset, Amounts()) + entry.amounts
    assert {"tests/shop/raw", "core/fct_sales", "marts/daily_revenue"} <= set(sums)
    assert all(used.cpu > 0 for used in sums.values())
    assert sums["tests/shop/raw"].read == file.stat().st_size
    staged = sums["tests/shop/staged"]
    assert staged.read == file.stat().st_size
    assert staged.written > 0
    assert {e.source for e in found if e.asset.startswith("tests/")} == {"tests/shop"}
    assert {e.team for e in found} == {"tests", "analytics"}
    assert min(entry.peak for entry in found) > 10_000_000
    assert all(entry.state == SUCCESS for entry in found)
    models = {e.asset: e.amounts.cpu for e in found if e.step == "marts"}
    assert len(set(models.values())) > 1, "models are told by the time that each took"


@pytest.fixture
def instance(tmp_path: Path) -> Any:
    with embedded_instance(tmp_path / "dagster") as opened:
        yield opened


def test_each_attempt_at_a_step_is_told_and_how_it_ended(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    attempts = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
    def shaky() -> None:
        attempts.append(1)
        count_read(10)
        count_written(len(attempts))
        if len(attempts) == 1:
            raise RuntimeError("the first time")

    @dg.asset(deps=[shaky])
    def wrong() -> None:
        raise RuntimeError("always")

    dg.materialize([shaky, wrong], instance=instance, raise_on_error=False)
    found = told(tmp_path)
    ends = [(e.step, e.state, e.amounts.read, e.amounts.written) for e in found if e.step]
    assert sorted(ends) == [
        ("shaky", RETRY, 10, 1),
        ("shaky", SUCCESS, 10, 2),
        ("wrong", FAILURE, 0, 0),
    ]
    assert {e.state for e in found if e.step == RUN} == {FAILURE}
    until("the end of the thread", lambda: "costs" not in {t.name for t in threading.enumerate()})


def test_a_ledger_that_cannot_be_written_fails_no_run(
    instance: dg.DagsterInstance, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "catalogue.sqlite").mkdir()

    @dg.asset
    def fine() -> None:
        """Does its work."""

    assert dg.materialize([fine], instance=instance).success
    assert "Costs are not metered just now" in caplog.text


def test_an_instance_of_no_installation_has_no_ledger(tmp_path: Path) -> None:
    with embedded_instance(tmp_path / "elsewhere") as instance:
        dg.materialize([dg.asset(lambda: None, name="one")], instance=instance)
    assert not list(tmp_path.glob("*.sqlite"))
