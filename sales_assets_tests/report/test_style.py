"""The style sheet's colours: what is written in them can be read in light, in dark and on paper."""

import re
from itertools import product
from pathlib import Path

import pytest

from sales_assets.report import page

STYLE = (Path(page.__file__).parent / "templates" / "style.css").read_text()
TEXTS = ("text", "quiet", "accent")
GROUNDS = ("page", "card", "good-card", "care-card", "bad-card")
SERIES = ("accent", *(f"series-{number}" for number in range(1, 6)))
TEXT_CONTRAST, GRAPHIC_CONTRAST = 4.5, 3.0
"""WCAG 2.2, success criteria 1.4.3 and 1.4.11, level AA."""


def palettes() -> dict[str, dict[str, str]]:
    """The colours of each scheme; one that does not name a colour has that of light."""
    light, dark, paper = (
        dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,8})", block))
        for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    )
    return {"light": light, "dark": light | dark, "print": light | paper}


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    digits = colour[1:]
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_every_text_stands_out_from_every_ground(scheme: str) -> None:
    colours = palettes()[scheme]
    pairs = [*product(TEXTS, GROUNDS), *product(("good", "care", "bad"), GROUNDS[1:])]
    weak = {
        pair: round(ratio, 2)
        for pair in pairs
        if (ratio := contrast(colours[pair[0]], colours[pair[1]])) < TEXT_CONTRAST
    }
    assert not weak


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_every_series_of_a_chart_stands_out_from_its_ground(scheme: str) -> None:
    colours = palettes()[scheme]
    assert all(contrast(colours[name], colours["card"]) >= GRAPHIC_CONTRAST for name in SERIES)
    assert len({colours[name] for name in SERIES}) == len(SERIES)


def test_what_has_the_focus_is_seen() -> None:
    assert re.search(r":focus-visible \{ outline: [^;]*var\(--accent\)", STYLE)
    assert "outline: none" not in STYLE


def test_paper_has_colours_of_its_own_and_no_cut_tables() -> None:
    paper = STYLE.partition("@media print")[2]
    assert "color-scheme: light" in paper
    assert ".scroll { overflow: visible; }" in paper
    assert "attr(href)" not in STYLE
