"""The page from a warehouse: what a reader finds on it, and what must never be on it."""

import re
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from sales_assets.amounts import plain
from sales_assets.report.charts import short
from sales_assets.report.data import read_report
from sales_assets.report.figures import figures
from sales_assets.report.formats import share
from sales_assets.report.page import Made, render
from sales_assets.report.trust import trust_of
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets_tests.report.filled import MADE_AT, Fill, Page, months, page_of, sale


def test_the_exact_figures_of_every_source_are_on_the_page(fill: Fill) -> None:
    warehouse = fill(
        [
            sale("2024-01-01", "1234567.05", customer_id="a"),
            sale("2024-01-02", "80.00", kind="return", net_amount=Decimal(0)),
            sale("2024-01-02", "0.10"),
            sale("2024-01-03", "7", source="other/web", currency="USD"),
        ],
        [("till.csv", 9, ["price: 'x' is no number with at most 4 decimals"])],
    )
    text = Page(page_of(warehouse)).text
    assert "Made 6 May 2024, 07:08 UTC, over sales from 1 January 2024 to 3 January 2024" in text
    assert "✓ Nothing speaks against these figures" in text
    assert "Lines rejected 20.00%" in text
    assert "shop/till 4 3 1 EUR 2 1,234,647.15 80.00 1,234,567.15" in text
    assert "other/web 1 1 0 USD 1 7.00 0.00 7.00" in text
    assert "last loaded 6 May 2024, 01:02 UTC" in text
    assert "2 January 2024 1 2 80.10 80.00 0.10" in text
    assert "Known customers 1" in text


def test_amounts_keep_the_digits_that_a_float_would_lose(fill: Fill) -> None:
    warehouse = fill(
        [
            sale("2024-01-01", "12345678901234.5678", product="gold"),
            sale("2024-01-01", "0.0001", product="dust"),
            sale("2024-01-02", "12345678901234.1", product="gold"),
        ]
    )
    text = Page(page_of(warehouse)).text
    assert "Net revenue 24,691,357,802,468.6679 EUR" in text
    assert "gold 2 24,691,357,802,468.6678 100.00%" in text
    assert "dust 1 0.0001 < 0.01%" in text
    assert "1 January 2024: 12,345,678,901,234.5679 EUR" in text


def test_names_from_the_data_are_shown_as_text(fill: Fill) -> None:
    nasty = "<script>alert('x')</script>&amp;\"><img src=x>"
    warehouse = fill(
        [sale("2024-01-01", "1", product=nasty, category=nasty, region=nasty, source=nasty)],
        [(f"{nasty}.csv", 2, [nasty])],
    )
    page = Page(page_of(warehouse))
    assert not page.all("script")
    assert not page.all("img")
    assert page.text.count(nasty) > 3


def test_nothing_on_the_page_comes_from_elsewhere(fill: Fill) -> None:
    html = page_of(fill(months()))
    page = Page(html)
    assert {tag for tag, _ in page.tags}.isdisjoint(
        {"script", "link", "img", "iframe", "object", "embed", "image", "use", "base", "form"}
    )
    for _, attributes in page.tags:
        assert "src" not in attributes
        assert not {name for name in attributes if name.startswith(("xmlns", "xlink", "on"))}
        assert (attributes.get("href") or "#").startswith("#")
    assert "://" not in html
    assert "url(" not in html
    assert "@import" not in html


def test_tables_and_charts_can_be_read_aloud(fill: Fill) -> None:
    html = page_of(fill(months(), [("till.csv", 9, ["price: is required and blank"])]))
    page = Page(html)
    assert html.startswith('<!doctype html>\n<html lang="en">')
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert {th.get("scope") for th in page.all("th")} == {"col", "row", "rowgroup"}
    assert len(page.all("caption")) == len(page.all("table"))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    charts = page.all("svg")
    assert len(charts) == 4
    for chart in charts:
        assert chart["role"] == "img"
        assert set((chart["aria-labelledby"] or "").split()) <= set(ids)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert {tag for tag, _ in page.tags} >= {"header", "main", "footer"}
    scrolled = [attributes for _, attributes in page.tags if attributes.get("class") == "scroll"]
    assert len(scrolled) == len(charts) + len(page.all("table"))
    for group in scrolled:
        assert (group["tabindex"], group["role"]) == ("0", "group")
        assert "aria-label" in group or group["aria-labelledby"] in ids
    targets = {link["href"] for link in page.all("a")}
    assert targets <= {f"#{name}" for name in ids}
    assert "Highest: February 2024 with 113.10 EUR; lowest: January 2023 with 100.10" in page.text


