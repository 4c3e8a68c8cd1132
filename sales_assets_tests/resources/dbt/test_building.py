"""dbt in process: what is built, what Dagster is told, and what is left behind."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster_dbt import dbt_assets

from sales_assets.assets import marts
from sales_assets.dbt_manifest import DbtLocation, read_manifest
from sales_assets.dbt_translation import MartsTranslator
from sales_assets.resources.dbt import DbtInProcess
from sales_assets.resources.dbt_failures import DbtBuildError, DbtUnavailableError
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets_tests.resources.dbt.toy import (
    DAILY,
    DAYS,
    FACTS,
    GOOD_ROWS,
    PATH_SETTING,
    PRODUCTS,
    STAGING,
    Toy,
    checks,
    failure,
    told,
)


def is_free_for_another_process(path: Path) -> bool:
    script = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('create table free (i int)')"
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    return done.returncode == 0


def test_a_range_gives_each_model_one_materialisation_per_day_and_each_test_one_check(
    warehouse: Toy,
) -> None:
    result = warehouse.build()

    days = ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert result.success
    assert told(result) == {STAGING: days, FACTS: days, DAILY: days, PRODUCTS: days}
    assert checks(result) == {
        "a_product_is_named": (True, "ERROR"),
        "an_amount_is_stated": (True, "ERROR"),
        "daily_revenue_adds_up": (True, "ERROR"),
    }
    assert warehouse.ask("select revenue from daily_revenue order by day") == [(3,), (4,), (5,)]


def test_a_run_computes_its_window_only(warehouse: Toy) -> None:
    warehouse.build()
    warehouse.fill([(day, product, 7, 1) for day, product, _, _ in GOOD_ROWS])

    result = warehouse.build("2024-01-02", "2024-01-02")

    assert told(result)[DAILY] == ["2024-01-02"]
    assert warehouse.ask("select revenue from daily_revenue order by day") == [(3,), (7,), (5,)]


def test_a_failing_model_raises_after_what_succeeded_was_recorded(warehouse: Toy) -> None:
    warehouse.fill([*GOOD_ROWS, ("2024-01-03", "car", 40_000, 1)])

    result = warehouse.build()

    name, message = failure(result)
    assert name == DbtBuildError.__name__
    assert "model daily_revenue (models/marts/daily_revenue.sql): " in message
    assert "out of range" in message
    assert "Skipped because of that: daily_revenue_adds_up" in message
    compiled = next(line for line in message.splitlines() if "compiled SQL:" in line).split()[-1]
    assert "cast(sum(amount) as smallint)" in Path(compiled).read_text()
    assert set(told(result)) == {STAGING, FACTS, PRODUCTS}


def test_a_failing_test_is_a_failed_check_and_nothing_downstream_is_built(
    warehouse: Toy,
) -> None:
    warehouse.fill([*GOOD_ROWS, ("2024-01-03", "car", None, 1)])

    result = warehouse.build()

    assert checks(result)["an_amount_is_stated"] == (False, "ERROR")
    assert set(told(result)) == {STAGING, FACTS}
    name, message = failure(result)
    assert name == DbtBuildError.__name__
    assert "test an_amount_is_stated (models/core/fct_sales.yml): Got 1 result" in message


def test_a_test_of_severity_warn_fails_its_check_and_not_the_run(warehouse: Toy) -> None:
    warehouse.fill([*GOOD_ROWS, ("2024-01-03", None, 1, 1)])

    result = warehouse.build()

    assert result.success
    assert checks(result)["a_product_is_named"] == (False, "WARN")
    [found] = [c for c in result.get_asset_check_evaluations() if not c.passed]
    assert "Found: 1 row against it. To do: See the rows" in str(found.description)
    assert "where product is null" in str(found.metadata["sql"].value)


@pytest.mark.long
def test_a_warehouse_that_another_process_holds_may_be_tried_again(
    warehouse: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the other process came between the question to the warehouse and dbt.
    monkeypatch.setattr(marts, "_days", lambda *_: [])
    monkeypatch.setattr(DuckDBWarehouse, "_create", lambda *_: None)
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held'); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-uc", script, str(warehouse.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"

    result = warehouse.build()
    holder.communicate(b"")

    assert failure(result)[0] == DbtUnavailableError.__name__
    assert warehouse.build().success


def test_two_builds_in_one_process_write_to_their_own_warehouses(
    tmp_path: Path, prepared: DbtLocation
) -> None:
    one = Toy(tmp_path / "one", prepared).fill([("2024-01-01", "tea", 1, 1)])
    two = Toy(tmp_path / "two", prepared).fill([("2024-01-01", "tea", 2, 1)])

    assert one.build().success
    assert two.build().success

    assert one.ask("select revenue from daily_revenue") == [(1,)]
    assert two.ask("select revenue from daily_revenue") == [(2,)]


@pytest.mark.parametrize("amount", [1, 40_000], ids=["success", "failure"])
def test_the_warehouse_is_free_for_another_process_after_a(warehouse: Toy, amount: int) -> None:
    warehouse.fill([("2024-01-01", "tea", amount, 1)])

    assert warehouse.build().success == (amount == 1)

    assert is_free_for_another_process(warehouse.path)


@pytest.mark.long
def test_an_interrupted_build_ends_its_query_and_frees_the_warehouse(warehouse: Toy) -> None:
    warehouse.fill([("2024-01-01", "slow", 1, 10**12)])

    @dbt_assets(
        manifest=read_manifest(warehouse.location.prepared_dir),
        dagster_dbt_translator=MartsTranslator(),
        partitions_def=DAYS,
    )
    def interrupted(context: dg.AssetExecutionContext, dbt: DbtInProcess) -> Iterator[Any]:
        for event in dbt.build(context, dbt.load(), variables={}):
            yield event
            if isinstance(event, dg.Output) and "daily_revenue" in event.output_name:
                Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()

    before = time.monotonic()
    result = warehouse.build(marts=interrupted)

    assert failure(result)[0] == DagsterExecutionInterruptedError.__name__
    assert time.monotonic() - before < 60
    assert is_free_for_another_process(warehouse.path)


def test_only_the_selected_models_and_their_own_checks_run(warehouse: Toy) -> None:
    warehouse.build()
    warehouse.fill([(day, product, 7, 1) for day, product, _, _ in GOOD_ROWS])

    result = warehouse.build(selection=dg.AssetSelection.assets(FACTS))

    assert result.success, "daily_revenue does not add up to the new facts: not asked for"
    assert set(told(result)) == {FACTS}
    assert set(checks(result)) == {"an_amount_is_stated"}
    assert warehouse.ask("select revenue from daily_revenue order by day") == [(3,), (4,), (5,)]


def test_a_check_can_run_by_itself_without_a_window(warehouse: Toy) -> None:
    warehouse.build()
    selection = dg.AssetSelection.checks(dg.AssetCheckKey(DAILY, "daily_revenue_adds_up"))

    result = warehouse.build(None, None, selection)

    assert checks(result) == {"daily_revenue_adds_up": (True, "ERROR")}
    assert not told(result)


def test_a_build_leaves_the_process_as_it_was(
    warehouse: Toy, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PATH_SETTING, "as it was")
    monkeypatch.setattr(logging.getLogger("dagster"), "disabled", True)
    handlers, folder = list(logging.getLogger().handlers), Path.cwd()

    assert warehouse.build().success

    assert os.environ[PATH_SETTING] == "as it was"
    assert (logging.getLogger().handlers, Path.cwd()) == (handlers, folder)
    assert "dbt" not in capfd.readouterr().out
    assert list(warehouse.runs.iterdir()) == []
