"""Pictures are images that need nothing but themselves, with words for who cannot see them."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree

from sales_assets.checks.baseline import bands
from sales_assets.telling.pictures import banded, bars, image

DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(70)]
VALUES = {day: Decimal(100 + 10 * day.weekday()) for day in DAYS} | {DAYS[-1]: Decimal(900)}
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [item.text or "" for item in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def circles(svg: str) -> int:
    return len(list(ElementTree.fromstring(svg).iter(f"{SVG}circle")))


def test_days_outside_of_the_usual_range_have_a_dot() -> None:
    usual = bands(VALUES, DAYS)

    shown = banded("Net revenue by day, EUR", VALUES, usual)

    assert [day for day, band in usual.items() if band.stands_out] == [DAYS[-1]]
    assert circles(shown) == 1
    assert {"Net revenue by day, EUR", "usual range", "1 Jan", "800"} <= {*texts(shown)}


def test_a_series_without_a_range_is_drawn_too() -> None:
    shown = banded("Few days", {day: VALUES[day] for day in DAYS[:2]}, {})

    assert circles(shown) == 0
    assert len(shown) < 10_000


def test_bars_are_named_from_the_first_down_and_say_their_number() -> None:
    shown = bars("Rejected lines by reason", [("price: is above 100.25", 1_999), ("x" * 99, 3)])

    named = texts(shown)
    assert "price: is above 100.25" in named
    assert f"{'x' * 69}…" in named
    assert {"1,999", "3"} <= {*named}


def test_an_image_is_whole_by_itself_and_its_words_are_no_markdown() -> None:
    svg = bars("Rejected", [("a", 2), ("<b> & [c]", 1)])

    told = image(svg, "Two [reasons]: *a*, <b>").value

    found = re.fullmatch(r"!\[(.*)\]\(data:image/svg\+xml;base64,([^)]*)\)\n\n(.*)", str(told))
    assert found is not None
    assert found[1] == found[3] == r"Two \[reasons\]: \*a\*, \<b\>"
    inside = b64decode(found[2]).decode()
    assert inside == svg
    assert not re.search(r"<script|href|url\(|@import|<!--", inside)
    assert "prefers-color-scheme:dark" in inside