def test_an_empty_warehouse_gives_a_page_that_says_so(fill: Fill) -> None:
    page = Page(page_of(fill([])))
    assert "The warehouse is empty: no day of any source has been loaded." in page.text
    assert not page.all("table")
    assert "agree" not in page.text


def test_a_warehouse_without_marts_gives_a_page_that_names_them(tmp_path: Path) -> None:
    text = Page(page_of(DuckDBWarehouse(path=str(tmp_path / "new.duckdb")))).text
    assert (
        "does not have these tables yet, or not as they are made now: fct_sales, daily_rev" in text
    )


def test_marts_of_an_older_version_are_named_and_not_shown(fill: Fill) -> None:
    old = "ALTER TABLE marts.daily_revenue DROP COLUMN reporting_net_revenue"
    text = Page(page_of(fill([sale("2024-01-01", "5")], afterwards=old))).text
    assert "or not as they are made now: daily_revenue. Load a source" in text


@pytest.mark.parametrize(
    ("fault", "told", "times"),
    [
        (
            "UPDATE marts.daily_revenue SET net_revenue = net_revenue - 0.0001",
            "shop/till, EUR: daily_revenue holds 0.0001 EUR less net revenue than was loaded.",
            1,
        ),
        (
            "DELETE FROM core.fct_sales",
            "shop/till, EUR: fct_sales holds 1 fewer lines and 5.00 EUR less net revenue than was",
            4,  # the marts are made of it
        ),
        (
            "INSERT INTO marts.revenue_by_region SELECT * REPLACE ('GBP' AS currency) "
            "FROM marts.revenue_by_region",
            "shop/till, GBP: revenue_by_region holds 1 more lines and 5.00 GBP more net revenue",
            1,
        ),
        ("UPDATE ledger SET lines = 2", "shop/till: not every line that came in is among", 1),
        (
            "UPDATE ledger SET accepted = 0, rejected = 1",
            "shop/till: not every line that came in",
            1,
        ),
        ("DELETE FROM ledger", "shop/till: not every line that came in is among the accepted", 1),
    ],
)
def test_totals_that_disagree_are_shown_as_such(
    fill: Fill, fault: str, told: str, times: int
) -> None:
    text = Page(page_of(fill([sale("2024-01-01", "5")], afterwards=fault))).text
    assert "✗ Do not rely on these figures yet" in text
    assert told in text
    assert text.count("✗ disagrees") == times
    assert "totals agree" not in text


def test_currencies_are_never_added_up(fill: Fill) -> None:
    warehouse = fill(
        [
            sale("2024-01-01", "1000", currency="EUR", product="tea", region="DE"),
            sale("2024-01-01", "200", currency="GBP", product="tea", region="DE"),
            sale("2024-01-01", "30", currency="EUR", source="other/web"),
        ]
    )
    report = figures(read_report(warehouse))
    assert [(s.source, s.currency, plain(s.total.net)) for s in report.sales] == [
        ("other/web", "EUR", "30.00"),
        ("shop/till", "EUR", "1000.00"),
        ("shop/till", "GBP", "200.00"),
    ]
    page = Page(render(report, trust_of(report, (), {}), Made(MADE_AT)))
    assert "1,200.00" not in page.text
    assert "1,030.00" not in page.text
    assert "shop/till 2 2 0 EUR 1 1,000.00 0.00 1,000.00 GBP 1 200.00 0.00 200.00" in page.text
    assert [len(page.all("figcaption")), page.text.count("tea 1")] == [5, 2]


