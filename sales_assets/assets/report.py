"""`reports/sales_report`: a page for people, made anew from the marts.

Belongs here: the report asset. Does not: what the page shows (`report`), or where it is kept
(`resources.report_folder`).

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from sales_assets.amounts import cents, plain
from sales_assets.report.data import read_report
from sales_assets.report.figures import figures
from sales_assets.report.page import render
from sales_assets.report.reporting import Reporting
from sales_assets.resources.report_folder import ReportFolder
from sales_assets.resources.warehouse import Warehouse

SALES_REPORT = dg.AssetKey(["reports", "sales_report"])
MARTS = ("daily_revenue", "revenue_by_product", "revenue_by_region", "customer_value")


def build_report(
    marts: dg.AssetsDefinition, condition: dg.AutomationCondition[Any]
) -> dg.AssetsDefinition:
    """The report asset; `marts` are the assets that it reads."""
    keys = [dg.AssetKey(["marts", name]) for name in MARTS]
    if absent := [key.to_user_string() for key in keys if key not in marts.keys]:
        raise ValueError(f"the report needs {', '.join(absent)}, which the marts do not make")

    @dg.asset(
        key=SALES_REPORT,
        deps=keys,
        description=(
            "One HTML page: revenue by source and currency and in the reporting currency, what was "
            "rejected, and whether the totals of all layers agree. It needs no network."
        ),
        group_name="reports",
        owners=["team:analytics"],
        kinds={"html"},
        automation_condition=condition,
    )
    def sales_report(
        warehouse: Warehouse, report_folder: ReportFolder
    ) -> dg.MaterializeResult[None]:
        report = figures(read_report(warehouse))
        page = render(report, datetime.now(UTC))
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(str(report_folder.write(page))),
                "bytes": len(page.encode()),
                "sources": len(report.sources),
                "days": report.days,
                "totals_agree": report.agrees,
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
            for series in (*reporting.sources, reporting.together)
        },
        "unconverted_lines": sum(item.lines for item in reporting.unconverted),
        "stale_rate_lines": sum(item.lines for item in reporting.stale),
    }
