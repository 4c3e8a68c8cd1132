"""The report as one HTML file that needs nothing else: no network, no script.

Belongs here: putting figures, charts and sentences into the templates. Does not: the figures
(`figures`, `reporting`, `trust`), their charts (`drawn`) or their wording (`wording`, `formats`).
The templates, one for each section, escape everything that is not marked as markup.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sales_assets.amounts import money
from sales_assets.checks.results import number_of
from sales_assets.report.drawn import (
    rejected_chart,
    returns_charts,
    sales_charts,
    split_chart,
)
from sales_assets.report.figures import Report
from sales_assets.report.formats import (
    count,
    day,
    days,
    moment,
    period,
    rounded,
    share,
    span,
    width,
)
from sales_assets.report.links import Links
from sales_assets.report.trust import MARTS, RATES, Trust
from sales_assets.report.wording import level_of, remarks, why

if TYPE_CHECKING:
    from jinja2 import Template


@dataclass(frozen=True)
class Made:
    """When and by which run a page is made, and where Dagster shows what it is made from.

    `operations` is the page beside it that says what is late or fails, if there is one.
    """

    at: datetime
    run_id: str | None = None
    links: Links = field(default_factory=Links)
    operations: str | None = None


def render(report: Report, trust: Trust, made: Made) -> str:
    """The page as HTML."""
    found = remarks(report, trust)
    page = _template().render(
        report=report, trust=trust, made=made, remarks=found, level=level_of(found)
    )
    return re.sub(r"\n +", "\n", page.lstrip()) + "\n"  # a tenth of it was indentation


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "share": share,
        "width": width,
        "split_chart": split_chart,
        "returns_charts": returns_charts,
        "rejected_chart": rejected_chart,
        "rates": RATES,
        "marts": MARTS,
    }
    environment.filters |= {
        "money": money,
        "rounded": rounded,
        "count": count,
        "counted": number_of,
        "day": day,
        "days": days,
        "moment": moment,
        "charts": sales_charts,
        "period": period,
        "span": span,
        "why": why,
    }
    return environment.get_template("page.html.j2")
