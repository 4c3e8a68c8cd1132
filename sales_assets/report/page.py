"""The report as one HTML file that needs nothing else: no network, no script.

Belongs here: putting figures, charts and sentences into the templates. Does not: the figures
(`figures`, `reporting`), their charts (`drawn`) or their wording (`wording`, `formats`). The
templates escape everything that is not marked as markup.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sales_assets.amounts import money
from sales_assets.report.drawn import reporting_chart, sales_charts
from sales_assets.report.figures import Report
from sales_assets.report.formats import count, day, moment, period, rounded, share, width
from sales_assets.report.wording import disagreements, why

if TYPE_CHECKING:
    from jinja2 import Template


def render(report: Report, made_at: datetime) -> str:
    """The page as HTML."""
    page = _template().render(
        report=report, made_at=made_at, disagreements=list(disagreements(report))
    )
    return page.lstrip() + "\n"


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
    environment.globals |= {"share": share, "width": width, "reporting_chart": reporting_chart}
    environment.filters |= {
        "money": money,
        "rounded": rounded,
        "count": count,
        "day": day,
        "moment": moment,
        "charts": sales_charts,
        "period": period,
        "why": why,
    }
    return environment.get_template("page.html.j2")
