"""What a run costs, in counts: a change that makes it do more is seen on any machine.

A bound is what was counted when it was set. Lower it when a change makes a run do less; raise it
only with the reason why the result needs more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from benchmarks.contenders import CONTRACT
from benchmarks.generate import FIRST_DAY, generate
from sales_assets_tests.harness import PROJECT

pytestmark = pytest.mark.long
FEW, MANY = 2, 12
ASSETS = 13
"""Those of which a run records each day: 4 of a source, the rates, 8 of dbt."""


def counted(folder: Path, days: int) -> dict[str, float]:
    """The counts of a first run over some days; `landed` are the bytes of their drops."""
    landing = folder / "landing" / "benchmark" / "sales"
    generate(landing, days, 200)
    earlier = time.time() - 3600  # so that no drop is looked at again, as one just written is
    for file in landing.iterdir():
        os.utime(file, (earlier, earlier))
    (folder / "contracts").mkdir()
    (folder / "contracts" / CONTRACT.name).write_bytes(CONTRACT.read_bytes())
    last = date.fromisoformat(FIRST_DAY) + timedelta(days=days - 1)
    command = [sys.executable, "-m", "benchmarks.counting", str(folder / "counts.json")]
    subprocess.run(
        [*command, "materialize", "--from", FIRST_DAY, "--to", str(last)],
        cwd=PROJECT,
        env={
            **os.environ,
            "SALES_ASSETS_HOME": str(folder),
            "SALES_ASSETS_CONTRACTS": str(folder / "contracts"),
        },
        check=True,
        capture_output=True,
    )
    counts: dict[str, float] = json.loads((folder / "counts.json").read_text())
    return counts | {"landed": sum(file.stat().st_size for file in landing.iterdir())}


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    return counted(tmp_path_factory.mktemp("few"), FEW)


@pytest.fixture(scope="module")
def by_day(few: dict[str, float], tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """What one more day adds to a run, within one chunk of days."""
    many = counted(tmp_path_factory.mktemp("many"), MANY)
    return {name: (many[name] - few[name]) / (MANY - FEW) for name in few}


def test_a_run_of_few_days_asks_and_loads_no_more_than_before(few: dict[str, float]) -> None:
    assert few["duckdb_statements"] <= 469, (
        "a quarter of them attach the file, use and detach it; some 90 are for what people see: "
        "metadata of days, odd days, exports; 18 make, test and export the mart of all teams"
    )
    assert few["sql_statements"] <= 915, (
        "three assets of exports, two checks a source and the mart of all teams are recorded; 25 "
        "make the ledger of costs and write it; one each lets a slot of a pool have one user, and "
        "is the tag by which a command's run has no time limit"
    )
    assert few["modules"] <= 3705, (
        "3690 were counted with Python 3.11, some 80 of them meter costs, tell alerts and heal; "
        "versions differ in a few"
    )


def test_one_more_day_asks_the_warehouse_nothing_more(by_day: dict[str, float]) -> None:
    assert by_day["duckdb_statements"] == 0


def test_one_more_day_asks_the_catalogue_a_few_times(by_day: dict[str, float]) -> None:
    assert by_day["sql_statements"] <= 4


def test_one_more_day_opens_a_few_files(by_day: dict[str, float]) -> None:
    assert by_day["files_opened"] <= 9


def test_a_drop_is_read_by_the_parser_once(by_day: dict[str, float]) -> None:
    assert by_day["bytes_read_landing"] <= 1.1 * by_day["landed"]


def test_a_day_is_planned_and_materialised_once_for_each_asset(by_day: dict[str, float]) -> None:
    assert by_day["events"] == 2 * ASSETS
