"""What the checks of exchange rates say, and how loudly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import dagster as dg

from sales_assets.checks.rates import (
    api_answers,
    conversion_result,
    rate_check_specs,
    rates_are_current,
    rates_are_plausible,
)
from sales_assets.exchange_rates.api import ApiRefusedError, ApiUnavailableError
from sales_assets.exchange_rates.state import DayState, KnownDay
from sales_assets.partitions import Window
from sales_assets.resources.warehouse import UnconvertedSales, ValidRate

WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR
FRIDAY, MONDAY, TUESDAY = date(2024, 1, 5), date(2024, 1, 8), date(2024, 1, 9)


def current(
    *days: date,
    since: Mapping[str, date] | None = None,
    symbols: tuple[str, ...] = ("USD",),
    state: DayState = DayState.UNPUBLISHED,
    limit: int = 7,
) -> dg.AssetCheckResult:
    """The check for days that are behind, with the last rates of these dates."""
    last = {"USD": FRIDAY} if since is None else since
    valid = {day: {code: ValidRate(at, Decimal(1)) for code, at in last.items()} for day in days}
    known = {day: KnownDay(day, symbols, state, datetime.now(UTC)) for day in days}
    return rates_are_current(known, valid, limit)


def value(found: dg.AssetCheckResult, name: str) -> object:
    return found.metadata[name].value


def test_every_check_of_the_rates_says_what_it_is_about_and_blocks_nothing() -> None:
    specs = rate_check_specs()
    assert [s.name for s in specs] == ["rates_are_current", "rates_are_plausible", "api_answers"]
    assert all(spec.description and not spec.blocking for spec in specs)


def test_with_no_day_behind_nothing_is_wrong() -> None:
    found = current()
    assert found.passed
    assert value(found, "found") == "0 days without the rates that are due"
    assert str(found.description).endswith("Found: 0 days without the rates that are due.")
    assert value(found, "oldest_rate_days") == 0


def test_days_behind_are_a_warning_with_the_age_of_what_is_used() -> None:
    found = current(MONDAY, TUESDAY)
    assert (found.passed, found.severity) == (False, WARN)
    assert found.description
    assert found.description.startswith(
        "Expected: the publication that is due; for a while one up to 7 days old. "
        "Found: 2 days without the rates that are due; the oldest in use is 4 days old. "
        "To do: Sales of these days are converted again by themselves when the rates come"
    )
    assert value(found, "days") == "- **2024-01-08..2024-01-09**: rates up to 4 days old"
    assert value(found, "expected") == (
        "the publication that is due; for a while one up to 7 days old"
    )


def test_rates_that_are_older_than_any_contract_allows_are_an_error() -> None:
    assert current(date(2024, 1, 12)).severity is WARN
    assert current(date(2024, 1, 13)).severity is ERROR
    assert current(TUESDAY, limit=4).severity is WARN
    assert current(TUESDAY, limit=3).severity is ERROR


def test_the_oldest_of_several_currencies_counts() -> None:
    since = {"USD": MONDAY, "GBP": FRIDAY}
    found = current(TUESDAY, since=since, symbols=("GBP", "USD"))
    assert value(found, "days") == "- **2024-01-09**: rates up to 4 days old"


def test_a_currency_without_any_rate_is_an_error() -> None:
    found = current(MONDAY, symbols=("GBP", "USD"))
    assert (found.passed, found.severity) == (False, ERROR)
    assert value(found, "days") == "- **2024-01-08**: no rates of some currency"
    nothing = current(MONDAY, since={})
    assert nothing.severity is ERROR
    assert "the oldest in use" not in str(nothing.description)


def test_a_currency_that_has_ended_is_not_waited_for() -> None:
    found = current(MONDAY, symbols=("HRK", "USD"))
    assert found.severity is WARN
    assert value(found, "days") == "- **2024-01-08**: rates up to 3 days old"


def test_days_with_something_put_aside_are_told_apart() -> None:
    found = current(MONDAY, state=DayState.INCOMPLETE)
    assert value(found, "found") == (
        "1 day without the rates that are due, 1 of them with some put aside; the oldest in use "
        "is 3 days old"
    )


def test_plausible_rates_are_nothing_wrong() -> None:
    found = rates_are_plausible([])
    assert (found.passed, value(found, "found")) == (True, "0 rates put aside")


def test_rates_that_were_put_aside_are_an_error_by_day_with_what_to_do() -> None:
    found = rates_are_plausible(
        [
            (FRIDAY, "GBP", "", "the currency is missing"),
            (FRIDAY, "USD", "0", "is not above zero"),
            (MONDAY, "USD", "11", "900 % off"),
        ]
    )
    assert (found.passed, found.severity) == (False, ERROR)
    assert value(found, "days") == (
        "- **2024-01-05**: GBP (nothing) the currency is missing; USD 0 is not above zero\n"
        "- **2024-01-08**: USD 11 900 % off"
    )
    assert found.description
    assert "`sales-assets rates accept DATE CURRENCY`" in found.description


def test_an_api_that_answered_is_nothing_wrong_and_its_numbers_are_told() -> None:
    found = api_answers({}, [], {"breaker": "closed", "calls": 3})
    assert found.passed
    assert (value(found, "breaker"), value(found, "calls")) == ("closed", 3)


def test_months_without_an_answer_are_a_warning_with_the_reason() -> None:
    month = Window.of_keys("2024-01-01", "2024-01-31")
    found = api_answers({month: ApiUnavailableError("away", "timeout")}, [], {"breaker": "open"})
    assert (found.passed, found.severity) == (False, WARN)
    assert value(found, "days") == "- **2024-01**: away"
    assert value(found, "found") == "1 month without an answer"


def test_what_somebody_has_to_set_right_is_an_error_that_says_what() -> None:
    month = Window.of_keys("2024-01-01", "2024-01-31")
    found = api_answers({month: ApiRefusedError("404; check the address")}, [], {})
    assert (found.passed, found.severity) == (False, ERROR)
    assert value(found, "days") == "- **2024-01**: 404; check the address"
    found = api_answers({}, ["AED"], {})
    assert (found.passed, found.severity) == (False, ERROR)
    assert "AED**: the API has never had rates of it; correct the currency in the contracts" in str(
        value(found, "days")
    )


def sales(state: str, currency: str = "USD", days: int | None = None) -> UnconvertedSales:
    return UnconvertedSales("tests/shop", currency, state, 1234, FRIDAY, MONDAY, days)


def test_sales_that_are_converted_are_nothing_wrong() -> None:
    assert conversion_result([]).passed


def test_stale_rates_are_a_warning_and_sales_without_an_amount_an_error() -> None:
    stale = conversion_result([sales("stale", days=1)])
    assert (stale.passed, stale.severity) == (False, WARN)
    assert value(stale, "found") == (
        "0 lines without an amount in the reporting currency, 1,234 at stale rates, the oldest of "
        "these 1 day old"
    )
    for state in ("too_old", "ended", "missing"):
        both = conversion_result([sales("stale", days=2), sales(state, days=9)])
        assert (both.passed, both.severity) == (False, ERROR)
        assert value(both, "oldest_stale_rate_days") == 2


def test_why_sales_are_not_converted_is_told_for_each_currency() -> None:
    found = conversion_result(
        [
            sales("ended", "HRK", 300),
            sales("missing", "XXX"),
            sales("stale", "GBP", 2),
            sales("too_old", "USD", 9),
        ]
    )
    assert value(found, "days") == (
        "- **tests/shop HRK 2024-01-05..2024-01-08**: 1,234 lines, HRK is published no more since "
        "2022-12-30\n"
        "- **tests/shop XXX 2024-01-05..2024-01-08**: 1,234 lines, no rates are known\n"
        "- **tests/shop GBP 2024-01-05..2024-01-08**: 1,234 lines, rates up to 2 days old\n"
        "- **tests/shop USD 2024-01-05..2024-01-08**: 1,234 lines, the last rates are up to 9 "
        "days old"
    )
