"""What a person reads after a command: tables of sources, drops and checks.

Belongs here: gathering the figures and laying them out. Does not: computing any asset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import dagster as dg
from rich import box
from rich.table import Table

from sales_assets.contracts.model import SourceContract
from sales_assets.resources.manifests import Known
from sales_assets.resources.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Collection

TOTALS = """
SELECT source, count(*) FILTER (lines > 0), sum(lines), sum(accepted), sum(rejected),
    max(partition_date) FILTER (lines > 0)
FROM ledger GROUP BY source
"""
REVENUE = """
SELECT source, currency, sum(net_amount) FROM revenue GROUP BY source, currency ORDER BY currency
"""


@dataclass(frozen=True)
class CheckCounts:
    """How many checks of an asset group passed and failed the last time they ran."""

    passed: int = 0
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
        before = counts.get(key.asset_key, CheckCounts())
        counts[key.asset_key] = CheckCounts(
            before.passed + evaluation.passed, before.failed + (not evaluation.passed)
        )
    return counts


def source_table(
    contracts: Sequence[SourceContract],
    warehouse: Warehouse,
    checks: Mapping[dg.AssetKey, CheckCounts],
    seconds: Mapping[str, float] | None = None,
) -> Table:
    """One line for each source: days, lines, revenue, checks and, after a run, seconds."""
    totals = {row[0]: row[1:] for row in warehouse.rows(TOTALS)}
    revenue: dict[str, list[str]] = {}
    for source, currency, net in warehouse.rows(REVENUE):
        revenue.setdefault(source, []).append(f"{money(net)} {currency}")
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("source", no_wrap=True)
    headings = ["days", "lines", "accepted", "rejected", "net revenue", "checks passed", "failed"]
    for heading in [*headings, *(["seconds"] if seconds is not None else [])]:
        table.add_column(heading, justify="right", no_wrap=True)
    for contract in contracts:
        days, lines, accepted, rejected, _ = totals.get(contract.name, (0, 0, 0, 0, None))
        own = [c for key, c in checks.items() if key.path[:2] == [contract.team, contract.source]]
        table.add_row(
            contract.name,
            *(f"{int(number or 0):,}" for number in (days, lines, accepted, rejected)),
            "\n".join(revenue.get(contract.name, ["-"])),
            str(sum(c.passed for c in own)),
            _failed(sum(c.failed for c in own)),
            *([f"{seconds.get(contract.name, 0):.1f}"] if seconds is not None else []),
        )
    marts = [c for key, c in checks.items() if key.path[0] in {"marts", "core", "staging"}]
    table.add_section()
    table.add_row(
        "marts",
        *([""] * 5),
        str(sum(c.passed for c in marts)),
        _failed(sum(c.failed for c in marts)),
        *([f"{seconds.get('marts', 0):.1f}"] if seconds is not None else []),
    )
    return table


def refused_lines(known: Iterable[Known]) -> list[str]:
    """Why drops are refused, one text for each."""
    return [item.refused for item in known if item.refused]


def money(amount: Decimal) -> str:
    """An exact amount with thousands separators, and at least two decimals."""
    text = f"{amount.normalize():,f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def _failed(number: int) -> str:
    return f"[bold red]{number}[/]" if number else "0"
