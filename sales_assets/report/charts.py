"""Charts as static SVG, drawn by pygal.

Belongs here: geometry, and making pygal's SVG fit into a page: its colours, fonts and scripts are
left out, so that the page's own style sheet rules in light, dark and print. Does not: which
figures are drawn, or their wording (`page`). Floats are used here only, for lengths.

pygal is pure Python (2 MB, 0.05 CPU-s to import, 0.03 a chart). matplotlib takes 1.0 to import
and 170 MB, Vega's converter (altair) 1.1 for its first chart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from markupsafe import Markup

WIDTH, HEIGHT = 860, 240
_TICKS = 12


def columns(labels: Sequence[str], values: Sequence[Decimal | int], told: Sequence[str]) -> Markup:
    """A column for each value; `told` says what a pointer on it shows."""
    import pygal

    chart = pygal.Bar(**_options(labels))
    chart.add("", [float(value) for value in values])
    plot = _plot(chart)
    for column, text in zip(_of_class(plot, "g", "bar"), told, strict=True):
        _tell(column, text)
    return _markup(plot)


def stacked(
    labels: Sequence[str], series: Sequence[Sequence[Decimal]], told: Sequence[Sequence[str]]
) -> Markup:
    """A column for each label, in which the series' values stand one on the other."""
    import pygal

    chart = pygal.StackedBar(**_options(labels))
    for values in series:
        chart.add("", [float(value) for value in values])
    plot = _plot(chart)
    for bars, texts in zip(_of_class(plot, "g", "bars"), told, strict=True):
        for bar, text in zip(list(bars), texts, strict=True):
            if not _tell(bar, text):
                bars.remove(bar)
    return _markup(plot)


def area(labels: Sequence[str], values: Sequence[Decimal | None]) -> Markup:
    """A line through all values, filled to zero; only labels that are not blank are shown.

    It is broken where there is no value.
    """
    import pygal

    chart = pygal.Line(fill=True, show_dots=False, include_x_axis=True, **_options(labels))
    chart.add("", [None if value is None else float(value) for value in values])
    return _markup(_plot(chart))


def short(number: float) -> str:
    """A number on an axis: 1200000 is 1.2M."""
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:g}{unit}"
    return f"{number:g}"


def _options(labels: Sequence[str]) -> dict[str, Any]:
    from pygal.style import Style

    shown = [label for label in labels if label]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "margin": 6,
        "css": (),
        "js": (),
        "style": Style(label_font_size=12, major_label_font_size=12),
        "show_legend": False,
        "x_labels": labels,
        "x_labels_major": shown[:: -(-len(shown) // _TICKS) or 1],
        "show_minor_x_labels": False,
        "truncate_label": -1,
        "max_scale": 5,
        "value_formatter": short,
    }


def _plot(chart: Any) -> ElementTree.Element:
    """The part of pygal's SVG that shows the data."""
    from pygal.etree import etree

    etree.to_etree()  # where lxml is installed, pygal would use it and give other elements
    root: ElementTree.Element = chart.render_tree()
    plot = next(_of_class(root, "g", "plot"))
    for item in plot.iter():
        item[:] = [
            child
            for child in item
            if child.tag not in ("title", "desc") and child.get("class") != "background"
        ]
        for name, length in item.items():
            item.set(name, re.sub(r"(\.\d)\d+", r"\1", length))  # a tenth of a unit is enough
    return plot


def _tell(column: ElementTree.Element, text: str) -> bool:
    """Give a column its words; whether there is anything to be seen of it."""
    rect = column.find("rect")
    assert rect is not None
    column[:] = [rect]
    for name in ("rx", "ry", "class"):
        rect.attrib.pop(name, None)
    ElementTree.SubElement(column, "title").text = text
    return float(rect.get("height", "0")) > 0


def _of_class(root: ElementTree.Element, tag: str, name: str) -> Iterator[ElementTree.Element]:
    return (item for item in root.iter(tag) if item.get("class") == name)


def _markup(plot: ElementTree.Element) -> Markup:
    from markupsafe import Markup

    # ElementTree has escaped every text.
    return Markup(ElementTree.tostring(plot, encoding="unicode"))  # noqa: S704
