"""How numbers, days and periods are written on the page.

Belongs here: text of one value. Does not: amounts of money (`amounts`), or sentences (`wording`).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sales_assets.amounts import cents, money
from sales_assets.checks.results import number_of
from sales_assets.partitions import DAY, Window
from sales_assets.report.periods import Step


def count(number: int) -> str:
    """A number of things, with thousands separators."""
    return f"{number:,}"


def days(number: int) -> str:
    """A number of days."""
    return number_of(number, "day")


def rounded(amount: Decimal | None) -> str:
    """An amount in cents; a sum that is not known is not given."""
    return "not given" if amount is None else money(cents(amount))


def share(part: Decimal | int, whole: Decimal | int) -> str:
    """A part of a whole in per cent; a part that is not zero is never shown as zero."""
    if not whole:
        return "-"
    percent = Decimal(part) / Decimal(whole) * 100
    if 0 < percent < Decimal("0.01"):
        return "< 0.01%"
    return f"{percent:,.2f}%"


def percent(value: Decimal) -> str:
    """A number of per cent, without the sign."""
    return f"{value:,.2f}"


def span(window: Window) -> str:
    """Days in a row: the day, or the first and the last."""
    first, last = window.start, window.end - DAY
    return day(first) if first == last else f"{day(first)} to {day(last)}"


def width(part: Decimal, most: Decimal) -> str:
    """How wide a part's bar is, where the widest has 100."""
    return f"{max(0.0, float(part) / float(most) * 100):.1f}" if most > 0 else "0"


def day(value: date) -> str:
    """A day as people write it: 1 January 2015."""
    return f"{value.day} {value:%B} {value.year}"


def moment(value: datetime) -> str:
    """A moment that is given in UTC."""
    return f"{day(value)}, {value:%H:%M} UTC"


def period(start: date, step: Step) -> str:
    """The name of the day, month or year that begins at a day."""
    if step is Step.DAY:
        return day(start)
    return f"{start:%B} {start.year}" if step is Step.MONTH else str(start.year)


def label(start: date, step: Step) -> str:
    """The same, as short as an axis needs it."""
    if step is Step.YEAR:
        return str(start.year)
    return f"{start:%b} {start.year}" if step is Step.MONTH else f"{start.day} {start:%b}"
