"""The report as a browser shows it: from a file, in light and dark, on paper, to everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from sales_assets_tests.browser.accessibility import CONTRAST, contrast, violations
from sales_assets_tests.harness import SHOP, TILL, Installation, drop

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.long
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
GROUND = "getComputedStyle(document.body).backgroundColor"
PHONE = 320
"""Pixels across which a page has to do without scrolling sideways (WCAG 2.2, 1.4.10)."""


@pytest.fixture(scope="module")
def report(program: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a report with two sources, several days and a rejected line."""
    with Installation(tmp_path_factory.mktemp("report"), [SHOP, TILL]) as made:
        days = [f"2024-01-{day:02}" for day in range(1, 11)]
        for number, day in enumerate(days):
            made.write_drop("shop", f"{day}.csv", drop(f"{day},{day},tea,ann,{number}.5"))
        lines = [f"{day},{day},pot,bob,2.5" for day in days]
        made.write_drop("till", "till.csv", drop(*lines, "11,2024-01-10,pot,bob,dear"))
        made.materialize(days[0], days[-1], reports=True)
        return made.settings.report_folder / "sales_report.html"


@pytest.fixture
def opened(report: Path, page: Page) -> Iterator[Page]:
    """The report, opened from its file without a network; the browser may complain of nothing."""
    complaints: list[str] = []
    page.on("console", lambda told: complaints.append(told.text))
    page.on("pageerror", lambda error: complaints.append(error.message))
    page.context.set_offline(True)
    page.goto(report.as_uri())
    page.get_by_role("heading", name="Sales report").wait_for()
    yield page
    assert not complaints


def test_the_report_opens_from_its_file_and_asks_for_nothing_else(
    opened: Page, report: Path
) -> None:
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.reload()
    opened.get_by_role("heading", name="Sales report").wait_for()
    assert asked == [report.as_uri()]


def test_light_and_dark_differ_and_both_can_be_read(opened: Page) -> None:
    grounds = set()
    for scheme in SCHEMES:
        opened.emulate_media(color_scheme=scheme)
        grounds.add(opened.evaluate(GROUND))
        for text in ("h1", "main p", "main a", "caption", "thead th", "td", "svg text"):
            for place in opened.locator(text).filter(visible=True).all()[:3]:
                assert contrast(place) >= CONTRAST, f"{scheme}: {place}"
    assert len(grounds) == 2


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_on_the_report_shuts_anybody_out(opened: Page, scheme: Scheme) -> None:
    opened.emulate_media(color_scheme=scheme)
    for details in opened.locator("details").all():
        details.evaluate("details => details.open = true")
    assert violations(opened) == ""


def test_the_keyboard_reaches_every_link_and_opens_what_is_folded(opened: Page) -> None:
    there = opened.locator("a[href], summary").filter(visible=True)
    reached = set()
    for _ in range(2 * there.count() + opened.locator("[tabindex]").count()):
        opened.keyboard.press("Tab")
        reached.add(there.evaluate_all("all => all.indexOf(document.activeElement)"))
    assert reached - {-1} == set(range(there.count()))
    folded = opened.locator("details").first
    folded.locator("summary").focus()
    opened.keyboard.press("Enter")
    folded.get_by_role("table").first.wait_for()


def test_the_report_prints_dark_on_white_with_every_table_that_is_not_a_detail(
    opened: Page, tmp_path: Path
) -> None:
    opened.emulate_media(media="print", color_scheme="dark")
    assert opened.evaluate(GROUND) == "rgb(255, 255, 255)"
    for table in opened.locator("table:not(.more table)").all():
        assert table.is_visible()
    opened.emulate_media(media="screen")
    opened.pdf(path=tmp_path / "report.pdf", format="A4")
    printed = (tmp_path / "report.pdf").read_bytes()
    assert printed.startswith(b"%PDF")
    assert re.search(rb"/Type\s*/Page\b", printed)


def test_a_phone_needs_no_scrolling_sideways(opened: Page) -> None:
    opened.set_viewport_size({"width": PHONE, "height": 640})
    assert opened.evaluate("document.documentElement.scrollWidth") <= PHONE
