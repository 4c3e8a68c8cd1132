"""All sources in the reporting currency: sums, the rates behind them, and what keeps them away."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sales_assets.report.data import read_report
from sales_assets.report.figures import Report, figures
from sales_assets.report.reporting import Reporting
from sales_assets.report.split import whole_sum
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets_tests.report.filled import Fill, Page, page_of, sale

MIXED = [
    sale("2024-01-31", "100.10"),
    sale("2024-01-31", "200.05", currency="USD"),
    sale("2024-03-01", "10", currency="GBP", source="other/web"),
]
STALE = """
    UPDATE core.fct_sales SET rate_state = 'stale', rate_date = '2024-01-26' WHERE currency = 'USD'
"""


def reporting(warehouse: DuckDBWarehouse) -> Reporting:
    found = figures(read_report(warehouse)).reporting
    assert found is not None
    return found


def lost(currency: str = "XXX") -> list[dict[str, Any]]:
    """Sales of a source of which one line has no rate."""
    return [*MIXED, sale("2024-03-02", "7", currency=currency, source="lost/web")]


def test_sources_and_currencies_add_up_to_one_total_rounded_once(fill: Fill) -> None:
    warehouse = fill(MIXED)
    found = reporting(warehouse)
    assert found.sources.together.total == Decimal("292.6450000200")
    assert [(series.name, series.total) for series in found.sources.parts] == [
        ("other/web", Decimal("12.5")),
        ("shop/till", Decimal("280.1450000200")),
    ]
    text = Page(page_of(warehouse)).text
    assert "All sources 292.65 other/web 12.50 shop/till 280.15" in text
    assert "The total is not given" not in text


def test_how_up_to_date_the_rates_are_is_told(fill: Fill) -> None:
    text = Page(page_of(fill(MIXED))).text
    assert "last publication used: 29 February 2024; the oldest was of 1 day before its" in text
    assert "✓ 0 lines at stale rates ✓ 0 lines not converted" in text
    assert "✓ Nothing speaks against these figures" in text


def test_lines_at_stale_rates_are_counted_and_named(fill: Fill) -> None:
    text = Page(page_of(fill(MIXED, afterwards=STALE))).text
    assert "! 1 line at stale rates ✓ 0 lines not converted" in text
    assert "! Use these figures with care" in text
    assert "1 line at older rates than those that were due." in text
    assert (
        "shop/till, USD: 1 line, order dates 31 January 2024 to 31 January 2024: converted at "
        "rates up to 5 days old; done again when newer ones come." in text
    )
    assert "All sources 292.65 " in text


def test_without_other_currencies_no_rates_are_used(fill: Fill) -> None:
    assert "Exchange rates none none used" in Page(page_of(fill([sale("2024-01-01", "5")]))).text


@pytest.mark.parametrize(
    ("currency", "why"),
    [
        ("XXX", "no rates of XXX are known"),
        ("RUB", "no rates of RUB are published any more since 1 March 2022"),
    ],
)
def test_a_line_that_could_not_be_converted_keeps_the_total_away(
    fill: Fill, currency: str, why: str
) -> None:
    text = Page(page_of(fill(lost(currency)))).text
    assert "✗ The total is not given. 1 line could not be converted to EUR" in text
    assert f"lost/web, {currency}: 1 line, order dates 2 March 2024 to 2 March 2024: {why}." in text
    assert "All sources not given lost/web not given other/web 12.50 shop/till 280.15" in text
    assert "! 1 line not converted" in text
    assert "1 line could not be converted to EUR." in text
    # What the other lines come to is on the page nowhere as if it were all.
    assert "292.65" not in text


def test_rates_beyond_the_contract_s_age_limit_are_told_as_such(fill: Fill) -> None:
    too_old = (
        "UPDATE core.fct_sales SET rate_state = 'too_old', rate_date = '2024-02-01' "
        "WHERE currency = 'XXX'"
    )
    text = Page(page_of(fill(lost(), afterwards=too_old))).text
    assert "the last rates are up to 30 days old, more than the contract allows." in text


def test_every_month_has_its_sums_and_an_unknown_one_is_left_out_of_the_chart(fill: Fill) -> None:
    warehouse = fill(lost())
    found = reporting(warehouse)
    assert found.sources.starts == (date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1))
    assert found.sources.together.amounts == (Decimal("280.1450000200"), Decimal(0), None)
    html = page_of(warehouse)
    text = Page(html).text
    assert "March 2024 0.00 12.50 not given not given Total 280.15 12.50 not given not" in text
    assert "A month in which a line could not be converted is left out of the chart." in text
    assert "All sources, January 2024 to February 2024. Highest: January 2024 with 280.15" in text
    assert "<title>January 2024, shop/till: 280.15 EUR</title>" in html
    assert "<title>March 2024" not in html.partition("Revenue at a glance")[0]


def test_without_any_month_that_is_known_there_is_no_chart(fill: Fill) -> None:
    page = Page(page_of(fill([sale("2024-01-01", "5", currency="XXX")])))
    assert {chart["aria-labelledby"] for chart in page.all("svg")} == {
        "chart-0-0-0-title chart-0-0-0-text"
    }
    assert "All sources not given shop/till not given" in page.text


def test_of_many_sources_the_largest_are_shown_and_the_others_as_one(fill: Fill) -> None:
    rows = [sale("2024-01-01", str(n), source=f"shop/s{n}") for n in range(1, 9)]
    warehouse = fill(rows)
    assert [(series.name, series.total) for series in reporting(warehouse).sources.charted] == [
        *((f"shop/s{n}", Decimal(n)) for n in range(8, 3, -1)),
        ("3 others", Decimal(6)),
    ]
    html = page_of(warehouse)
    assert 'class="series-5"></span>3 others' in html
    assert "<title>January 2024, 3 others: 6.00 EUR</title>" in html


def test_a_mistaken_date_far_away_makes_no_chart_of_every_month(fill: Fill) -> None:
    found = reporting(fill([*MIXED, sale("9999-12-31", "1")]))
    assert found.sources.starts == (date(2024, 1, 1), date(9999, 1, 1))


NULLED = "UPDATE marts.daily_revenue SET reporting_net_revenue = NULL WHERE currency = 'USD'"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            "UPDATE marts.revenue_by_region SET reporting_net_revenue = reporting_net_revenue "
            "+ 0.0000000001 WHERE currency = 'USD'",
            "shop/till, USD: revenue_by_region holds 0.0000000001 EUR more net revenue than "
            "fct_sales.",
        ),
        (NULLED, "shop/till, USD: daily_revenue lacks the total in EUR, other than fct_sales."),
        (
            "UPDATE core.fct_sales SET reporting_net_amount = NULL WHERE currency = 'GBP'",
            "other/web, GBP: daily_revenue has a total in EUR, other than fct_sales.",
        ),
    ],
)
def test_reporting_amounts_of_all_layers_are_compared_to_the_last_digit(
    fill: Fill, fault: str, told: str
) -> None:
    warehouse = fill(MIXED, afterwards=fault)
    report: Report = figures(read_report(warehouse))
    text = Page(page_of(warehouse)).text
    assert not report.agrees
    assert "✗ Do not rely on these figures yet" in text
    assert told in text


def test_a_mart_without_amounts_is_told_to_be_made_anew(fill: Fill) -> None:
    text = Page(page_of(fill(MIXED, afterwards=NULLED))).text
    assert "The table daily_revenue lacks amounts in EUR: materialise the marts." in text


def test_a_sum_with_an_unknown_part_is_unknown() -> None:
    assert whole_sum([Decimal(1), None]) is None
    assert whole_sum([Decimal(1), Decimal("0.1")]) == Decimal("1.1")
    assert whole_sum([]) == 0
