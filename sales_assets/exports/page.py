"""The data dictionary as one HTML file that needs nothing else: no network, no script.

Belongs here: putting entries into the template, and their order. Does not: the entries
(`dictionary`), or colours and fonts, which are the report's (report/templates/style.css).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from sales_assets import report
from sales_assets.exports.dictionary import Entry

if TYPE_CHECKING:
    from markupsafe import Markup

_TEMPLATES = [
    Path(__file__).parent / "templates",
    Path(report.__file__).parent / "templates",
]


def render(entries: Sequence[Entry], exported: Sequence[str], facts: Mapping[str, str]) -> str:
    """The page; `exported` are the tables that the files hold, and others are only explained."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = _prose
    tables = [(next(of), list(of)) for _, of in groupby(entries, key=attrgetter("table_name"))]
    page = environment.get_template("data_dictionary.html.j2").render(
        tables=tables, exported=exported, facts=facts
    )
    return page.lstrip() + "\n"


def _prose(text: str) -> Markup:
    """Text in which `words between grave accents` are names."""
    from markupsafe import Markup, escape

    parts = re.split(r"`([^`]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )
