"""What a contract demands of its revenue: its quality rules, and a plausible number of rows.

Belongs here: the checks that a user may want to run alone, without loading anything. Does not:
what the load itself guarantees (`reconcile`).

Without `from __future__ import annotations`: Dagster reads the check's annotations as objects.
"""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median

import dagster as dg

from sales_assets.assets.keys import asset_key
from sales_assets.checks.results import result
from sales_assets.contracts.model import QualityRule, Severity, SourceContract
from sales_assets.partitions import Window, run_window
from sales_assets.resources.warehouse import Warehouse

TRAILING_DAYS = 28
"""Days before a day that its number of rows is compared with: four of each weekday."""
FEWEST_DAYS = 7
"""With fewer days of history nothing is said."""
BAND = 4
"""A day is told of if it has fewer than a quarter or more than four times the median."""
VOLUME = "row_count_in_band"


def build_quality_checks(contract: SourceContract) -> dg.AssetChecksDefinition:
    """The checks of a source's revenue asset, in one step."""
    key = asset_key(contract, "revenue")
    specs = [
        dg.AssetCheckSpec(
            VOLUME,
            asset=key,
            description=(
                f"Each day has between a quarter and {BAND} times the median rows of the "
                f"{TRAILING_DAYS} days before it."
            ),
        ),
        *(
            dg.AssetCheckSpec(
                rule.name,
                asset=key,
                description=rule.description,
                blocking=rule.severity is Severity.ERROR,
            )
            for rule in contract.quality
        ),
    ]

    @dg.multi_asset_check(
        name=f"{contract.team}__{contract.source}__quality", specs=specs, can_subset=True
    )
    def quality(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.AssetCheckResult]:
        window = run_window(context) or _history(contract)
        selected = {check.name for check in context.selected_asset_check_keys}
        if VOLUME in selected:
            yield check_volume(key, contract, warehouse, window)
        for rule in contract.quality:
            if rule.name in selected:
                yield check_rule(key, contract, warehouse, window, rule)

    return quality


def _history(contract: SourceContract) -> Window:
    from datetime import UTC, datetime

    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    return Window(contract.history.start, contract.history.end or tomorrow)


def check_rule(
    key: dg.AssetKey,
    contract: SourceContract,
    warehouse: Warehouse,
    window: Window,
    rule: QualityRule,
) -> dg.AssetCheckResult:
    """One quality rule over the rows of a window; `rowCount` rules day by day."""
    if rule.query is None:
        found = {
            day.isoformat(): rule.holds(entry.accepted)
            for day, entry in sorted(warehouse.loaded(contract.name, window).items())
            if entry.lines
        }
        wrong = {day: "has another number of rows" for day, holds in found.items() if not holds}
        told = f"{len(found) - len(wrong)} of {len(found)} days as expected"
    else:
        number = warehouse.number(rule.query, contract.name, window)
        wrong = {} if rule.holds(number) else {str(window): f"the query gives {number}"}
        told = f"the query gives {number}"
    operands = " and ".join(map(str, rule.expected))
    return result(
        rule.name,
        key,
        expected=f"{rule.description} ({rule.operator} {operands})",
        found=told,
        wrong=wrong,
        to_do=f"Look at these days' rows, then mend the drop or {contract.file.name}",
        warn=rule.severity is Severity.WARNING,
    )


def check_volume(
    key: dg.AssetKey, contract: SourceContract, warehouse: Warehouse, window: Window
) -> dg.AssetCheckResult:
    """The rows of each day of a window against the median of the days before it."""
    longer = Window(window.start - timedelta(days=TRAILING_DAYS), window.end)
    rows = {
        day: entry.accepted
        for day, entry in warehouse.loaded(contract.name, longer).items()
        if entry.lines
    }
    wrong, compared = {}, 0
    for day in window.days():
        if day not in rows:
            continue
        before = [
            rows[earlier]
            for n in range(1, TRAILING_DAYS + 1)
            if (earlier := day - timedelta(days=n)) in rows
        ]
        if len(before) < FEWEST_DAYS:
            continue
        compared += 1
        usual = median(before)
        if not usual / BAND <= rows[day] <= usual * BAND:
            wrong[day.isoformat()] = f"{rows[day]:,} rows, the median is {usual:,g}"
    return result(
        VOLUME,
        key,
        expected=f"a quarter to {BAND} times the median of the {TRAILING_DAYS} days before",
        found=f"{compared - len(wrong):,} of {compared:,} days with enough history are in the band",
        wrong=wrong,
        to_do="Ask the source whether these days' drops are complete",
        warn=True,
    )
