"""What the pictures of a run show: one of each kind for its newest day with lines.

Belongs here: what is read for them, and their words. Does not: geometry (`pictures`), or what is
usual (`checks.anomalies`).

A run of a year has one picture too: each takes 10 ms and 10 kB, and all other days are on it or in
the UI's plots over partitions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from sales_assets.amounts import cents, money
from sales_assets.checks.anomalies import daily_revenue, longer
from sales_assets.checks.baseline import Band, bands
from sales_assets.contracts.model import SourceContract
from sales_assets.partitions import DAY, Window
from sales_assets.resources.warehouse import Warehouse
from sales_assets.telling.loaded_days import Rules, rules_of, rules_query
from sales_assets.telling.numbers import Told
from sales_assets.telling.pictures import banded, bars, image

SHOWN = timedelta(days=60)
"""The days of a picture."""
RULES = 8
"""Reasons that have a bar."""


def pictures_of(warehouse: Warehouse, contract: SourceContract, day: date) -> tuple[Told, Told]:
    """What `revenue` and `rejected` show of a day and those before it."""
    shown = Window(day - SHOWN + DAY, day + DAY)
    series = daily_revenue(contract, warehouse, longer(shown))
    [rules] = warehouse.answers([rules_query(warehouse, contract.name, list(shown.days()))])
    return (
        _revenue_picture(contract.name, shown, series),
        _rejected_picture(contract.name, shown, rules_of(rules).values()),
    )


def _revenue_picture(
    source: str, window: Window, series: Mapping[str, Mapping[date, Decimal]]
) -> Told:
    """Net revenue by day in the currency of most days, with what is usual of each weekday."""
    if not series:
        return {}
    currency = max(series, key=lambda name: sum(1 for net in series[name].values() if net))
    net = series[currency]
    shown = {on: amount for on, amount in net.items() if on in window}
    if len(shown) < 2:
        return {}
    usual = bands(net, shown)
    svg = banded(f"Net revenue by day, {currency}", shown, usual)
    return {"revenue by day": image(svg, _said(source, currency, shown, usual))}


def _said(
    source: str, currency: str, shown: Mapping[date, Decimal], usual: Mapping[date, Band]
) -> str:
    last = max(shown)
    of_last = f"On {last}: {_amount(shown[last])}"
    if last in usual:
        of_last += f"; usual: {_amount(usual[last].low)} to {_amount(usual[last].high)}"
    said = [
        f"Net revenue of {source} by day of drops in {currency}, {min(shown)} to {last}.",
        f"{of_last}.",
    ]
    outside = [on for on in sorted(shown) if on in usual and usual[on].stands_out]
    if outside:
        said.append(f"Outside of what was usual: {', '.join(map(str, outside))}.")
    elif not usual:
        said.append("There are not days enough before these to say what is usual.")
    return " ".join(said)


def _rejected_picture(source: str, window: Window, days: Iterable[Rules]) -> Told:
    """How many lines of some days broke each rule."""
    counted: Counter[str] = Counter()
    for rules in days:
        for column, rule, lines in rules:
            counted[f"{column}: {rule}" if column else rule] += lines
    if len(counted) < 2:
        return {}
    most = counted.most_common(RULES)
    said = "; ".join(f"{name}: {lines:,}" for name, lines in most)
    more = f"; {len(counted) - RULES} more reasons" if len(counted) > RULES else ""
    title = f"Rejected lines by reason, {window.first_key} to {window.last_key}"
    return {"rejected by reason": image(bars(title, most), f"{title}, of {source}: {said}{more}.")}


def _amount(amount: Decimal) -> str:
    return money(cents(amount))
