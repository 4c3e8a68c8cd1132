"""What the page says of trust: its verdict, each part's state, and the checks behind it."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from sales_assets.report.checks import Checked, Outcome
from sales_assets.report.links import Links
from sales_assets.report.page import Made
from sales_assets_tests.report.filled import MADE_AT, Fill, Page, page_of, sale

AT = datetime(2024, 5, 6, 1, 2, tzinfo=UTC)
DUE = [date(2024, 1, day) for day in (1, 2, 3)]
SALES = [sale(day.isoformat(), "5") for day in DUE]
LINKED = Made(MADE_AT, "0a1b2c3d-run", Links("http://ui.example:3000"))


def checked(outcome: Outcome, asset: str = "shop/till/revenue", name: str = "adds_up") -> Checked:
    return Checked(asset, name, outcome, AT, f"found of {name}")


def section(html: str, name: str) -> str:
    """The text of a section of the page."""
    begin = html.index(f'id="{name}"')
    return Page("<section " + html[begin : html.index("</section>", begin)] + "</section>").text


@pytest.mark.parametrize(
    ("checks", "due", "verdict", "remark"),
    [
        ([checked(Outcome.PASSED)], DUE, "✓ Nothing speaks against these figures", None),
        ([checked(Outcome.TO_COME)], DUE, "✓ Nothing speaks against these figures", None),
        ([checked(Outcome.WARNED)], DUE, "! Use these", "1 check ended with a warning."),
        ([checked(Outcome.NOT_RUN)] * 2, DUE, "! Use these", "2 checks had no run."),
        ([checked(Outcome.FAILED)], DUE, "✗ Do not rely on these figures yet", "1 check failed."),
        (
            [],
            [*DUE, date(2024, 1, 4), date(2024, 1, 5)],
            "! Use these figures with care",
            "shop/till: 2 days without a drop that was due, the last of them 5 January 2024.",
        ),
        (
            [],
            [date(2023, 12, 31), *DUE],
            "! Use these figures with care",
            "shop/till: 1 day without a drop that was due, the last of them 31 December 2023.",
        ),
    ],
)
def test_the_verdict_is_as_bad_as_the_worst_that_is_known(
    fill: Fill, checks: Sequence[Checked], due: list[date], verdict: str, remark: str | None
) -> None:
    text = section(page_of(fill(SALES), checks, {"shop/till": due}), "summary")
    assert verdict in text
    assert remark is None or remark in text


def test_each_part_has_its_checks_the_worst_first(fill: Fill) -> None:
    checks = [
        checked(Outcome.PASSED),
        checked(Outcome.FAILED, name="is_sound"),
        checked(Outcome.PASSED, "shop/till/raw"),
        checked(Outcome.WARNED, "rates/exchange_rates"),
        checked(Outcome.PASSED, "core/fct_sales"),
        checked(Outcome.NOT_RUN, "marts/daily_revenue"),
        checked(Outcome.PASSED, "reports/marts_sqlite"),
    ]
    text = section(page_of(fill(SALES), checks, {"shop/till": DUE}), "trust")
    assert "shop/till ✗ 1 failed ✓ 2 passed ✓ last drop of 3 January 2024, as expected" in text
    assert "Exchange rates ! 1 warns none used" in text
    assert "Marts ! 1 not run ✓ 1 passed" in text
    assert "Reports ✓ 1 passed" in text


def test_checks_to_look_at_come_first_and_the_others_are_folded(fill: Fill) -> None:
    checks = [
        checked(Outcome.PASSED, name="a"),
        Checked("shop/till/raw", "never", Outcome.NOT_RUN, None, "what it looks at"),
        checked(Outcome.WARNED, name="c"),
        checked(Outcome.FAILED, name="d"),
    ]
    html = page_of(fill(SALES), checks, {"shop/till": DUE})
    shown, folded = section(html, "trust").split("1 check in order")
    places = [shown.index(text) for text in ("✗ failed d", "! warns c", "! not run never")]
    assert places == sorted(places)
    assert "found of d 6 May 2024, 01:02 UTC" in shown
    assert "what it looks at never" in shown
    assert "✓ passed a" in folded


def test_a_source_without_a_drop_and_one_without_a_contract_are_told(fill: Fill) -> None:
    html = page_of(fill(SALES), due={"shop/new": DUE, "shop/future": []})
    text = section(html, "trust")
    assert "shop/new none ! no drop yet; that of 3 January 2024 is due ! 3 days missing" in text
    assert "shop/future none no drop yet ✓ no day is missing" in text
    assert "last drop of 3 January 2024; no contract describes this source any more" in text


def test_of_many_gaps_the_first_are_named(fill: Fill) -> None:
    due = [date(2024, 1, day) for day in (1, 2, 3, 5, 6, 8, 10, 12)]
    text = section(page_of(fill(SALES), due={"shop/till": due}), "trust")
    assert (
        "! 5 days missing: 5 January 2024 to 6 January 2024, 8 January 2024, 10 January 2024 and "
        "more" in text
    )


def test_every_figure_leads_to_its_asset(fill: Fill) -> None:
    sales = [sale("2024-01-01", "5", product="tea", region="DE", customer_id="a")]
    html = page_of(
        fill(sales, [("till.csv", 9, ["price: is required and blank"])]),
        [checked(Outcome.PASSED)],
        {"shop/till": DUE},
        LINKED,
    )
    page = Page(html)
    led = {link["href"] for link in page.all("a") if not (link["href"] or "").startswith("#")}
    ui = "http://ui.example:3000"
    assert led == {
        *(
            f"{ui}/assets/{key}"
            for key in (
                *("marts/daily_revenue", "marts/revenue_by_product", "marts/revenue_by_region"),
                *("core/fct_sales", "rates/exchange_rates", "reports/sales_report"),
                *("shop/till/revenue", "shop/till/rejected"),
            )
        ),
        f"{ui}/assets/shop/till/revenue?view=checks&checkDetail=adds_up",
        f"{ui}/runs/0a1b2c3d-run",
    }
    titles = re.findall(r"<(?:fig)?caption[^>]*>(.*?)</(?:fig)?caption>", html)
    assert [title for title in titles if "· from <a href=" not in title] == [
        "What is known of each part",
        "Checks in order",
        "Every line is accepted or rejected",
    ]
    assert "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'" in html


def test_without_the_ui_s_address_assets_are_named_and_not_linked(fill: Fill) -> None:
    html = page_of(fill(SALES), [checked(Outcome.PASSED)], made=Made(MADE_AT, "0a1b2c3d-run"))
    page = Page(html)
    assert all((link["href"] or "").startswith("#") for link in page.all("a"))
    assert "://" not in html
    assert "from marts/daily_revenue" in page.text
    assert "made by run 0a1b2c3d" in page.text


def test_what_checks_say_is_shown_as_text(fill: Fill) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    check = Checked("shop/till/raw", nasty, Outcome.FAILED, AT, nasty)
    page = Page(page_of(fill(SALES), [check], made=LINKED))
    assert not page.all("img")
    assert page.text.count(nasty) == 2
