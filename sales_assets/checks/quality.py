"""What a contract demands of its revenue by its quality rules, and that its days are plausible.

Belongs here: the step of the checks that a user may want to run alone, without loading anything,
and the rules. Does not: what is plausible (`anomalies`), or what the load itself guarantees
(`reconcile`).

Without `from __future__ import annotations`: Dagster reads the check's annotations as objects.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from sales_assets.assets.keys import asset_key
from sales_assets.checks.anomalies import (
    REVENUE,
    VOLUME,
    check_revenue,
    check_volume,
    revenue_spec,
    volume_spec,
)
from sales_assets.checks.results import number_of, result
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.quality import QualityRule, Severity
from sales_assets.healing.retries import RETRIES, Retries
from sales_assets.partitions import DAY, Window, contiguous, run_window
from sales_assets.resources.warehouse import Warehouse

OPEN = "open_windows"
"""Metadata of a broken rule: first and last day of each span that breaks it."""
_EVALUATED = {
    AssetCheckExecutionRecordStatus.SUCCEEDED,
    AssetCheckExecutionRecordStatus.FAILED,
}


def build_quality_checks(
    contract: SourceContract, retries: Retries = RETRIES
) -> dg.AssetChecksDefinition:
    """The checks of a source's revenue asset, in one step."""
    key = asset_key(contract, "revenue")
    specs = [
        volume_spec(key),
        revenue_spec(key),
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
    @retries
    def quality(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.AssetCheckResult]:
        window = run_window(context) or _history(contract)
        selected = {check.name for check in context.selected_asset_check_keys}
        if VOLUME in selected:
            yield check_volume(key, contract, warehouse, window)
        if REVENUE in selected:
            yield check_revenue(key, contract, warehouse, window)
        for rule in contract.quality:
            if rule.name in selected:
                before = open_days(context.instance, key, rule)
                yield check_rule(key, contract, warehouse, window, rule, before)

    return quality


def _history(contract: SourceContract) -> Window:
    start, tomorrow = contract.history.start, datetime.now(UTC).date() + DAY
    return Window(start, contract.history.end or max(tomorrow, start + DAY))


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
            rows = {
                day: entry.accepted
                for day, entry in sorted(warehouse.loaded(contract.name, span).items())
                if entry.lines
            }
            bad = [day for day, count in rows.items() if not rule.holds(count)]
            wrong |= {Window.around([day]): number_of(rows[day], "row") for day in bad}
            told.append(f"{len(rows) - len(bad):,} of {number_of(len(rows), 'day')} as expected")
        else:
            number = warehouse.number(rule.query, contract.name, span)
            if number is not None and not rule.holds(number):
                wrong[span] = f"the query gives {number}"
            told.append(
                "the query finds nothing" if number is None else f"the query gives {number}"
            )
    what = "rows on each day:" if rule.query is None else "its query gives"
    here = any(span.overlap(window) for span in wrong)
    spans = [[span.first_key, span.last_key] for span in wrong]
    return result(
        rule.name,
        key,
        expected=f"{rule.description.rstrip('.')} ({what} {rule.told})",
        found="; ".join(told),
        wrong={str(span): reason for span, reason in wrong.items()},
        to_do=f"Look at these days' rows, then mend the drop or {contract.file.name}",
        warn=rule.severity is Severity.WARNING or not here,
        more={OPEN: dg.MetadataValue.json(spans)} if wrong else None,
    )
