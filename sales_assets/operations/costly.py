"""What each team has used this month, against its budget.

Belongs here: a team's month from the ledger, its dearest assets. Does not: entries, prices, or the
sums (`costs`), or from where on a budget is told (`checks.budgets`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sales_assets.checks.budgets import NEARLY
from sales_assets.costs.amounts import By
from sales_assets.costs.bill import NO_ONE, Bill, Spent, bill, month_of, not_counted, spent
from sales_assets.costs.entries import Entry, entries
from sales_assets.costs.ledger import Ledger
from sales_assets.costs.pricing import Prices, shown
from sales_assets.errors import UsageError
from sales_assets.operations.standing import AssetCost, Costs, Level

if TYPE_CHECKING:
    from fractions import Fraction

    from sales_assets.platform.teams import Teams

DEAREST = 5
"""Assets that are named for each team."""


def costs_by_team(ledger: Ledger, teams: Teams | None, now: datetime) -> dict[str | None, Costs]:
    """The month's costs of each team that has any, or a budget; None is what is no team's."""
    month = month_of(now.date())
    prices = Prices.of(ledger, teams, now.date())
    found = entries(ledger, month, now)
    budgets = {
        name: team.budget
        for name, team in (teams.teams.items() if teams else ())
        if team.budget is not None
    }
    stand = {one.team: one for one in spent(found, prices, budgets, month, now)}
    left_out = not_counted(prices, month) if budgets else ""
    of_team: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in found:
        of_team[entry.team].append(entry)
    name = month.start.strftime("%Y-%m")
    return {
        team or None: _costs(name, of_team.get(team, []), prices, stand.get(team), left_out)
        for team in sorted({*of_team, *stand})
    }


def _costs(month: str, found: list[Entry], prices: Prices, stand: Spent | None, note: str) -> Costs:
    try:
        made: Bill = bill(found, By.ASSET, prices)
    except UsageError as error:  # prices in two currencies, which nobody adds up
        made, note = bill(found, By.ASSET, Prices({})), note or str(error)
    priced = made.currency is not None

    def money(amount: Fraction) -> Decimal | None:
        return shown(amount, 2) if priced else None

    assets = tuple(
        AssetCost(line.name, line.amounts.cpu_seconds, money(line.money))
        for line in made.lines
        if not line.idle and line.name != NO_ONE
    )
    costs = Costs(
        month=month,
        cpu_seconds=made.total.amounts.cpu_seconds,
        money=money(made.total.money),
        currency=made.currency or prices.currency,
        assets=assets[:DEAREST],
        note=note,
    )
    return _against(costs, stand) if stand else costs


def _against(costs: Costs, stand: Spent) -> Costs:
    near = stand.share >= NEARLY
    level = Level.OVER if stand.share > 1 else Level.NEAR if near else Level.WITHIN
    return replace(
        costs,
        level=level,
        budget=stand.budget,
        of_budget=shown(stand.money, 2),
        share=shown(stand.share, 4),
        forecast=shown(stand.forecast, 2),
    )