REASONS = {
    "email: is required and blank": "email is required and blank",
    "email: 'PRIVATE' is no integer": "email is no integer",
    "email: 'PRIVATE' is not one of a, b": "email is not one of a, b",
    "email: 'PRIVATE' does not match [a-z']+": "email does not match [a-z']+",
    "email: 'PRIVATE' is not above 0": "email is not above 0",
    "email: 'PRIVATE\n' is no date' is longer than 3": "email is longer than 3",
    "email: 'PRIVATE: 'x' PRIVATE' is no date": "email is no date",
    "amount: 12.34567 does not fit DECIMAL(18,4) exactly": (
        "amount does not fit DECIMAL(18,4) exactly"
    ),
    "net_amount: 1e+20 does not fit DECIMAL(18,4) exactly": (
        "net_amount does not fit DECIMAL(18,4) exactly"
    ),
    "field 3 holds a carriage return": "field 3 holds a carriage return",
    "kind: the contract's expression over a gave no value": (
        "kind the contract's expression over a gave no value"
    ),
    "order_date: 2024-01-09 is not in the file's day 2024-01-01 (late lines: 2 days)": (
        "order_date is not in the file's day (late lines: 2 days)"
    ),
    "phone: PRIVATE is odd": "phone breaks a rule",
    "PRIVATE": "another rule",
    "the line is not UTF-8 at byte 17": "the line is not UTF-8",
    "the line has 3 fields, the header 4": "the line has 3 fields, the header 4",
    "the line cannot be split: PRIVATE": "the line cannot be split",
    "amount: 'PRIVATE' is no number, decimal ',', groups of three with a blank": (
        "amount is no number, decimal ',', groups of three with a blank"
    ),
}


def test_reasons_are_told_without_the_refused_values(fill: Fill) -> None:
    rejected = [("till.csv", line, [reason]) for line, reason in enumerate(REASONS, start=2)]
    text = Page(page_of(fill([], rejected))).text
    for line, told in enumerate(REASONS.values(), start=2):
        assert f" {told} 1 5.56% till.csv:{line} " in text
    for value in ("PRIVATE", "12.34567", "1e+20", "2024-01-09", "byte 17"):
        assert value not in text


def test_reasons_are_counted_with_their_share_and_first_lines(fill: Fill) -> None:
    rejected = [("b.csv", n, [f"price: 'v{n}' is no number"]) for n in (30, 4, 200, 5)]
    of_one = ["price: 'v' is no number", "price: 'w' is no number", "kind: is required and blank"]
    rejected.append(("a.csv", 9, of_one))
    text = Page(page_of(fill([sale("2024-01-01", "1")], rejected))).text
    assert "price is no number 5 100.00% a.csv:9 , b.csv:4 , b.csv:5" in text
    assert "kind is required and blank 1 20.00% a.csv:9" in text


def test_days_and_months_without_sales_are_shown_as_zero(fill: Fill) -> None:
    by_day = Page(page_of(fill([sale("2024-01-01", "5"), sale("2024-01-03", "6")]))).text
    assert "2 January 2024 0 0 0.00 0.00 0.00" in by_day
    assert "Net revenue by day in EUR" in by_day


def test_longer_histories_are_shown_by_month_with_every_day_as_a_line(fill: Fill) -> None:
    rows = [sale("2023-01-31", "5"), sale("2023-06-01", "6")]
    by_month = figures(read_report(fill(rows))).sales[0]
    assert [(period.start, period.net) for period in by_month.periods] == [
        (date(2023, 1, 1), Decimal(5)),
        *((date(2023, month, 1), Decimal(0)) for month in range(2, 6)),
        (date(2023, 6, 1), Decimal(6)),
    ]
    assert (len(by_month.daily), by_month.total.days) == (122, 2)


def test_a_mistaken_date_far_away_makes_no_chart_of_a_million_days(fill: Fill) -> None:
    html = page_of(fill([sale("2024-06-01", "6"), sale("9999-12-31", "5")]))
    assert len(html) < 50_000
    assert "Net revenue by year in EUR" in html
    assert "9999 1 1 5.00 0.00 5.00 Total 2" in Page(html).text


def test_only_the_best_names_are_listed_and_the_others_make_up_the_total(fill: Fill) -> None:
    rows = [sale("2024-01-01", f"{n}.01", product=f"p{n:02d}") for n in range(1, 13)]
    text = Page(page_of(fill(rows))).text
    assert "p12 1 12.01 15.37%" in text
    assert "2 others 3.02 3.87% Total 78.12" in text
    assert "Top regions: the source states no region." in text


def test_a_share_that_is_not_zero_is_never_shown_as_zero() -> None:
    assert [share(0, 5), share(1, 10**6), share(1, 3), share(1, 0)] == [
        "0.00%",
        "< 0.01%",
        "33.33%",
        "-",
    ]


def test_axes_have_short_numbers() -> None:
    assert [short(n) for n in (0, 950, 1500, 2e6, -3e9)] == ["0", "950", "1.5k", "2M", "-3B"]
