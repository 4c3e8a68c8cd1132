"""The report as one HTML file that needs nothing else: no network, no script.

Belongs here: wording, formats and charts of the figures. Does not: the figures (`figures`), or how
a chart becomes SVG (`charts`). The template escapes everything that is not marked as markup.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sales_assets.amounts import money
from sales_assets.report.charts import area, columns
from sales_assets.report.figures import Layer, Period, Report, Sales, Step, Totals

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup


@dataclass(frozen=True)
class Chart:
    """A chart with the words that stand for it where it cannot be seen."""

    title: str
    description: str
    plot: Markup


def render(report: Report, made_at: datetime) -> str:
    """The page as HTML."""
    page = _template().render(
        report=report,
        made_at=made_at,
        share=share,
        width=width,
        disagreements=[text for totals in report.totals for text in disagreements(totals)],
    )
    return page.lstrip() + "\n"


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "money": money,
        "count": count,
        "day": day,
        "moment": moment,
        "charts": charts,
        "period": period,
    }
    return environment.get_template("page.html.j2")


def count(number: int) -> str:
    """A number of things, with thousands separators."""
    return f"{number:,}"


def share(part: Decimal | int, whole: Decimal | int) -> str:
    """A part of a whole in per cent; a part that is not zero is never shown as zero."""
    if not whole:
        return "-"
    percent = Decimal(part) / Decimal(whole) * 100
    if 0 < percent < Decimal("0.01"):
        return "< 0.01%"
    return f"{percent:,.2f}%"


def width(part: Decimal, most: Decimal) -> str:
    """How wide a part's bar is, where the widest has 100."""
    return f"{max(0.0, float(part) / float(most) * 100):.1f}" if most > 0 else "0"


def day(value: date) -> str:
    """A day as people write it: 1 January 2015."""
    return f"{value.day} {value:%B} {value.year}"


def moment(value: datetime) -> str:
    """A moment in UTC."""
    return f"{day(value)}, {value:%H:%M} UTC"


def period(value: Period, step: Step) -> str:
    """The name of a day, month or year."""
    if step is Step.DAY:
        return day(value.start)
    return f"{value.start:%B} {value.start.year}" if step is Step.MONTH else str(value.start.year)


def disagreements(totals: Totals) -> list[str]:
    """What to say of the layers whose totals are not those of the loaded lines."""
    return [
        f"{totals.source}, {totals.currency}: {layer.name} holds {_off(layer, totals.currency)} "
        "than was loaded."
        for layer in totals.layers
        if not layer.agrees
    ]


def charts(sales: Sales) -> list[Chart]:
    """Net revenue by period, and by day where the periods are months."""
    named = [(period(item, sales.step), item.net) for item in sales.periods]
    shown = [
        Chart(
            f"Net revenue by {sales.step} in {sales.currency}",
            _described(sales, named) + " The exact figures are in the table that follows.",
            columns(
                [_label(item.start, sales.step) for item in sales.periods],
                [item.net for item in sales.periods],
                [f"{name}: {money(net)} {sales.currency}" for name, net in named],
            ),
        )
    ]
    if sales.daily:
        every = 1 if len(sales.daily) > 150 else 7
        shown.append(
            Chart(
                f"Net revenue by day in {sales.currency}",
                _described(sales, [(day(date), net) for date, net in sales.daily])
                + " Days without sales count as zero.",
                area(
                    [
                        _label(date, Step.MONTH if every == 1 else Step.DAY)
                        if (date.day == 1 if every == 1 else date.weekday() == 0)
                        else ""
                        for date, _ in sales.daily
                    ],
                    [net for _, net in sales.daily],
                ),
            )
        )
    return shown


def _described(sales: Sales, named: list[tuple[str, Decimal]]) -> str:
    (most, highest), (least, lowest) = (
        choose(named, key=lambda item: item[1]) for choose in (max, min)
    )
    return (
        f"{sales.source}, {named[0][0]} to {named[-1][0]}. Highest: {most} with {money(highest)} "
        f"{sales.currency}; lowest: {least} with {money(lowest)} {sales.currency}."
    )


def _label(start: date, step: Step) -> str:
    if step is Step.YEAR:
        return str(start.year)
    return f"{start:%b} {start.year}" if step is Step.MONTH else f"{start.day} {start:%b}"


def _off(layer: Layer, currency: str) -> str:
    parts = []
    if layer.lines_off:
        less = "more" if layer.lines_off > 0 else "fewer"
        parts.append(f"{count(abs(layer.lines_off))} {less} lines")
    if layer.net_off:
        less = "more" if layer.net_off > 0 else "less"
        parts.append(f"{money(abs(layer.net_off))} {currency} {less} net revenue")
    return " and ".join(parts)
