"""The benchmark of events runs, and finds all of them recorded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sales_assets_tests.harness import PROJECT
from sales_assets_tests.services import POSTGRES, need


@pytest.mark.long
def test_a_round_prints_what_each_storage_costs() -> None:
    need("PostgreSQL", 5432)
    command = [sys.executable, "-m", "benchmarks.events", "--days", "3", "--assets", "2"]

    found = subprocess.run(
        [*command, "--rounds", "1", "--postgres", POSTGRES],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stderr
    told = [line.partition(":")[0] for line in found.stdout.splitlines() if " ms of CPU " in line]
    assert told == [
        "SQLite as shipped",
        "SQLite in batches",
        "PostgreSQL as shipped",
        "PostgreSQL in batches",
    ]
