"""What built models tell of each day of a run."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from sales_assets.partitions import Window
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.telling.mart_days import mart_days
from sales_assets_tests.resources.staged import ONE, THREE, TWO

FACTS, DAILY = dg.AssetKey(["core", "fct_sales"]), dg.AssetKey(["marts", "daily_revenue"])
CUSTOMERS = dg.AssetKey(["marts", "customer_value"])
WINDOW = Window.of_keys(str(ONE), str(THREE))


@pytest.fixture
def built(tmp_path: Path) -> DuckDBWarehouse:
    warehouse = DuckDBWarehouse(path=str(tmp_path / "sales.duckdb"), lock_timeout=60)
    with warehouse._write() as session:
        session.query("CREATE SCHEMA IF NOT EXISTS core")
        session.query(
            "CREATE TABLE core.fct_sales AS SELECT * FROM (VALUES "
            f"(DATE '{ONE}', 1.005), (DATE '{ONE}', 2.00), (DATE '{TWO}', 5.00), "
            f"(DATE '{TWO}', NULL), (DATE '2024-02-01', 7.00)"
            ") AS sales (partition_date, reporting_net_amount)"
        )
    return warehouse


def test_days_tell_rows_and_a_sum_only_if_every_line_was_converted(built: DuckDBWarehouse) -> None:
    assert mart_days(built, [FACTS], WINDOW, "EUR") == {
        (FACTS, ONE): {"dagster/partition_row_count": 2, "net revenue in EUR": 3.01},
        (FACTS, TWO): {"dagster/partition_row_count": 2},
        (FACTS, THREE): {"dagster/partition_row_count": 0},
    }


def test_orders_are_told_where_those_of_rows_add_up(built: DuckDBWarehouse) -> None:
    with built._write() as session:
        session.query(
            "CREATE TABLE marts.daily_revenue AS SELECT * FROM (VALUES "
            f"(DATE '{ONE}', 'shop', 2, 1.00), (DATE '{ONE}', 'till', 3, 1.00), "
            f"(DATE '{TWO}', 'shop', 2, 1.00), (DATE '{TWO}', 'shop', 1, 1.00), "
            f"(DATE '{THREE}', 'shop', NULL, 1.00), (DATE '{THREE}', 'till', 3, 1.00)"
            ") AS sales (order_date, source, orders, reporting_net_revenue)"
        )
    window = Window.of_keys(str(ONE), str(THREE))
    told = mart_days(built, [DAILY], window, "EUR")
    assert [told[DAILY, day].get("orders") for day in window.days()] == [5, None, None]


def test_models_without_days_or_that_are_not_built_tell_nothing(built: DuckDBWarehouse) -> None:
    assert mart_days(built, [CUSTOMERS], WINDOW, "EUR") == {}
    assert mart_days(built, [DAILY], WINDOW, "EUR") == {}
    assert mart_days(built, [], WINDOW, "EUR") == {}
