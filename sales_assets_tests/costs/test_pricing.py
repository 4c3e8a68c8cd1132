"""What amounts cost, exactly, at the rates of their day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.costs.amounts import Amounts, By, memory_of, spread_all
from sales_assets.costs.bill import bill
from sales_assets.costs.closing import figures
from sales_assets.costs.entries import Entry
from sales_assets.costs.pricing import Prices, RateCard, note_rates, shown
from sales_assets.errors import UsageError
from sales_assets.platform.teams import Rates, Teams
from sales_assets_tests.costs.rows import ledger_in

MAY, JUNE = date(2024, 5, 1), date(2024, 6, 1)
HOUR = 3_600_000_000


def teams(cpu_hour: str = "0.05", own: str | None = None) -> Teams:
    return Teams.model_validate(
        {
            "version": 1,
            "admins": ["ada@example.com"],
            "rates": {
                "cpu_hour": cpu_hour,
                "gigabyte_hour": "0.01",
                "gigabyte_read": "0.001",
                "gigabyte_written": "0.005",
                "credit": "3.10",
            },
            "teams": {"retail": {"rates": {"cpu_hour": own}} if own else {}, "global": {}},
        }
    )


def test_each_unit_has_its_price() -> None:
    card = RateCard.from_teams(teams())
    for used, price in (
        (Amounts(cpu=2 * HOUR), "0.10"),
        (Amounts(memory=memory_of(3 * 10**9, HOUR)), "0.03"),
        (Amounts(read=10**9), "0.001"),
        (Amounts(written=2 * 10**9), "0.01"),
        (Amounts(credits=10**9 // 2), "1.55"),
        (Amounts(wall=HOUR), "0"),
    ):
        assert card.price(used, "retail") == Fraction(price)


def test_a_team_s_own_rates_stand_instead_of_all_of_the_file_s() -> None:
    card = RateCard.from_teams(teams(own="1"))
    assert card.price(Amounts(cpu=HOUR, credits=10**9), "retail") == 1
    assert card.price(Amounts(cpu=HOUR), "global") == Fraction("0.05")
    assert card.price(Amounts(cpu=HOUR), "of nobody") == Fraction("0.05")


NUMBER = st.integers(min_value=0, max_value=10**15)


@given(st.builds(Amounts, *[NUMBER] * 6), st.lists(st.integers(0, 1000), min_size=1, max_size=9))
def test_what_is_divided_costs_what_the_whole_costs(whole: Amounts, shares: list[int]) -> None:
    card = RateCard.from_teams(teams(cpu_hour="0.07"))
    parts = [card.price(part, "retail") for part in spread_all(whole, shares)]
    assert sum(parts) == card.price(whole, "retail")


def test_rates_are_kept_as_they_are_and_only_when_they_change(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    for day, rate in ((MAY, "0.05"), (date(2024, 5, 2), "0.05"), (JUNE, "0.10")):
        note_rates(ledger, teams(rate), day)
    assert list(ledger.rates()) == [MAY, JUNE]
    assert RateCard.from_text(ledger.rates()[JUNE]) == RateCard.from_teams(teams("0.10"))
    assert set(dict(Rates())) == set(RateCard.from_teams(teams()).of[""])


def test_a_new_price_counts_from_its_day_on_and_changes_nothing_before(tmp_path: Path) -> None:
    ledger, hour = ledger_in(tmp_path), Amounts(cpu=HOUR)
    note_rates(ledger, teams("0.05"), MAY)
    prices = Prices.of(ledger, teams("0.10"), JUNE)
    for day, price in (
        (date(2024, 1, 1), "0.05"),
        (date(2024, 5, 31), "0.05"),
        (JUNE, "0.10"),
        (date(2025, 1, 1), "0.10"),
    ):
        assert prices.price(day, hour, "retail") == Fraction(price)
    assert list(ledger.rates()) == [MAY], "who asks notes nothing"


def changed() -> Prices:
    """EUR until May the 14th, and USD since."""
    rates = RateCard.from_teams(teams()).of
    return Prices({MAY: RateCard("EUR", rates), date(2024, 5, 15): RateCard("USD", rates)})


def test_money_of_two_currencies_is_never_added_and_it_is_said_which_days_to_ask_for() -> None:
    used = [Entry(date(2024, 5, day), Amounts(cpu=HOUR)) for day in (2, 14, 15, 31)]
    for some, currency in ((used[:2], "EUR"), (used[2:], "USD"), ([], "USD")):
        assert bill(some, By.TEAM, changed()).currency == currency
    with pytest.raises(UsageError) as raised:
        bill(used, By.TEAM, changed())
    said = str(raised.value)
    assert "2024-05-02..2024-05-14 in EUR, 2024-05-15..2024-05-31 in USD" in said
    assert "--since 2024-05-15 --until 2024-06-01" in said


def test_a_day_s_figures_are_in_the_currency_of_the_day() -> None:
    for day, currency in ((14, "EUR"), (15, "USD")):
        assert figures([], changed(), date(2024, 5, day))["currency"] == currency


def test_without_teams_nothing_has_a_price(tmp_path: Path) -> None:
    prices = Prices.of(ledger_in(tmp_path), None, MAY)
    assert prices.currency is None
    assert prices.price(MAY, Amounts(cpu=HOUR), "retail") == 0


def test_only_what_is_shown_is_rounded() -> None:
    assert shown(Fraction(1, 3)) == Decimal("0.3333")
    assert shown(Fraction(2, 3), 2) == Decimal("0.67")
    assert str(shown(Fraction(5), 2)) == "5.00"
