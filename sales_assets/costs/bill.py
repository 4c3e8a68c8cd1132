"""Who used how much, and what it costs: entries in groups, with a total.

Belongs here: the ways of grouping, lines and totals, a month's budget. Does not: entries
(`entries`), prices (`pricing`), or how a bill is printed (`cli.costs_command`).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

from sales_assets.costs.amounts import Amounts, By
from sales_assets.costs.entries import Entry
from sales_assets.costs.meter import RUN, RUNNING, UNFINISHED
from sales_assets.costs.pricing import Prices
from sales_assets.partitions import Window, contiguous

IDLE = "(idle)"
NO_ONE = "(none)"
OF_RUN = "(run)"
ROLLED_UP = "(rolled up)"
_OF_RUNS = {By.STEP, By.RUN}
_MARKED = {RUNNING, UNFINISHED}


@dataclass
class Line:
    """What one of them used: `peak` is the most bytes that a step of it had."""

    name: str
    team: str
    idle: bool
    amounts: Amounts = field(default_factory=Amounts)
    money: Fraction = Fraction(0)
    peak: int = 0
    unfinished: int = 0
    """Rows of runs that have not told their end: under way, or killed."""

    def add(self, entry: Entry, money: Fraction, peak: int) -> None:
        """Add an entry."""
        self.amounts += entry.amounts
        self.money += money
        self.peak = max(self.peak, peak)


@dataclass(frozen=True)
class Bill:
    """Lines, the costliest first and idle ones last, and their total."""

    lines: list[Line]
    total: Line
    currency: str | None


def bill(entries: Iterable[Entry], by: By, prices: Prices) -> Bill:
    """The bill of some entries; raises UsageError where their money does not add up."""
    days: set[date] = set()
    lines: dict[tuple[str, str, bool], Line] = {}
    total = Line("total", "", idle=False)
    marked: dict[tuple[str, str, bool], set[tuple[str, str]]] = {}
    for entry in entries:
        days.add(entry.day)
        money = prices.price(entry.day, entry.amounts, entry.team)
        key = _name(entry, by), entry.team if entry.idle or by is By.TEAM else "", entry.idle
        line = lines.setdefault(key, Line(*key))
        line.add(entry, money, entry.peak if by in _OF_RUNS else entry.peak_of_step)
        total.add(entry, money, entry.peak)
        if entry.state in _MARKED:
            marked.setdefault(key, set()).add((entry.run_id, entry.step))
    for key, rows in marked.items():
        lines[key].unfinished = len(rows)
    total.unfinished = len(set().union(*marked.values()))
    ordered = sorted(lines.values(), key=lambda it: (it.idle, -it.money, -it.amounts.cpu, it.name))
    return Bill(ordered, total, prices.currency_of(days))


def _name(entry: Entry, by: By) -> str:
    if entry.idle:
        return IDLE
    match by:
        case By.TEAM:
            return entry.team or NO_ONE
        case By.SOURCE:
            return entry.source or NO_ONE
        case By.ASSET:
            return entry.asset or NO_ONE
        case By.STEP:
            return _of_run(entry, OF_RUN if entry.step == RUN else entry.step)
        case By.RUN:
            return _of_run(entry, entry.run_id)


def _of_run(entry: Entry, name: str) -> str:
    return name if entry.run_id else ROLLED_UP


def month_of(day: date) -> Window:
    """The days of a day's month."""
    last = calendar.monthrange(day.year, day.month)[1]
    return Window(day.replace(day=1), day.replace(day=last) + timedelta(days=1))


def not_counted(prices: Prices, month: Window) -> str:
    """Which days of a month have prices in another currency than the budgets; empty if none."""
    others = [day for day in month.days() if prices.currency_on(day) != prices.currency]
    spans = ", ".join(str(span) for span in contiguous(others))
    return spans and f"not counted, as prices were in another currency: {spans}"


@dataclass(frozen=True)
class Spent:
    """What a team has used of a month's budget, and what it comes to if it goes on so."""

    team: str
    budget: Decimal
    money: Fraction
    forecast: Fraction

    @property
    def share(self) -> Fraction:
        """Of the budget."""
        return self.money / Fraction(self.budget)


def spent(
    entries: Iterable[Entry],
    prices: Prices,
    budgets: Mapping[str, Decimal],
    month: Window,
    now: datetime,
) -> list[Spent]:
    """How each team with a budget stands in a month; idle processes of its own count too.

    Budgets are in the currency of the file as it is: only days with prices in it count.
    """
    money = money_of(entries, prices, budgets, month)
    month = Window.around(_counted(prices, month) or [*month.days()])
    begun = datetime.combine(month.start, time(), UTC)
    whole = timedelta(days=len(month))
    passed = min(max(now - begun, timedelta(hours=1)), whole)
    longer = Fraction(whole // timedelta(seconds=1), passed // timedelta(seconds=1))
    return [
        Spent(team, budget, money[team], money[team] * longer) for team, budget in budgets.items()
    ]


def money_of(
    entries: Iterable[Entry], prices: Prices, teams: Iterable[str], month: Window
) -> dict[str, Fraction]:
    """What each of some teams has cost in a month, in the currency of the file as it is."""
    counted = _counted(prices, month)
    money = dict.fromkeys(teams, Fraction(0))
    for entry in entries:
        if entry.team in money and entry.day in counted:
            money[entry.team] += prices.price(entry.day, entry.amounts, entry.team)
    return money


def _counted(prices: Prices, month: Window) -> list[date]:
    return [day for day in month.days() if prices.currency_on(day) == prices.currency]
