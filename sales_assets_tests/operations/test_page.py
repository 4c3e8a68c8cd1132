"""The page: what a reader finds on it, that it can be read by everybody, and by itself."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from sales_assets.operations.page import render
from sales_assets.operations.standing import AssetCost, Costs, Item, Level, Operations, Standing
from sales_assets.report.links import Links
from sales_assets_tests.report.filled import Page

AT = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
UI = "http://ui.example:3000"
ITEM = Item(
    team="retail",
    subject="retail/shop",
    what="no drop for 1 day: 2024-05-05",
    since=datetime(2024, 5, 6, 6, tzinfo=UTC),
    cause="none has come",
    command="sales-assets land FILE --source retail/shop",
    path="assets/retail/shop/raw",
)
OVER = Costs(
    "2024-05",
    cpu_seconds=Decimal("12.34"),
    money=Decimal("150.00"),
    currency="EUR",
    level=Level.OVER,
    budget=Decimal(100),
    of_budget=Decimal("150.00"),
    share=Decimal("1.5"),
    forecast=Decimal("900.00"),
    assets=(AssetCost("retail/shop/raw", Decimal(10), Decimal("120.00")),),
)
BAD = Standing(
    "retail",
    OVER,
    late=(ITEM,),
    failing=(replace(ITEM, what="the check x fails", path="runs/1", since=None),),
    parked=(replace(ITEM, what="2024-05-01..2024-05-03", attempts=3, path=""),),
)
WELL = Standing("stalls", Costs("2024-05", cpu_seconds=Decimal("1.25")))


def page_of(*teams: Standing, links: Links = Links(UI)) -> Page:  # noqa: B008 (frozen)
    return Page(render(Operations(AT, teams), links))


def test_each_team_has_what_is_late_failing_parked_and_costly_with_what_to_do() -> None:
    text = page_of(BAD, WELL).text
    assert "As of 6 May 2024, 07:08 UTC" in text
    assert "! Something has to be done retail: 1 late, 1 failing, 1 parked, over budget" in text
    assert (
        "retail/shop no drop for 1 day: 2024-05-05 2024-05-06 06:00 UTC none has come "
        "sales-assets land FILE --source retail/shop" in text
    )
    assert "the check x fails not known" in text
    assert "2024-05-01..2024-05-03 2024-05-06 06:00 UTC 3 none has come" in text
    assert "Over budget : 150.00 of 100.00 EUR (150%), and 900.00 by the end of the month" in text
    assert "sales-assets costs --by asset --month 2024-05" in text
    assert "retail/shop/raw 10.0 120.00" in text
    assert "✓ nothing is late ✓ nothing fails ✓ nothing is parked" in text
    assert "Costly: 1.2 CPU s this month" in text


def test_it_links_to_the_ui_to_the_report_and_to_each_team() -> None:
    links = [link["href"] for link in page_of(BAD, WELL).all("a")]
    assert {
        "sales_report.html",
        "#team-0",
        "#team-1",
        f"{UI}/assets/retail/shop/raw",
        f"{UI}/runs/1",
    } == set(links)
    plain = page_of(BAD, WELL, links=Links())
    assert {link["href"] for link in plain.all("a")} == {"sales_report.html", "#team-0", "#team-1"}
    alone = Page(render(Operations(AT, (WELL,)), Links(), beside_report=False))
    assert {link["href"] for link in alone.all("a")} == {"#team-0"}


def test_it_can_be_read_aloud_and_with_the_keyboard() -> None:
    html = render(Operations(AT, (BAD, WELL)), Links(UI))
    page = Page(html)
    assert html.startswith('<!doctype html>\n<html lang="en">')
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert {th.get("scope") for th in page.all("th")} == {"col", "row"}
    assert len(page.all("caption")) == len(page.all("table")) == 5
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    scrolled = [attributes for _, attributes in page.tags if attributes.get("class") == "scroll"]
    assert len(scrolled) == len(page.all("table"))
    labels = [group["aria-label"] for group in scrolled]
    assert len(labels) == len(set(labels))
    assert {(group["tabindex"], group["role"]) for group in scrolled} == {("0", "group")}


def test_it_needs_nothing_from_elsewhere_and_shows_texts_as_texts() -> None:
    nasty = "<script>alert('x')</script>&amp;\"><img src=x>"
    item = replace(ITEM, subject=nasty, what=nasty, cause=nasty, command=nasty, path="")
    html = render(Operations(AT, (Standing(nasty, OVER, late=(item,)),)), Links())
    page = Page(html)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe", "form"})
    assert page.text.count(nasty) > 5
    assert "://" not in html
    assert "url(" not in html
    for _, attributes in page.tags:
        assert not {name for name in attributes if name.startswith(("on", "src", "xmlns"))}


@pytest.mark.parametrize("teams", [(), (WELL,)])
def test_where_nothing_is_wrong_that_is_what_it_says_first(teams: tuple[Standing, ...]) -> None:
    text = page_of(*teams).text
    assert "✓ Nothing is late, failing or parked" in text
    assert "Something" not in text
