"""What a run tells the models of currencies and days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from sales_assets.assets.mart_variables import Conversion, window_variables
from sales_assets.contracts.load import load_contract
from sales_assets.contracts.model import SourceContract
from sales_assets.partitions import Window
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets_tests.harness import SHOP

WINDOW = Window.of_keys("2024-01-08", "2024-01-10")
CONTRACT = load_contract(SHOP)


def contract(name: str, currencies: Sequence[str] = (), age: int = 7) -> SourceContract:
    return replace(CONTRACT, source=name, currencies=tuple(currencies), rate_age_days=age)


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    made = DuckDBWarehouse(path=str(tmp_path / "sales.duckdb"), lock_timeout=60)
    made.rows("SELECT 1")
    return made


def write(warehouse: DuckDBWarehouse, *statements: str) -> None:
    with duckdb.connect(warehouse.path) as connection:
        for statement in statements:
            connection.execute(statement)


def test_the_currencies_are_those_of_all_contracts_and_the_reporting_one() -> None:
    contracts = [contract("a", ["EUR", "USD"]), contract("b", ["GBP", "USD"])]
    assert Conversion.of(contracts, "CHF").symbols == ("CHF", "GBP", "USD")
    assert Conversion.of(contracts, "EUR").symbols == ("GBP", "USD")
    assert Conversion.of([contract("a", ["EUR"])], "EUR").symbols == ()


def test_the_models_are_told_what_is_unusual_only() -> None:
    contracts = [contract("a", ["HRK", "USD"]), contract("b", [], age=3)]
    conversion = Conversion.of(contracts, "EUR")
    assert conversion.variables == {
        "reporting_currency": "EUR",
        "rate_age_days": {"tests/b": 3},
        "rate_age_days_usual": 7,
        "ended_currencies": {"HRK": "2022-12-30"},
    }
    assert Conversion.of([contract("a", ["USD"])], "USD").variables == {
        "reporting_currency": "USD",
        "rate_age_days": {},
        "rate_age_days_usual": 7,
        "ended_currencies": {},
    }


def test_the_shortest_age_is_that_of_the_strictest_contract() -> None:
    contracts = [contract("a", age=30), contract("b", age=2)]
    assert Conversion.of(contracts, "EUR").shortest_age_days == 2
    assert Conversion.of([], "EUR").shortest_age_days == 7


def test_a_run_of_everything_has_no_days(warehouse: DuckDBWarehouse) -> None:
    assert window_variables(warehouse, None) == {}


def test_before_the_first_build_there_are_the_days_of_the_run(warehouse: DuckDBWarehouse) -> None:
    assert window_variables(warehouse, WINDOW) == {
        "start_date": "2024-01-08",
        "end_date": "2024-01-11",
    }


SALES = """
CREATE TABLE core.fct_sales AS SELECT partition_date::DATE AS partition_date,
    order_date::DATE AS order_date, 'USD' AS currency, rate_state,
    rate_date::DATE AS rate_date, rate::DECIMAL(18, 6) AS currency_rate,
    1::DECIMAL(18, 6) AS reporting_rate
FROM (VALUES
    ('2024-01-08', '2024-01-07', 'stale', '2024-01-04', 1.1),  -- in the window
    ('2024-01-12', '2024-01-11', 'stale', '2024-01-04', 1.1),
    ('2024-01-13', '2024-01-11', 'current', '2024-01-10', 1.2),  -- right as it is
    ('2024-01-14', '2024-01-09', 'missing', NULL, NULL),
    ('2024-01-15', '2024-01-09', 'same_currency', NULL, NULL),
    ('2024-03-15', '2024-03-11', 'stale', '2024-01-04', 1.1),  -- beyond any of its rates
) AS v (partition_date, order_date, rate_state, rate_date, rate)
"""
RATES = """
CREATE TABLE staging.stg_exchange_rates AS SELECT day::DATE AS day, 'USD' AS currency,
    rate_date::DATE AS rate_date, 1.2::DECIMAL(18, 6) AS currency_rate,
    1::DECIMAL(18, 6) AS reporting_rate
FROM (VALUES ('2024-01-07', '2024-01-05'), ('2024-01-09', '2024-01-09'),
    ('2024-01-11', '2024-01-10'), ('2024-03-11', '2024-03-11')) AS v (day, rate_date)
"""


def test_sales_outside_of_the_run_that_get_another_rate_are_converted_again(
    warehouse: DuckDBWarehouse,
) -> None:
    write(warehouse, SALES, RATES)
    assert window_variables(warehouse, WINDOW) == {
        "start_date": "2024-01-08",
        "end_date": "2024-01-11",
        "moved_dates": "2024-01-12,2024-01-14",
        "reconverted_dates": "2024-01-09,2024-01-11",
    }


def test_days_of_which_lines_moved_go_along_once(warehouse: DuckDBWarehouse) -> None:
    write(
        warehouse,
        SALES,
        RATES,
        "INSERT INTO moved VALUES ('tests/till', '2024-01-09', '2024-01-12')",
        "INSERT INTO moved VALUES ('tests/till', '2024-01-09', '2023-12-30')",
        "INSERT INTO moved VALUES ('tests/till', '2024-01-09', '2024-01-10')",
    )
    told = window_variables(warehouse, WINDOW)
    assert told["moved_dates"] == "2023-12-30,2024-01-12,2024-01-14"


def test_the_first_day_of_a_run_needs_no_others(warehouse: DuckDBWarehouse) -> None:
    write(warehouse, SALES, RATES)
    window = Window(date(2023, 1, 1), date(2023, 1, 2))
    assert window_variables(warehouse, window).keys() == {"start_date", "end_date"}
