"""What a person reads after a command: tables of sources, drops and checks.

Belongs here: gathering the figures and laying them out. Does not: computing any asset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import dagster as dg
from rich import box
from rich.table import Table

from sales_assets.amounts import cents, money
from sales_assets.contracts.model import SourceContract
from sales_assets.resources.manifests import Known
from sales_assets.resources.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Collection

TOTALS = """
SELECT source, count(CASE WHEN lines > 0 THEN 1 END), sum(lines), sum(accepted), sum(rejected),
    max(CASE WHEN lines > 0 THEN partition_date END)
FROM ledger GROUP BY source
"""
REVENUE = """
SELECT source, currency, count(*), sum(net_amount)
FROM revenue GROUP BY source, currency ORDER BY currency
"""
REPORTED = """
SELECT source, currency, sum(lines), sum(net_revenue),
    CASE WHEN count(*) = count(reporting_net_revenue) THEN sum(reporting_net_revenue) END
FROM daily_revenue WHERE reporting_currency = ? GROUP BY source, currency
"""
MARTS = frozenset({"marts", "core", "staging"})


@dataclass(frozen=True)
class CheckCounts:
    """How many checks of an asset passed, warned and failed the last time they ran."""

    passed: int = 0
    warned: int = 0
    failed: int = 0


def count_checks(
    instance: dg.DagsterInstance, keys: Collection[dg.AssetCheckKey]
) -> dict[dg.AssetKey, CheckCounts]:
    """The latest result of each check, counted by asset."""
    counts: dict[dg.AssetKey, CheckCounts] = {}
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    for key, record in latest.items():
        event = record.event and record.event.dagster_event
        if event is None or event.event_type is not dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            continue  # planned by a run that ended before it
        evaluation = event.asset_check_evaluation_data
        is_warning = evaluation.severity is dg.AssetCheckSeverity.WARN
        result = "passed" if evaluation.passed else "warned" if is_warning else "failed"
        before = counts.get(key.asset_key, CheckCounts())
        counts[key.asset_key] = replace(before, **{result: getattr(before, result) + 1})
    return counts


def source_table(
    contracts: Sequence[SourceContract],
    warehouse: Warehouse,
    checks: Mapping[dg.AssetKey, CheckCounts],
    reporting_currency: str,
    seconds: Mapping[str, float] | None = None,
) -> Table:
    """One line for each source: days, lines, revenue, checks and, after a run, seconds.

    Below the sources are the checks of what all of them share.
    """
    totals = {row[0]: row[1:] for row in warehouse.rows(TOTALS)}
    loaded: dict[str, dict[str, tuple[int, Decimal]]] = {}
    for source, currency, lines, net in warehouse.rows(REVENUE):
        loaded.setdefault(source, {})[currency] = (lines, net)
    reported = _reported(warehouse, loaded, reporting_currency)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    # Of a table that is too wide, names go on in the next line; no digit is ever lost.
    table.add_column("source", overflow="fold")
    headings = ["days", "lines", "accepted", "rejected", "net revenue", f"in {reporting_currency}"]
    headings += ["checks", *(["seconds"] if seconds is not None else [])]
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)

    def counted(name: str, own: Sequence[CheckCounts]) -> list[str]:
        return [
            _told(own),
            *([f"{seconds.get(name, 0):.1f}"] if seconds is not None else []),
        ]

    for contract in contracts:
        days, lines, accepted, rejected, _ = totals.get(contract.name, (0, 0, 0, 0, None))
        own = [c for key, c in checks.items() if key.path[:2] == [contract.team, contract.source]]
        amounts = loaded.get(contract.name, {}).items()
        table.add_row(
            contract.name,
            *(f"{int(number or 0):,}" for number in (days, lines, accepted, rejected)),
            "\n".join(f"{money(net)} {currency}" for currency, (_, net) in amounts) or "-",
            reported.get(contract.name, "-"),
            *counted(contract.name, own),
        )
    table.add_section()
    for name, groups in (("rates", {"rates"}), ("marts", MARTS)):
        own = [c for key, c in checks.items() if key.path[0] in groups]
        table.add_row(name, *([""] * 6), *counted(name, own))
    return table


def _reported(
    warehouse: Warehouse, loaded: Mapping[str, Mapping[str, tuple[int, Decimal]]], currency: str
) -> dict[str, str]:
    """Each source's net revenue in the reporting currency, if the marts have it.

    Not if a line could not be converted, or if the marts do not hold what is loaded by now: a
    part of a sum would pass for the whole.
    """
    if "reporting_net_revenue" not in warehouse.columns("daily_revenue")["daily_revenue"]:
        return {}
    held: dict[str, dict[str, tuple[int, Decimal]]] = {}
    converted: dict[str, list[Decimal | None]] = {}
    for source, original, lines, net, amount in warehouse.rows(REPORTED, [currency]):
        held.setdefault(source, {})[original] = (lines, net)
        converted.setdefault(source, []).append(amount)
    told = {}
    for source, amounts in converted.items():
        known = [amount for amount in amounts if amount is not None]
        whole = len(known) == len(amounts) and held[source] == loaded.get(source)
        told[source] = money(cents(sum(known, Decimal(0)))) if whole else "incomplete"
    return told


def refused_lines(known: Iterable[Known]) -> list[str]:
    """Why drops are refused, one text for each."""
    return [item.refused for item in known if item.refused]


def _told(checks: Sequence[CheckCounts]) -> str:
    """How many passed, and below that those that did not."""
    warned, failed = sum(c.warned for c in checks), sum(c.failed for c in checks)
    lines = [f"{sum(c.passed for c in checks)} passed"]
    lines += [f"[bold yellow]{warned} warned[/]"] if warned else []
    lines += [f"[bold red]{failed} failed[/]"] if failed else []
    return "\n".join(lines)
