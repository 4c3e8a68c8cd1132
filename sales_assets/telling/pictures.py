"""Pictures in metadata: SVG, drawn by pygal, in an image that the UI's markdown shows.

Belongs here: geometry and colours, and the image's text. Does not: which figures are drawn, or the
words for them (`pictured_days`), or the report's charts, which the page styles (`report.charts`).
Floats are used here only, for lengths.

Every picture has a ground of its own, so that it is read on the UI's light and dark pages alike;
where the browser tells an image of the dark theme, the ground is dark too. The image has no script
and loads nothing. The UI shows it by a click: it opens markdown of more than 1,000 characters in a
dialog.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import dagster as dg

from sales_assets.checks.baseline import Band
from sales_assets.report.charts import short
from sales_assets.telling.tables import escaped

WIDTH, HEIGHT = 860, 300
_BAR = 34
_AXIS = 70
_TICKS = 9
_LABEL = 70
"""Characters of a bar's label that are shown."""
_STYLE = (
    "svg{font:13px sans-serif;background:#fff}.background{fill:#fff}text{fill:#222}"
    ".title{font-size:15px;font-weight:bold}.axis.y text{text-anchor:end}"
    ".axis.x text,.title{text-anchor:middle}.axis .line,.nofill{fill:none}"
    ".guide.line{stroke:#ccc}.color-0 .line{stroke:none}"
    ".axis.x .line{stroke:none}.color-0{fill:#a9c4ec;stroke:#a9c4ec}"
    ".color-1{fill:#1a56a5;stroke:#1a56a5}.color-2{fill:#b3261e;stroke:#b3261e}"
    ".color-1 .line{stroke-width:2}.text-overlay text{stroke:none}"
    "@media(prefers-color-scheme:dark){svg{background:#14181d}.background{fill:#14181d}"
    "text{fill:#e6e6e6}.guide.line{stroke:#444}.color-0{fill:#3d5f94;stroke:#3d5f94}"
    ".color-1{fill:#8ab4f0;stroke:#8ab4f0}.color-2{fill:#ff8a80;stroke:#ff8a80}}"
)
"""In the place of pygal's own, which is four times as long."""


def banded(title: str, values: Mapping[date, Decimal], bands: Mapping[date, Band]) -> str:
    """A line through each day's value, the range that was usual around it, and dots outside."""
    import pygal

    days = sorted(values)
    chart = pygal.DateLine(
        **_options(title, HEIGHT), x_value_formatter=lambda day: f"{day.day} {day:%b}"
    )
    around = [day for day in days if day in bands]
    low = [(day, float(bands[day].low)) for day in around]
    high = [(day, float(bands[day].high)) for day in around]
    chart.add("usual range", [*low, *reversed(high)], fill=True, show_dots=False)
    chart.add("each day", [(day, float(values[day])) for day in days], show_dots=False)
    outside = [(day, float(values[day])) for day in around if bands[day].stands_out]
    chart.add("outside of it", outside, stroke=False, dots_size=4)
    chart.x_labels = days[:: -(-len(days) // _TICKS)]
    return _svg(chart)


def bars(title: str, named: Sequence[tuple[str, int]]) -> str:
    """A bar for each name, the first on top."""
    import pygal

    options = _options(title, _AXIS + _BAR * len(named))
    options |= {"value_formatter": lambda number: f"{number:,.0f}", "show_legend": False}
    chart = pygal.HorizontalBar(**options, print_values=True)
    chart.x_labels = [_cut(name) for name, _ in reversed(named)]
    chart.add("", [number for _, number in reversed(named)])
    return _svg(chart)


def image(svg: str, told: str) -> dg.MarkdownMetadataValue:
    """Markdown of a picture, with words that stand for it where it cannot be seen."""
    data = b64encode(svg.encode()).decode()
    said = escaped(told)
    return dg.MetadataValue.md(f"![{said}](data:image/svg+xml;base64,{data})\n\n{said}")


def _options(title: str, height: int) -> dict[str, Any]:
    return {
        "title": title,
        "width": WIDTH,
        "height": height,
        "explicit_size": True,
        "margin": 10,
        "css": (),
        "js": (),
        "legend_at_bottom": True,
        "legend_at_bottom_columns": 3,
        "legend_box_size": 10,
        "truncate_legend": -1,
        "truncate_label": -1,
        "max_scale": 5,
        "value_formatter": short,
        "no_prefix": True,
        "disable_xml_declaration": True,
    }


def _cut(name: str) -> str:
    return name if len(name) <= _LABEL else f"{name[: _LABEL - 1]}…"


def _svg(chart: Any) -> str:
    """The picture in our colours, without what only pygal's script would use."""
    from pygal.etree import etree

    etree.to_etree()  # where lxml is installed, pygal would use it and give other elements
    text: str = chart.render()
    text = re.sub(r"<style.*?</style>", f"<style>{_STYLE}</style>", text, count=1, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->|<(desc|title|script)[^>]*>[^<]*</\1>", "", text, flags=re.DOTALL)
    # Of lengths, which are in attributes, a tenth of a unit is enough.
    return re.sub(r'="[^"]*"', lambda found: re.sub(r"(\.\d)\d+", r"\1", found[0]), text)
