"""Nothing is lost on the way: lines against rows, and sums against sums.

Belongs here: the blocking checks between the layers of one source. Does not: the same between
the dbt models, which are dbt tests (dbt_project).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import dagster as dg

from sales_assets.checks.results import number_of, result
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.quality import Severity
from sales_assets.resources.catalogue_days import StagedCounts
from sales_assets.resources.warehouse import LoadedDay, Outweighed


def lines_reconcile_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Declares `lines_reconcile` for an asset."""
    return dg.AssetCheckSpec(
        "lines_reconcile",
        asset=key,
        blocking=True,
        description="Every line of the drops is accepted or rejected: none is lost or doubled.",
    )


def lines_reconcile(
    key: dg.AssetKey, lines: Mapping[date, int], counts: Mapping[date, tuple[int, int]]
) -> dg.AssetCheckResult:
    """Lines counted in the files against the (accepted, rejected) rows of each day."""
    wrong = {}
    for day, lines_in in lines.items():
        accepted, rejected = counts.get(day, (0, 0))
        if lines_in != accepted + rejected:
            wrong[day.isoformat()] = f"{lines_in:,} lines, {accepted:,} + {rejected:,} rows"
    accepted, rejected = (sum(pair[n] for pair in counts.values()) for n in (0, 1))
    return result(
        "lines_reconcile",
        key,
        expected=f"{number_of(sum(lines.values()), 'line')} in the drops, each accepted or "
        "rejected",
        found=f"{number_of(accepted, 'row')} accepted, {rejected:,} rejected",
        wrong=wrong,
        to_do="Materialise raw and staged for these days again",
    )


def rejected_in_limits_spec(key: dg.AssetKey, contract: SourceContract) -> dg.AssetCheckSpec:
    """Declares `rejected_in_limits` for the rejected asset of a contract that has limits."""
    return dg.AssetCheckSpec(
        "rejected_in_limits",
        asset=key,
        blocking=True,
        description=f"Of each day's lines at most so many are rejected: {_limits(contract)}.",
    )


def rejected_in_limits(
    key: dg.AssetKey, contract: SourceContract, counts: Mapping[date, tuple[int, int]]
) -> dg.AssetCheckResult:
    """The (accepted, rejected) lines of each day against the contract's limits.

    A day above the limit of a warning only is told of; one above that of an error blocks.
    """
    wrong: dict[str, str] = {}
    blocks = False
    for day, (accepted, rejected) in sorted(counts.items()):
        broken = [
            limit
            for limit in contract.rejected_limits
            if not limit.holds(accepted + rejected, rejected)
        ]
        if broken:
            share = 100 * Decimal(rejected) / (accepted + rejected)
            wrong[day.isoformat()] = f"{rejected:,} of {accepted + rejected:,} lines, {share:.2f} %"
            blocks |= any(limit.severity is Severity.ERROR for limit in broken)
    lines = sum(map(sum, counts.values()))
    rejected = sum(bad for _, bad in counts.values())
    return result(
        "rejected_in_limits",
        key,
        expected=f"of each day's lines rejected {_limits(contract)}",
        found=f"{rejected:,} of {number_of(lines, 'line')} rejected; "
        f"{number_of(len(wrong), 'day')} above a limit",
        wrong=wrong,
        to_do="Look at the reasons in rejected, correct the file and drop it again",
        warn=not blocks,
    )


def _limits(contract: SourceContract) -> str:
    return ", ".join(
        f"{'up to' if limit.inclusive else 'below'} {limit.percent:g} % ({limit.severity} above)"
        for limit in contract.rejected_limits
    )


def totals_match_staged_spec(key: dg.AssetKey) -> dg.AssetCheckSpec:
    """Declares `totals_match_staged` for the revenue asset."""
    return dg.AssetCheckSpec(
        "totals_match_staged",
        asset=key,
        blocking=True,
        description="Amounts and net amounts in the warehouse, added up over all currencies as "
        "control totals, equal the staged ones exactly.",
    )


def totals_match_staged(
    key: dg.AssetKey,
    staged: Mapping[date, StagedCounts],
    loaded: Mapping[date, LoadedDay],
    outweighed: Mapping[date, Outweighed],
) -> dg.AssetCheckResult:
    """Sums of each day in the staged files against those in the warehouse, to the last digit.

    Lines that another day's line outweighs are staged too, and counted apart in the warehouse.
    """
    wrong = {}
    for day, now in loaded.items():
        before = staged.get(day)
        if before is None or now.lines == 0:
            continue
        apart = outweighed.get(day, Outweighed(0, Decimal(0), Decimal(0)))
        here = (now.amount + apart.amount, now.net_amount + apart.net_amount)
        if here != (before.amount, before.net_amount):
            wrong[day.isoformat()] = (
                f"staged {before.amount:,} net {before.net_amount:,}, "
                f"warehouse {here[0]:,} net {here[1]:,}"
            )
    amount = sum(day.amount for day in loaded.values())
    net = sum(day.net_amount for day in loaded.values())
    return result(
        "totals_match_staged",
        key,
        expected="the same sums in the staged files and in the warehouse, to the last digit",
        found=f"{amount:,} in all, {net:,} net, over "
        f"{number_of(len(loaded), 'day')} that the warehouse knows",
        wrong=wrong,
        to_do="Materialise staged and revenue for these days again",
    )
