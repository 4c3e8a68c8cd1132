"""The charts of the page, with the words that stand for them.

Belongs here: which figures a chart shows, its title, description and labels. Does not: geometry
and SVG (`charts`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sales_assets.amounts import money
from sales_assets.report.charts import area, columns, stacked
from sales_assets.report.drops import Drops
from sales_assets.report.figures import Sales
from sales_assets.report.formats import count, day, label, percent, period, rounded
from sales_assets.report.periods import Step
from sales_assets.report.returns import Returns
from sales_assets.report.split import ZERO, Split

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


def split_chart(shown: Split) -> Chart | None:
    """Net revenue of all parts by month, stacked; None if no month is known.

    A month that is not known of all parts is left out: a lower column would pass for the whole.
    """
    names = [period(start, shown.step) for start in shown.starts]
    whole = shown.together.amounts
    known = [
        (start, amount)
        for start, amount in zip(shown.starts, whole, strict=True)
        if amount is not None
    ]
    if not known:
        return None
    parts = shown.charted
    left_out = len(names) - len(known)
    return Chart(
        f"Net revenue by {shown.step} in {shown.currency}",
        " ".join(
            [
                _described(
                    shown.together.name, _periods(shown.step), known, shown.currency, rounded
                ),
                *(f"{part.name}: {rounded(part.total)} {shown.currency} in all." for part in parts),
                *([f"{left_out} are not given."] if left_out else []),
                "The figures are in the table that follows.",
            ]
        ),
        stacked(
            [label(start, shown.step) for start in shown.starts],
            [
                [
                    ZERO if total is None or amount is None else amount
                    for total, amount in zip(whole, part.amounts, strict=True)
                ]
                for part in parts
            ],
            [
                [
                    f"{name}, {part.name}: {rounded(amount)} {shown.currency}"
                    for name, amount in zip(names, part.amounts, strict=True)
                ]
                for part in parts
            ],
        ),
        tuple(part.name for part in parts),
    )


def sales_charts(sales: Sales) -> list[Chart]:
    """Net revenue by period, and by day where the periods are months."""
    named = [(item.start, item.net) for item in sales.periods]
    shown = [
        Chart(
            f"Net revenue by {sales.step} in {sales.currency}",
            _described(sales.source, _periods(sales.step), named, sales.currency)
            + " The exact figures are in the table that follows.",
            columns(
                [label(start, sales.step) for start, _ in named],
                [net for _, net in named],
                [
                    f"{period(start, sales.step)}: {money(net)} {sales.currency}"
                    for start, net in named
                ],
            ),
        )
    ]
    if sales.daily:
        every = 1 if len(sales.daily) > 150 else 7
        shown.append(
            Chart(
                f"Net revenue by day in {sales.currency}",
                _described(sales.source, day, sales.daily, sales.currency)
                + " Days without sales count as zero.",
                area(
                    [
                        label(at, Step.MONTH if every == 1 else Step.DAY)
                        if (at.day == 1 if every == 1 else at.weekday() == 0)
                        else ""
                        for at, _ in sales.daily
                    ],
                    [net for _, net in sales.daily],
                ),
            )
        )
    return shown


def returns_charts(returns: Returns) -> list[Chart]:
    """What was returned on top of net revenue, and its share; of periods in which all is known."""
    known = [item for item in returns.periods if item.rate is not None]
    if not known:
        return []
    labels = [label(item.start, returns.step) for item in returns.periods]
    net, back = (
        [ZERO if amount is None else amount for amount in amounts]
        for amounts in zip(*((item.net, item.returned) for item in returns.periods), strict=True)
    )
    told = [
        [
            f"{period(item.start, returns.step)}, {what}: {rounded(amount)} {returns.currency}"
            for item, amount in zip(returns.periods, amounts, strict=True)
        ]
        for what, amounts in (("net", net), ("returned", back))
    ]
    rates = [(item.start, item.rate) for item in known if item.rate is not None]
    return [
        Chart(
            f"Net revenue and returns by {returns.step} in {returns.currency}",
            _described(
                f"Returns of {returns.source}",
                _periods(returns.step),
                [(item.start, item.returned) for item in known if item.returned is not None],
                returns.currency,
                rounded,
            ),
            stacked(labels, [net, back], told),
            ("Net", "Returned or cancelled"),
        ),
        Chart(
            f"Return rate by {returns.step} in per cent of gross revenue",
            _described(returns.source, _periods(returns.step), rates, "per cent", percent)
            + " The exact figures are in the table that follows.",
            area(labels, [item.rate for item in returns.periods]),
        ),
    ]


def rejected_chart(source: str, drops: Drops) -> Chart | None:
    """Rejected lines by period; None if there are none, or only one period."""
    if not drops.rejected or len(drops.periods) < 2:
        return None
    named = [(period(item.start, drops.step), item) for item in drops.periods]
    worst, most = max(named, key=lambda pair: pair[1].rejected)
    return Chart(
        f"Rejected lines by {drops.step} of the drop",
        f"{source}, {named[0][0]} to {named[-1][0]}. Most: {worst} with {count(most.rejected)} of "
        f"{count(most.lines)} lines. The exact figures are in the table that follows.",
        columns(
            [label(item.start, drops.step) for item in drops.periods],
            [item.rejected for item in drops.periods],
            [f"{n}: {count(item.rejected)} of {count(item.lines)} lines" for n, item in named],
        ),
    )


def _periods(step: Step) -> Callable[[date], str]:
    return lambda start: period(start, step)


def _described(
    what: str,
    name: Callable[[date], str],
    amounts: Sequence[tuple[date, Decimal]],
    unit: str,
    written: Callable[[Decimal], str] = money,
) -> str:
    """The span and the extremes of amounts by the day or period that begins at a day."""
    (most, highest), (least, lowest) = (
        choose(amounts, key=lambda item: item[1]) for choose in (max, min)
    )
    return (
        f"{what}, {name(amounts[0][0])} to {name(amounts[-1][0])}. Highest: {name(most)} with "
        f"{written(highest)} {unit}; lowest: {name(least)} with {written(lowest)} {unit}."
    )
