"""Which rates may enter: a rate that cannot be is put aside with a reason.

Belongs here: the rules for single rates. Does not: answers as a whole (`answers`), or telling
anybody (`assets.exchange_rates`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from sales_assets.exchange_rates.answers import Values
from sales_assets.exchange_rates.calendar import LOOK_BACK
from sales_assets.exchange_rates.currencies import is_published

SCALE = 6
"""Decimals of a rate; the ECB has never published more."""
LIMIT = Decimal(10) ** 7
"""No rate is as large: the largest ever was 1,836,200 old Turkish lira. What is below converts
every amount without an overflow (dbt_project/macros/conversion.sql)."""
FAR = 3
"""No rate is so many times one of long ago: what a lost decimal point does, not a bad year."""

Known = tuple[date, Decimal]
"""A rate, and the day of its publication."""


@dataclass(frozen=True)
class Quarantined:
    """A rate that may not enter; `value` is what the API said, empty if it said nothing."""

    rate_date: date
    currency: str
    value: str
    reason: str


@dataclass(frozen=True)
class Judged:
    """Rates that may enter, by date and currency, and those that may not."""

    accepted: Mapping[date, Mapping[str, Decimal]]
    quarantined: tuple[Quarantined, ...]


def judge(
    values: Values,
    symbols: Iterable[str],
    before: Mapping[str, Known],
    jump_percent: Decimal,
    let_in: Collection[tuple[date, str, Decimal]] = (),
    history: Callable[[str, date], Known | None] | None = None,
) -> Judged:
    """Judge publications, oldest first.

    `before` has, for each currency, the last accepted rate before them; `history` is another
    source of a rate on or before a day. A rate that differs from the nearest of these by more than
    `jump_percent` is put aside unless a person `let_in` this very value; so are all after it, until
    one is near again. Where none is of the fourteen days before, it is compared with the median of
    the fourteen days around, and may not be `FAR` times the nearest or more, or as much smaller.
    """
    last = dict(before)
    accepted: dict[date, dict[str, Decimal]] = {}
    quarantined: list[Quarantined] = []
    symbols = list(symbols)
    for day in sorted(values):
        accepted[day] = {}
        for symbol in symbols:
            if not is_published(symbol, day):
                continue
            value = values[day].get(symbol)
            rate, reason = as_rate(value)
            if rate is not None:
                near = last.get(symbol)
                if near is None or day - near[0] > LOOK_BACK:
                    other = history(symbol, day) if history else None
                    near = max(filter(None, (near, other)), default=None)
                if near is not None and day - near[0] <= LOOK_BACK:
                    reason = _jump(rate, near[1], f"of {near[0]}", jump_percent)
                else:
                    middle = _median(values, symbol, day)
                    reason = _jump(rate, middle, "which is the median around it", jump_percent)
                    reason = reason or _far(rate, near)
                if not reason or (day, symbol, rate) in let_in:
                    accepted[day][symbol] = rate
                    last[symbol] = (day, rate)
                    continue
            # A text of JSON may hold halves of characters, which nothing can store.
            told = "" if value is None else str(value)[:100].encode(errors="replace").decode()
            quarantined.append(Quarantined(day, symbol, told, reason))
    return Judged(accepted, tuple(quarantined))


def as_rate(value: Any) -> tuple[Decimal | None, str]:
    """A value as a rate, or why it cannot be one."""
    if value is None:
        return None, "the currency is missing"
    if not isinstance(value, Decimal):
        return None, "is no number"
    if value <= 0:
        return None, "is not above zero"
    if value >= LIMIT or value != round(value, SCALE):
        return None, f"has more than {SCALE} decimals or is too large"
    return value, ""


def _jump(rate: Decimal, other: Decimal, which: str, limit: Decimal) -> str:
    """Why a rate is too far from another one; empty if it is not."""
    change = 100 * abs(rate / other - 1)
    if change <= limit:
        return ""
    return f"{change:.1f} % off {other} {which}; the limit is {limit:f} %"


def _far(rate: Decimal, near: Known | None) -> str:
    """Why a rate is too far from one of long ago; empty if it is not, or if there is none."""
    if near is None or max(rate / near[1], near[1] / rate) < FAR:
        return ""
    return f"{FAR} times {near[1]} of {near[0]} or more, or as much smaller"


def _median(values: Values, symbol: str, day: date) -> Decimal:
    """Of the rates around a day that has one; over years a currency may move by any factor."""
    around = (day + timedelta(days=n) for n in range(-LOOK_BACK.days, LOOK_BACK.days + 1))
    rates = (as_rate(values[at].get(symbol))[0] for at in around if at in values)
    return median(rate for rate in rates if rate is not None)
