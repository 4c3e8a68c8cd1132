"""What the check says of teams that near or pass their budgets, and the words of teams.yaml."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import dagster as dg
import pytest
from pydantic import ValidationError

from sales_assets.checks.budgets import budgets_are_kept, no_budgets
from sales_assets.costs.amounts import Amounts
from sales_assets.costs.bill import Spent, month_of, not_counted, spent
from sales_assets.costs.entries import Entry
from sales_assets.costs.pricing import Prices, RateCard
from sales_assets.platform.teams import Teams

KEY = dg.AssetKey(["platform", "costs"])
HOUR = 3_600_000_000
MAY = month_of(date(2024, 5, 17))
NEVER = frozenset[str]()


def teams(**retail: Any) -> Teams:
    return Teams.model_validate(
        {
            "version": 1,
            "admins": ["ada@example.com"],
            "rates": {"cpu_hour": 1},
            "teams": {"retail": retail, "global": {}},
        }
    )


def stands(share: str, team: str = "retail") -> Spent:
    return Spent(team, Decimal(100), Fraction(share) * 100, Fraction(share) * 200)


def said(*stand: Spent, private: frozenset[str] = NEVER) -> dg.AssetCheckResult:
    return budgets_are_kept(KEY, stand, private, "EUR", "2024-05")


@pytest.mark.parametrize(
    ("share", "passed", "severity"),
    [
        ("0.79", True, None),
        ("0.8", False, dg.AssetCheckSeverity.WARN),
        ("1", False, dg.AssetCheckSeverity.WARN),
        ("1.01", False, dg.AssetCheckSeverity.ERROR),
    ],
)
def test_a_budget_warns_at_80_percent_and_fails_above_all_of_it(
    share: str, passed: bool, severity: dg.AssetCheckSeverity | None
) -> None:
    result = said(stands("0.1", "global"), stands(share))
    assert result.passed is passed
    assert severity is None or result.severity is severity


def test_the_sentence_says_which_team_how_much_and_what_it_comes_to() -> None:
    result = said(stands("0.85"), stands("1.25", "global"))
    assert result.description is not None
    assert "global has used 125.00 of 100.00 EUR (125%)" in result.description
    assert "comes to 250.00 by the end of the month" in result.description
    assert result.description.index("global") < result.description.index("retail")
    assert "costs --by asset --month 2024-05" in result.description


def test_a_private_team_is_not_named_where_everybody_reads() -> None:
    result = said(stands("2"), private=frozenset({"retail"}))
    assert "retail" not in f"{result.description}{result.metadata}"
    assert "a private team has used 200.00" in f"{result.description}"


def test_without_budgets_or_with_a_wrong_file_that_is_said() -> None:
    assert "no team has a budget" in f"{said().description}"
    assert not no_budgets(KEY).passed


def test_a_month_s_costs_and_its_forecast_are_those_of_the_team_s_days_in_it() -> None:
    found = [
        Entry(date(2024, 5, 1), Amounts(cpu=2 * HOUR), "retail"),
        Entry(date(2024, 5, 10), Amounts(cpu=HOUR), "retail", idle=True),
        Entry(date(2024, 4, 30), Amounts(cpu=HOUR), "retail"),
        Entry(date(2024, 5, 2), Amounts(cpu=HOUR), "global"),
    ]
    prices = Prices({date(2024, 1, 1): RateCard.from_teams(teams())})
    half = datetime(2024, 5, 16, 12, tzinfo=UTC)
    [one] = spent(found, prices, {"retail": Decimal(6)}, MAY, half)
    assert (one.money, one.share, one.forecast) == (Fraction(3), Fraction(1, 2), Fraction(6))
    [over] = spent(found, prices, {"retail": Decimal(6)}, MAY, datetime(2025, 1, 1, tzinfo=UTC))
    assert over.forecast == 3, "a month that is over comes to what it was"


def test_a_budget_counts_the_days_in_its_own_currency_alone_and_says_so() -> None:
    rates = RateCard.from_teams(teams()).of
    prices = Prices(
        {
            date(2024, 1, 1): RateCard("EUR", rates),
            date(2024, 5, 22): RateCard("USD", rates),
        }
    )
    found = [Entry(date(2024, 5, day), Amounts(cpu=HOUR), "retail") for day in (21, 22, 23)]
    at = datetime(2024, 5, 24, tzinfo=UTC)
    [one] = spent(found, prices, {"retail": Decimal(20)}, MAY, at)
    assert (one.money, one.forecast) == (Fraction(2), Fraction(10)), "two of ten days"
    said = not_counted(prices, MAY)
    assert said.endswith("in another currency: 2024-05-01..2024-05-21")
    result = budgets_are_kept(KEY, [one], NEVER, "USD", "2024-05", said)
    assert said in f"{result.description}"
    assert not_counted(prices, month_of(date(2024, 6, 1))) == ""
    before = month_of(date(2024, 4, 1))
    april = [Entry(date(2024, 4, 2), Amounts(cpu=HOUR), "retail")]
    [none] = spent(april, prices, {"retail": Decimal(20)}, before, at)
    assert none.money == 0


def test_a_budget_is_more_than_nothing() -> None:
    assert teams(budget="12.50").teams["retail"].budget == Decimal("12.50")
    with pytest.raises(ValidationError, match="budget"):
        teams(budget=0)
