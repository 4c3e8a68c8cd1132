"""What a run tells the models of currencies and days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sales_assets.assets.mart_variables import Conversion, window_variables
from sales_assets.contracts.load import load_contract
from sales_assets.contracts.model import SourceContract
from sales_assets.partitions import Window
from sales_assets_tests.harness import SHOP

WINDOW = Window.of_keys("2024-01-08", "2024-01-10")
CONTRACT = load_contract(SHOP)


def contract(name: str, currencies: Sequence[str] = (), age: int = 7) -> SourceContract:
    return replace(CONTRACT, source=name, currencies=tuple(currencies), rate_age_days=age)


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


def test_the_rules_of_a_source_change_with_its_age_and_with_currencies_that_end() -> None:
    rules = Conversion.of([contract("a", ["USD"], age=3), contract("b", ["HRK"])], "EUR").rules
    ended = "HRK until 2022-12-30"
    assert rules == {"tests/a": f"3 days; {ended}", "tests/b": f"7 days; {ended}"}
    assert Conversion.of([contract("b", ["USD"])], "EUR").rules == {"tests/b": "7 days"}


def test_a_run_of_everything_has_no_days() -> None:
    assert window_variables(None, [date(2024, 1, 1)]) == {}


def test_a_run_has_its_days_and_others_that_it_computes_anew() -> None:
    days = {"start_date": "2024-01-08", "end_date": "2024-01-11"}
    assert window_variables(WINDOW, []) == days
    assert window_variables(WINDOW, list(WINDOW.days())) == days
    others = [date(2023, 12, 30), date(2024, 1, 9), date(2024, 1, 12)]
    assert window_variables(WINDOW, others) == {**days, "moved_dates": "2023-12-30,2024-01-12"}
