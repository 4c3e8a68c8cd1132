"""What a contract demands of its revenue: its quality rules, and a plausible number of rows.

Belongs here: the checks that a user may want to run alone, without loading anything. Does not:
what the load itself guarantees (`reconcile`).

Without `from __future__ import annotations`: Dagster reads the check's annotations as objects.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from sales_assets.assets.keys import asset_key
from sales_assets.checks.results import result
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.quality import QualityRule, Severity
from sales_assets.partitions import Window, contiguous, run_window
from sales_assets.resources.warehouse import Warehouse

TRAILING_DAYS = 28
"""Days before a day that its number of rows is compared with: four of each weekday."""
FEWEST_DAYS = 7
"""With fewer days of history nothing is said."""
BAND = 4
"""A day is told of if it has fewer than a quarter or more than four times the median."""
VOLUME = "row_count_in_band"
OPEN = "open_windows"
"""Metadata of a broken rule: first and last day of each span that breaks it."""
_EVALUATED = {
    AssetCheckExecutionRecordStatus.SUCCEEDED,
    AssetCheckExecutionRecordStatus.FAILED,
}


def build_quality_checks(contract: SourceContract) -> dg.AssetChecksDefinition:
    """The checks of a source's revenue asset, in one step."""
    key = asset_key(contract, "revenue")
    specs = [
        dg.AssetCheckSpec(
            VOLUME,
            asset=key,
            description=(
                "Each day that the calendar expects has rows: between a quarter and "
                f"{BAND} times the median of the {TRAILING_DAYS} days before it."
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
                before = open_days(context.instance, key, rule)
                yield check_rule(key, contract, warehouse, window, rule, before)

    return quality


def _history(contract: SourceContract) -> Window:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    return Window(contract.history.start, contract.history.end or tomorrow)


def open_days(instance: dg.DagsterInstance, key: dg.AssetKey, rule: QualityRule) -> set[date]:
    """The days that broke a rule when it was last looked at."""
    records = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(key, rule.name), limit=1, status=_EVALUATED
    )
    evaluation = records[0].evaluation if records else None
    opened = evaluation.metadata.get(OPEN) if evaluation and not evaluation.passed else None
    pairs: Any = opened.data if isinstance(opened, dg.JsonMetadataValue) else []
    return {day for first, last in pairs for day in Window.of_keys(first, last).days()}


def check_rule(
    key: dg.AssetKey,
    contract: SourceContract,
    warehouse: Warehouse,
    window: Window,
    rule: QualityRule,
    before: Collection[date] = (),
) -> dg.AssetCheckResult:
    """One quality rule over the rows of a window; `rowCount` rules day by day.

    The days that broke it `before` are looked at too. A check has one state for all days: a good
    day must not turn it green while another is still wrong. Those days alone are a warning, which
    does not keep this window's marts from being built, but holds automation back (`conditions`).
    """
    wrong: dict[Window, str] = {}
    told: list[str] = []
    for span in [window, *contiguous({*before}.difference(window.days()))]:
        if rule.query is None:
            found = {
                day: rule.holds(entry.accepted)
                for day, entry in sorted(warehouse.loaded(contract.name, span).items())
                if entry.lines
            }
            bad = [day for day, holds in found.items() if not holds]
            wrong |= {Window.around([day]): "has another number of rows" for day in bad}
            told.append(f"{len(found) - len(bad)} of {len(found)} days as expected")
        else:
            number = warehouse.number(rule.query, contract.name, span)
            if number is not None and not rule.holds(number):
                wrong[span] = f"the query gives {number}"
            told.append(
                "the query finds nothing" if number is None else f"the query gives {number}"
            )
    operands = " and ".join(map(str, rule.expected))
    here = any(span.overlap(window) for span in wrong)
    spans = [[span.first_key, span.last_key] for span in wrong]
    return result(
        rule.name,
        key,
        expected=f"{rule.description} ({rule.operator} {operands})",
        found="; ".join(told),
        wrong={str(span): reason for span, reason in wrong.items()},
        to_do=f"Look at these days' rows, then mend the drop or {contract.file.name}",
        warn=rule.severity is Severity.WARNING or not here,
        more={OPEN: dg.MetadataValue.json(spans)} if wrong else None,
    )


def check_volume(
    key: dg.AssetKey, contract: SourceContract, warehouse: Warehouse, window: Window
) -> dg.AssetCheckResult:
    """The rows of each day of a window against the calendar and the median of the days before."""
    longer = Window(window.start - timedelta(days=TRAILING_DAYS), window.end)
    rows = {
        day: entry.accepted
        for day, entry in warehouse.loaded(contract.name, longer).items()
        if entry.lines
    }
    wrong, compared, today = {}, 0, datetime.now(UTC).date()
    for day in window.days():
        if day not in rows:
            if contract.history.holds(day) and contract.calendar.expects(day) and day < today:
                wrong[day.isoformat()] = "no rows, and the calendar expects some"
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
        found=f"{len(wrong):,} days stand out; {compared:,} had enough days before them to compare",
        wrong=wrong,
        to_do="Ask the source whether these days' drops are complete",
        warn=True,
    )
