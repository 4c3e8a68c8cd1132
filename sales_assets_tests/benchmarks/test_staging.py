"""The benchmark of staging to S3 runs, and both ways stage the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sales_assets_tests.harness import PROJECT


@pytest.mark.long
@pytest.mark.parametrize("more", [[], ["--small", "20"]], ids=["a day", "small objects"])
def test_a_round_prints_what_each_way_costs(more: list[str]) -> None:
    command = [sys.executable, "-m", "benchmarks.staging", "--rows", "500", "--rounds", "1"]

    found = subprocess.run(
        [*command, "--most", "99", *more], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert found.returncode == 0, found.stderr
    assert "whole process: ratio" in found.stdout
