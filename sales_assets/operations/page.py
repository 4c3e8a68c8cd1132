"""The operations page: one HTML file beside the report, that needs nothing else.

Belongs here: putting how teams stand into the template. Does not: how they stand (`gathering`),
what may be shown (`privacy`), when it is written (`keeping`), or colours and fonts, which are the
report's (report/templates/style.css).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sales_assets import report
from sales_assets.amounts import money
from sales_assets.operations import wording
from sales_assets.operations.standing import Operations
from sales_assets.report.formats import count, moment
from sales_assets.report.links import Links, asset_path
from sales_assets.resources.report_folder import PAGE

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATES = [
    Path(__file__).parent / "templates",
    Path(report.__file__).parent / "templates",
]


def render(operations: Operations, links: Links, *, beside_report: bool = True) -> str:
    """The page as HTML; with `beside_report` it links to the report in its folder."""
    page = _template().render(
        operations=operations, links=links, report_page=PAGE if beside_report else None
    )
    return re.sub(r"\n +", "\n", page.lstrip()) + "\n"


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"told": wording}
    environment.filters |= {
        "money": money,
        "count": count,
        "moment": moment,
        "asset_path": asset_path,
    }
    return environment.get_template("operations.html.j2")
