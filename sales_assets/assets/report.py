"""`reports/sales_report`: a page for people, made anew from the marts.

Belongs here: the report asset. Does not: what the page shows (`report`), or where it is kept
(`resources.report_folder`).

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg

from sales_assets.amounts import cents, plain
from sales_assets.checks.delivery import due_since
from sales_assets.contracts.model import SourceContract
from sales_assets.healing.retries import RETRIES, Retries
from sales_assets.report.check_results import read_checks
from sales_assets.report.checks import Outcome
from sales_assets.report.data import read_report
from sales_assets.report.figures import figures
from sales_assets.report.links import Links
from sales_assets.report.page import Made, render
from sales_assets.report.reporting import Reporting
from sales_assets.report.trust import trust_of
from sales_assets.resources.report_folder import OPERATIONS, ReportFolder
from sales_assets.resources.warehouse import Warehouse

SALES_REPORT = dg.AssetKey(["reports", "sales_report"])
MARTS = ("daily_revenue", "revenue_by_product", "revenue_by_region", "customer_value")


LAST = {"dagster/priority": "-1"}
"""Of steps that are ready, checks go first, so that the page has their results."""


def build_report(
    marts: dg.AssetsDefinition,
    condition: dg.AutomationCondition[Any],
    *,
    contracts: Sequence[SourceContract] = (),
    first_day: date = date.min,
    checks: Sequence[dg.AssetCheckSpec] = (),
    links: Links,
    retries: Retries = RETRIES,
) -> dg.AssetsDefinition:
    """The report asset; `marts` are the assets that it reads, `checks` those that it shows.

    Days of the `contracts` before `first_day` owe no drop.
    """
    keys = [dg.AssetKey(["marts", name]) for name in MARTS]
    if absent := [key.to_user_string() for key in keys if key not in marts.keys]:
        raise ValueError(f"the report needs {', '.join(absent)}, which the marts do not make")

    @dg.asset(
        key=SALES_REPORT,
        deps=keys,
        description=(
            "One HTML page: revenue by source and currency and in the reporting currency, what was "
            "returned and rejected, and whether all that can be trusted: checks, freshness, rates, "
            "and the totals of all layers. It needs no network."
        ),
        group_name="reports",
        owners=["team:analytics"],
        kinds={"html"},
        automation_condition=condition,
        op_tags=LAST,
    )
    @retries
    def sales_report(
        context: dg.AssetExecutionContext, warehouse: Warehouse, report_folder: ReportFolder
    ) -> dg.MaterializeResult[None]:
        from sales_assets.operations.beginning import begin  # not for loading the definitions

        now, run_id = datetime.now(UTC), context.run.run_id
        report = figures(read_report(warehouse))
        checked = read_checks(context.instance, checks, run_id)
        due = {contract.name: due_since(contract, first_day, now) for contract in contracts}
        trust = trust_of(report, checked, due)
        begin(report_folder, links, now)  # the page that this one leads to
        page = render(report, trust, Made(now, run_id, links, OPERATIONS))
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(str(report_folder.write(page))),
                "bytes": len(page.encode()),
                "sources": len(report.sources),
                "days": report.days,
                "totals_agree": report.agrees,
                "checks_passed": trust.ended(Outcome.PASSED),
                "checks_to_look_at": len(trust.open),
                **{
                    f"net_revenue {sales.source} {sales.currency}": plain(sales.total.net)
                    for sales in report.sales
                },
                **_reporting(report.reporting),
            }
        )

    return sales_report


def _reporting(reporting: Reporting | None) -> dict[str, str | int]:
    """Net revenue in the reporting currency, and how many lines keep a sum from being given."""
    if reporting is None:
        return {}
    return {
        **{
            f"net_revenue {series.name} in {reporting.currency}": (
                "not given" if series.total is None else plain(cents(series.total))
            )
            for series in (*reporting.sources.parts, reporting.sources.together)
        },
        "unconverted_lines": sum(item.lines for item in reporting.unconverted),
        "stale_rate_lines": sum(item.lines for item in reporting.stale),
    }
