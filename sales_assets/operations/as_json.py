"""How teams stand, for programs.

Belongs here: the names of the fields, and numbers that are exact as text. Does not: printing it
(`cli.status_command`).
"""

from __future__ import annotations

from typing import Any

from sales_assets.operations.standing import Costs, Item, Operations, Standing
from sales_assets.operations.wording import costs_command


def told(operations: Operations) -> dict[str, Any]:
    """How teams stand as JSON has it: numbers that are exact as text."""
    return {
        "at": operations.at.isoformat(),
        "teams": [_told_of(standing) for standing in operations.teams],
    }


def _told_of(standing: Standing) -> dict[str, Any]:
    parts = {"late": standing.late, "failing": standing.failing, "parked": standing.parked}
    return {
        "team": standing.team,
        "is_well": standing.is_well,
        **{name: [_told_item(item) for item in items] for name, items in parts.items()},
        "costs": _told_costs(standing.costs),
    }


def _told_item(item: Item) -> dict[str, Any]:
    return {
        "subject": item.subject,
        "what": item.what,
        "since": item.since.isoformat() if item.since else None,
        "cause": item.cause,
        "command": item.command,
        "attempts": item.attempts,
    }


def _told_costs(costs: Costs) -> dict[str, Any]:
    amounts = {
        name: None if (amount := getattr(costs, name)) is None else f"{amount:f}"
        for name in ("cpu_seconds", "money", "budget", "of_budget", "share", "forecast")
    }
    return {
        "month": costs.month,
        **amounts,
        "currency": costs.currency,
        "level": costs.level.value,
        "note": costs.note,
        "command": costs_command(costs),
        "assets": [
            {
                "asset": one.asset,
                "cpu_seconds": f"{one.cpu_seconds:f}",
                "money": None if one.money is None else f"{one.money:f}",
            }
            for one in costs.assets
        ],
    }
