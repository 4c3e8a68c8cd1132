"""Whether teams keep to their budgets.

Belongs here: what the check says. Does not: what was used (`costs`), or the budgets themselves
(teams.yaml).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import dagster as dg

from sales_assets.checks.results import sentences

if TYPE_CHECKING:
    from sales_assets.costs.bill import Spent

BUDGETS = "teams_keep_to_their_budgets"
NEARLY = Fraction(8, 10)
"""Of a budget, from which on it is told."""


def budgets_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Declares the check."""
    return dg.AssetCheckSpec(
        BUDGETS,
        asset=key,
        description="No team has used more of its month's budget than 80 % (a warning) or all of "
        "it (an error).",
    )


def no_budgets(key: dg.AssetKey) -> dg.AssetCheckResult:
    """What is said where teams.yaml cannot be read: nothing has a price."""
    expected, found = "a teams.yaml that is right", "one that is wrong, so that nothing has a price"
    return dg.AssetCheckResult(
        passed=False,
        check_name=BUDGETS,
        asset_key=key,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"expected": expected, "found": found},
        description=sentences(expected, found, "See `sales-assets teams` for what is wrong"),
    )


def budgets_are_kept(
    key: dg.AssetKey,
    spent: Sequence[Spent],
    private: frozenset[str],
    currency: str,
    month: str,
    left_out: str = "",
) -> dg.AssetCheckResult:
    """How the teams stand in a month; a private team is not named, as everybody sees checks.

    `left_out` says which days do not count.
    """
    from sales_assets.costs.pricing import shown  # definitions load without reckoning

    over = [one for one in spent if one.share > 1]
    near = [one for one in spent if NEARLY <= one.share <= 1]
    expected = f"every team below {float(NEARLY):.0%} of its budget for {month}"
    named = [
        f"{'a private team' if one.team in private else one.team} has used "
        f"{shown(one.money, 2):,} of {one.budget:,.2f} {currency} ({float(one.share):.0%}), and "
        f"comes to {shown(one.forecast, 2):,} by the end of the month if it goes on so"
        for one in sorted(over + near, key=lambda one: -one.share)
    ]
    told = "; ".join(named) or (
        f"{len(spent)} within it" if spent else "no team has a budget in teams.yaml"
    )
    told = "; ".join(filter(None, [told, left_out]))
    metadata: dict[str, Any] = {
        "expected": expected,
        "found": told,
        "teams_over": len(over),
        "teams_near": len(near),
    }
    to_do = (
        f"See `sales-assets costs --by asset --month {month}` for what costs the most; make it "
        "rarer or cheaper, or raise `budget` of the team in teams.yaml"
    )
    if named:
        metadata["to_do"] = to_do
    return dg.AssetCheckResult(
        passed=not named,
        check_name=BUDGETS,
        asset_key=key,
        severity=dg.AssetCheckSeverity.ERROR if over else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
        description=sentences(expected, told, to_do if named else None),
    )
