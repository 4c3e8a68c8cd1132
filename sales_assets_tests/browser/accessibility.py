"""What a page must not have that shuts people out, and how well a text can be read.

Belongs here: asking axe-core, and the contrast of texts in pictures, which it does not look at.
Does not: any expectation of a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CONTRAST = 4.5
"""Least contrast of a text with what is behind it (WCAG 2.2, 1.4.3, level AA)."""
_COLOURS = """element => {
    const parse = colour => colour.match(/[\\d.]+/g).map(Number);
    const style = getComputedStyle(element);
    const text = parse(element instanceof SVGElement ? style.fill : style.color);
    for (let behind = element; behind; behind = behind.parentElement) {
        const ground = parse(getComputedStyle(behind).backgroundColor);
        if (ground.length === 3) return [text, ground];
    }
    return [text, [255, 255, 255]];
}"""


def violations(page: Page) -> str:
    """What axe-core finds wrong with the page as it is shown now; empty if that is nothing."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page)
    return str(found.generate_report()) if found.violations_count else ""


def contrast(text: Locator) -> float:
    """The contrast ratio of a text with the first opaque ground behind it (WCAG 2.2)."""
    darker, lighter = sorted(map(_luminance, text.evaluate(_COLOURS)))
    return (lighter + 0.05) / (darker + 0.05)


def ground_of(element: Locator) -> list[float]:
    """The first opaque ground behind something, as red, green and blue from 0 to 255."""
    ground: list[float] = element.evaluate(_COLOURS)[1]
    return ground


def _luminance(colour: list[float]) -> float:
    """Relative luminance of an sRGB colour, from 0 to 1 (WCAG 2.2)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (part / 255 for part in colour[:3])
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
