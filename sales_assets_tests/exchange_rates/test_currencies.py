"""The lists of currencies against the bank's own history."""

from __future__ import annotations

from datetime import timedelta

from sales_assets.exchange_rates.currencies import BASE, ENDED, LIVE, has_ended, needed
from sales_assets_tests.exchange_rates.builders import LAST, PUBLICATIONS


def test_currencies_that_are_published_are_those_of_the_last_publication() -> None:
    assert PUBLICATIONS.by_day[LAST].keys() == LIVE


def test_currencies_that_have_ended_have_their_last_day() -> None:
    last = {code: day for day, rates in PUBLICATIONS.by_day.items() for code in rates}
    assert {code: day for code, day in last.items() if day < LAST} == ENDED


def test_a_currency_has_ended_from_the_day_after_its_last_rate_on() -> None:
    for code, day in ENDED.items():
        assert not has_ended(code, day)
        assert has_ended(code, day + timedelta(days=1))
    assert not has_ended("USD", LAST)
    assert not has_ended("XXX", LAST)


def test_the_base_needs_no_rate_and_the_reporting_currency_does() -> None:
    assert needed([], BASE) == ()
    assert needed([["EUR", "USD"], ["GBP", "USD"]], "EUR") == ("GBP", "USD")
    assert needed([["EUR"]], "CHF") == ("CHF",)
