"""Which days of drops the models have to compute anew."""

from __future__ import annotations

from datetime import date

import pytest

from sales_assets.resources.sql_warehouse import SqlWarehouse

FIRST, SECOND, THIRD = date(2024, 1, 8), date(2024, 1, 9), date(2024, 1, 10)
RULES = {"tests/shop": "7 days"}


@pytest.fixture
def sold(warehouse: SqlWarehouse) -> SqlWarehouse:
    """Sales of two days, one in dollars and one in euros, as the models have built them."""
    change(
        warehouse,
        *(f"CREATE SCHEMA IF NOT EXISTS {schema}" for schema in ("core", "staging", "marts")),
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
    return warehouse


def change(warehouse: SqlWarehouse, *statements: str) -> None:
    with warehouse._write() as session:
        for statement in statements:
            session.query(statement)


def built(warehouse: SqlWarehouse) -> SqlWarehouse:
    warehouse.begin_marts([FIRST, SECOND])
    warehouse.end_marts([FIRST, SECOND], RULES)
    return warehouse


def test_after_a_build_nothing_is_outdated(sold: SqlWarehouse) -> None:
    assert built(sold).outdated_marts(RULES) == []
    assert not sold.needs_full_refresh("EUR")


def test_a_build_that_did_not_end_is_done_again(sold: SqlWarehouse) -> None:
    built(sold).begin_marts([SECOND, THIRD])
    assert sold.outdated_marts(RULES) == [SECOND, THIRD]
    sold.begin_marts([SECOND])
    sold.end_marts([SECOND], RULES)
    assert sold.outdated_marts(RULES) == [THIRD]


def test_a_build_that_cannot_end_is_not_done_again_with_others(sold: SqlWarehouse) -> None:
    built(sold).begin_marts([SECOND, THIRD])
    sold.abandon_marts([THIRD])
    assert sold.outdated_marts(RULES) == [SECOND]


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
    sold: SqlWarehouse, now: str
) -> None:
    change(built(sold), now)
    assert sold.outdated_marts(RULES) == [FIRST]


def test_sales_of_which_other_rules_hold_are_outdated_but_not_those_of_no_contract(
    sold: SqlWarehouse,
) -> None:
    assert built(sold).outdated_marts({"tests/shop": "3 days"}) == [FIRST]
    assert sold.outdated_marts({"tests/other": "3 days"}) == []


def test_models_of_another_currency_or_version_are_made_anew_until_that_has_ended(
    sold: SqlWarehouse,
) -> None:
    assert built(sold).needs_full_refresh("CHF")
    sold.begin_marts(None)
    change(sold, "UPDATE core.fct_sales SET reporting_currency = 'CHF'")
    assert sold.needs_full_refresh("CHF"), "the other models may be as they were"
    sold.end_marts(None, RULES)
    assert not sold.needs_full_refresh("CHF")
    change(sold, "CREATE TABLE marts.daily_revenue (source VARCHAR)")
    assert sold.needs_full_refresh("CHF")


def test_before_the_first_build_nothing_is_to_be_done(warehouse: SqlWarehouse) -> None:
    assert warehouse.outdated_marts(RULES) == []
    assert not warehouse.needs_full_refresh("EUR")
