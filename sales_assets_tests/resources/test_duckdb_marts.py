"""Which days of drops the models have to compute anew."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse

FIRST, SECOND, THIRD = date(2024, 1, 8), date(2024, 1, 9), date(2024, 1, 10)
RULES = {"tests/shop": "7 days"}


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    """Sales of two days, one in dollars and one in euros, as the models have built them."""
    made = DuckDBWarehouse(path=str(tmp_path / "sales.duckdb"), lock_timeout=60)
    made.rows("SELECT 1")
    change(
        made,
        "CREATE TABLE core.fct_sales AS SELECT 'tests/shop' AS source, day AS partition_date, "
        "day AS order_date, currency, 'EUR' AS reporting_currency, "
        "CASE currency WHEN 'USD' THEN day END AS rate_date, "
        "CASE currency WHEN 'USD' THEN 1.1::DECIMAL(18,6) END AS currency_rate, "
        "CASE currency WHEN 'USD' THEN 1::DECIMAL(18,6) END AS reporting_rate "
        f"FROM (VALUES (DATE '{FIRST}', 'USD'), (DATE '{SECOND}', 'EUR')) AS v (day, currency)",
        "CREATE TABLE staging.stg_exchange_rates AS SELECT order_date AS day, currency, "
        "order_date AS rate_date, 1.1::DECIMAL(18,6) AS currency_rate, "
        "1::DECIMAL(18,6) AS reporting_rate, order_date AS expected_rate_date FROM core.fct_sales",
    )
    return made


def change(warehouse: DuckDBWarehouse, *statements: str) -> None:
    with duckdb.connect(warehouse.path) as connection:
        for statement in statements:
            connection.execute(statement)


def built(warehouse: DuckDBWarehouse) -> DuckDBWarehouse:
    warehouse.begin_marts([FIRST, SECOND])
    warehouse.end_marts([FIRST, SECOND], RULES)
    return warehouse


def test_after_a_build_nothing_is_outdated(warehouse: DuckDBWarehouse) -> None:
    assert built(warehouse).outdated_marts(RULES) == []
    assert not warehouse.needs_full_refresh("EUR")


def test_a_build_that_did_not_end_is_done_again(warehouse: DuckDBWarehouse) -> None:
    built(warehouse).begin_marts([SECOND, THIRD])
    assert warehouse.outdated_marts(RULES) == [SECOND, THIRD]
    warehouse.begin_marts([SECOND])
    warehouse.end_marts([SECOND], RULES)
    assert warehouse.outdated_marts(RULES) == [THIRD]


def test_a_build_that_cannot_end_is_not_done_again_with_others(warehouse: DuckDBWarehouse) -> None:
    built(warehouse).begin_marts([SECOND, THIRD])
    warehouse.abandon_marts([THIRD])
    assert warehouse.outdated_marts(RULES) == [SECOND]


@pytest.mark.parametrize(
    "now",
    [
        "UPDATE staging.stg_exchange_rates SET currency_rate = 1.2",
        "UPDATE staging.stg_exchange_rates SET reporting_rate = 1.2",
        "UPDATE staging.stg_exchange_rates SET rate_date = rate_date - 1",
        "UPDATE staging.stg_exchange_rates SET expected_rate_date = expected_rate_date + 1",
        "DELETE FROM staging.stg_exchange_rates",
    ],
)
def test_sales_whose_rate_is_another_now_are_outdated_and_those_without_one_are_not(
    warehouse: DuckDBWarehouse, now: str
) -> None:
    change(built(warehouse), now)
    assert warehouse.outdated_marts(RULES) == [FIRST]


def test_sales_of_which_other_rules_hold_are_outdated_but_not_those_of_no_contract(
    warehouse: DuckDBWarehouse,
) -> None:
    assert built(warehouse).outdated_marts({"tests/shop": "3 days"}) == [FIRST]
    assert warehouse.outdated_marts({"tests/other": "3 days"}) == []


def test_models_of_another_currency_or_version_are_made_anew_until_that_has_ended(
    warehouse: DuckDBWarehouse,
) -> None:
    assert built(warehouse).needs_full_refresh("CHF")
    warehouse.begin_marts(None)
    change(warehouse, "UPDATE core.fct_sales SET reporting_currency = 'CHF'")
    assert warehouse.needs_full_refresh("CHF"), "the other models may be as they were"
    warehouse.end_marts(None, RULES)
    assert not warehouse.needs_full_refresh("CHF")
    change(warehouse, "CREATE TABLE marts.daily_revenue (source VARCHAR)")
    assert warehouse.needs_full_refresh("CHF")


def test_before_the_first_build_nothing_is_to_be_done(tmp_path: Path) -> None:
    empty = DuckDBWarehouse(path=str(tmp_path / "empty.duckdb"))
    assert empty.outdated_marts(RULES) == []
    assert not empty.needs_full_refresh("EUR")
