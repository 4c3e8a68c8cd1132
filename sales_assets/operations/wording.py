"""What is said of how a team stands, on the page and in the terminal.

Belongs here: sentences about a team, its costs, a moment. Does not: laying them out (`page`,
`cli.status_command`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from sales_assets.amounts import cents, money
from sales_assets.operations.standing import Costs, Level, Operations, Standing

NO_TEAM = "no team's"
"""What belongs to the whole installation."""


def name_of(standing: Standing) -> str:
    """The team's name, or that it is nobody's."""
    return NO_TEAM if standing.team is None else standing.team


def verdict(standing: Standing) -> str:
    """How a team stands, in one line."""
    if standing.is_well:
        return f"nothing late, failing or parked; {used(standing.costs)}"
    counts = ((standing.late, "late"), (standing.failing, "failing"), (standing.parked, "parked"))
    told = [f"{len(items)} {word}" for items, word in counts if items]
    told += [budget_level(standing.costs)] if standing.costs.level.is_told else []
    return f"{', '.join(told)}; {used(standing.costs)}"


def used(costs: Costs) -> str:
    """What was used this month: CPU seconds, and money where that has a price."""
    cpu = f"{seconds(costs.cpu_seconds)} CPU s"
    if costs.money is None:
        return f"{cpu} this month"
    return f"{cpu} and {money(cents(costs.money))} {costs.currency} this month"


def budget_level(costs: Costs) -> str:
    """How the team stands to its budget, in two words."""
    return {
        Level.OVER: "over budget",
        Level.NEAR: "near its budget",
        Level.WITHIN: "within its budget",
        Level.NO_BUDGET: "no budget",
    }[costs.level]


def against_budget(costs: Costs) -> str:
    """What has gone of the budget, and what it comes to; empty without a budget."""
    if costs.budget is None or costs.of_budget is None or costs.share is None:
        return ""
    spent, whole = money(costs.of_budget), f"{money(costs.budget)} {costs.currency}"
    told = f"{spent} of {whole} ({costs.share:.0%})"
    if costs.forecast is None:
        return told
    return f"{told}, and {money(costs.forecast)} by the end of the month if it goes on so"


def costs_command(costs: Costs) -> str:
    """The command that says what costs the most."""
    return f"sales-assets costs --by asset --month {costs.month}"


def seconds(amount: Decimal) -> str:
    """CPU seconds, to a tenth."""
    return f"{amount:,.1f}"


def since(moment: datetime | None) -> str:
    """Since when, in UTC."""
    return "not known" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def summed_up(operations: Operations) -> Iterator[str]:
    """What a reader has to know first: who has something to do."""
    for standing in operations.teams:
        if not standing.is_well:
            yield f"{name_of(standing)}: {verdict(standing).partition(';')[0]}"
