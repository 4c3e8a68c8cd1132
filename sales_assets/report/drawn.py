"""The charts of the page, with the words that stand for them.

Belongs here: which figures a chart shows, its title, description and labels. Does not: geometry
and SVG (`charts`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sales_assets.amounts import money
from sales_assets.report.charts import area, columns, stacked
from sales_assets.report.figures import Sales
from sales_assets.report.formats import day, label, period, rounded
from sales_assets.report.periods import Step
from sales_assets.report.reporting import ZERO, Reporting

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Chart:
    """A chart with the words that stand for it where it cannot be seen."""

    title: str
    description: str
    plot: Markup
    legend: tuple[str, ...] = ()
    """What the colours stand for, if there are several."""


def reporting_chart(reporting: Reporting) -> Chart | None:
    """Net revenue of all sources by month, stacked; None if no month is known.

    A month that is not known of all sources is left out: a lower column would pass for the whole.
    """
    names = [period(start, reporting.step) for start in reporting.starts]
    whole = reporting.together.amounts
    known = [
        (name, amount) for name, amount in zip(names, whole, strict=True) if amount is not None
    ]
    if not known:
        return None
    shown = reporting.charted
    left_out = len(names) - len(known)
    return Chart(
        f"Net revenue by {reporting.step} in {reporting.currency}",
        " ".join(
            [
                _described("All sources", known, reporting.currency, rounded),
                *(f"{s.name}: {rounded(s.total)} {reporting.currency} in all." for s in shown),
                *([f"{left_out} are not given."] if left_out else []),
                "The figures are in the table that follows.",
            ]
        ),
        stacked(
            [label(start, reporting.step) for start in reporting.starts],
            [
                [
                    ZERO if total is None or amount is None else amount
                    for total, amount in zip(whole, series.amounts, strict=True)
                ]
                for series in shown
            ],
            [
                [
                    f"{name}, {series.name}: {rounded(amount)} {reporting.currency}"
                    for name, amount in zip(names, series.amounts, strict=True)
                ]
                for series in shown
            ],
        ),
        tuple(series.name for series in shown),
    )


def sales_charts(sales: Sales) -> list[Chart]:
    """Net revenue by period, and by day where the periods are months."""
    named = [(period(item.start, sales.step), item.net) for item in sales.periods]
    shown = [
        Chart(
            f"Net revenue by {sales.step} in {sales.currency}",
            _described(sales.source, named, sales.currency)
            + " The exact figures are in the table that follows.",
            columns(
                [label(item.start, sales.step) for item in sales.periods],
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
                _described(
                    sales.source,
                    [(day(date), net) for date, net in sales.daily],
                    sales.currency,
                )
                + " Days without sales count as zero.",
                area(
                    [
                        label(date, Step.MONTH if every == 1 else Step.DAY)
                        if (date.day == 1 if every == 1 else date.weekday() == 0)
                        else ""
                        for date, _ in sales.daily
                    ],
                    [net for _, net in sales.daily],
                ),
            )
        )
    return shown


def _described(
    what: str,
    named: Sequence[tuple[str, Decimal]],
    currency: str,
    written: Callable[[Decimal], str] = money,
) -> str:
    (most, highest), (least, lowest) = (
        choose(named, key=lambda item: item[1]) for choose in (max, min)
    )
    return (
        f"{what}, {named[0][0]} to {named[-1][0]}. Highest: {most} with {written(highest)} "
        f"{currency}; lowest: {least} with {written(lowest)} {currency}."
    )
