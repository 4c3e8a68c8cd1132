"""Returns over time, from days as the warehouse gives them."""

from datetime import date
from decimal import Decimal

from sales_assets.report.drawn import returns_charts
from sales_assets.report.returns import returns_of
from sales_assets.report.rows import DayRow


def on(day: str, gross: str, returned: str, rate: str | None = "1") -> DayRow:
    """A day of a source whose currency is worth `rate` euros, if that is known."""
    amounts = Decimal(gross), Decimal(returned), Decimal(gross) - Decimal(returned)
    converted = [None if rate is None else amount * Decimal(rate) for amount in amounts]
    return DayRow("shop", "USD", date.fromisoformat(day), 1, *amounts, "EUR", *converted)


def test_a_source_to_which_nothing_came_back_has_no_returns() -> None:
    assert returns_of([on("2024-01-01", "5", "0")]) is None
    assert returns_of([]) is None


def test_rates_weigh_currencies_by_what_they_are_worth() -> None:
    found = returns_of([on("2024-01-01", "100", "50", "0.5"), on("2024-01-02", "100", "0")])
    assert found is not None
    assert [(item.gross, item.returned, item.net, item.rate) for item in found.periods] == [
        (Decimal("50.0"), Decimal("25.0"), Decimal("25.0"), Decimal(50)),
        (Decimal(100), Decimal(0), Decimal(100), Decimal(0)),
    ]
    assert found.total.rate == Decimal("25.0") / Decimal("150.0") * 100


def test_a_period_that_is_not_known_whole_has_no_rate_and_days_without_sales_have_none() -> None:
    days = [on("2024-01-01", "100", "50"), on("2024-01-03", "9", "0", None)]
    found = returns_of(days)
    assert found is not None
    assert [item.rate for item in found.periods] == [50, None, None]
    assert found.periods[1].gross == 0
    assert found.total.rate is None
    amounts, rates = returns_charts(found)
    assert "Highest: 1 January 2024 with 50.00 EUR" in amounts.description
    assert "1 January 2024 to 1 January 2024. Highest: 1 January 2024 with 50.00" in (
        rates.description
    )


def test_without_any_rate_there_is_no_chart() -> None:
    found = returns_of([on("2024-01-01", "100", "50", None)])
    assert found is not None
    assert returns_charts(found) == []
