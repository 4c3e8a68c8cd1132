"""Pruning an installation that works: nothing is due after it, and days can be restated."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.automation.landing import LAYERS
from sales_assets.build import build_definitions
from sales_assets.instance.embedded import embedded_instance
from sales_assets.settings import Settings
from sales_assets_tests.harness import PROJECT, SAMPLE
from sales_assets_tests.instance.partition_state import state_of
from sales_assets_tests.services import postgres_database

pytestmark = pytest.mark.long
COMMAND = [sys.executable, "-m", "sales_assets"]
DAYS = [f"2015-01-{day:02}" for day in range(1, 6)]
SPAN = ("--source", "pizzaplace", "--from", DAYS[0], "--to", DAYS[-1])
KEYS = [dg.AssetKey(["retail", "pizzaplace", layer]) for layer in LAYERS]
KEYS.append(dg.AssetKey(["marts", "daily_revenue"]))


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path / "home"))
    if request.param == "SQLite":
        yield Settings.load()
        return
    with postgres_database() as address:
        monkeypatch.setenv("SALES_ASSETS_DAGSTER_POSTGRES_URL", address)
        yield Settings.load()


@pytest.fixture
def run(settings: Settings) -> Callable[..., str]:
    """Call `sales-assets` in a process of its own; what it prints."""

    def call(*arguments: str) -> str:
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=PROJECT,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def test_after_pruning_nothing_is_due_and_days_can_be_materialised_again(
    settings: Settings, run: Callable[..., str]
) -> None:
    run("land", str(SAMPLE / "pizzaplace.csv.gz"), "--source", "pizzaplace")
    for _ in range(2):
        run("materialize", *SPAN)
    with embedded_instance(settings.dagster_home, settings) as instance:
        partitions = dg.DailyPartitionsDefinition(DAYS[0], end_date="2015-02-01")
        # Not those of `sales_assets.definitions`: a process keeps the first ones that it loads.
        graph = build_definitions(settings).resolve_asset_graph()
        checks = sorted(graph.asset_check_keys)
        before = state_of(instance, KEYS, checks, partitions, DAYS)
        assert instance.get_runs_count() == 2
    would = run("prune", "--keep-days", "0", "--dry-run")
    told = run("prune", "--keep-days", "0")

    assert would.startswith("Would delete")
    assert told.startswith("Deleted")
    assert "1 runs altogether" in told
    with embedded_instance(settings.dagster_home, settings) as instance:
        assert state_of(instance, KEYS, checks, partitions, DAYS) == before
        assert instance.get_runs_count() == 1
    assert "nothing to do" in run("materialize", *SPAN, "--missing")
    run("materialize", *SPAN)
    with embedded_instance(settings.dagster_home, settings) as instance:
        for key in KEYS:
            assert instance.get_materialized_partitions(key) >= set(DAYS)
