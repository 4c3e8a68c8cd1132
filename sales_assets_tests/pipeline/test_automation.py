"""A drop becomes a mart and a report by itself, with a real daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from sales_assets.errors import SalesAssetsError
from sales_assets_tests.harness import SHOP, Installation, drop
from sales_assets_tests.serving import serving, until

pytestmark = pytest.mark.long
REVENUE = "SELECT order_date::VARCHAR, net_revenue::VARCHAR FROM daily_revenue ORDER BY 1"


def test_drops_and_restated_drops_reach_the_marts_and_the_report_by_themselves(
    tmp_path: Path,
) -> None:
    with Installation(tmp_path / "home", [SHOP]) as made:
        report = made.settings.report_folder / "sales_report.html"

        def revenue() -> list[tuple[Any, ...]]:
            try:
                return made.query(REVENUE)
            except SalesAssetsError:  # there is no warehouse, or no such table yet
                return []

        with serving(made):
            for day in ("2024-01-01", "2024-01-02"):
                made.write_drop("shop", f"{day}.csv", drop(f"1,{day},tea,ann,1.5"))
            both = [("2024-01-01", "1.5000"), ("2024-01-02", "1.5000")]
            until("the marts of both days", lambda: revenue() == both, 300)
            until("the report", report.is_file, 180)
            first_report = report.read_text()

            made.write_drop("shop", "2024-01-02.csv", drop("1,2024-01-02,tea,ann,9.25"))
            restated = [("2024-01-01", "1.5000"), ("2024-01-02", "9.2500")]
            until("the restated day", lambda: revenue() == restated, 300)
            until("the new report", lambda: report.read_text() != first_report, 180)
            # The page is there before its run has ended, which would end with the daemon.
            under_way = dg.RunsFilter(statuses=NOT_FINISHED_STATUSES)
            until("the end of all runs", lambda: not made.instance.get_runs(under_way), 180)
        runs = made.instance.get_runs()
        assert {run.status for run in runs} <= {
            dg.DagsterRunStatus.SUCCESS,
            dg.DagsterRunStatus.QUEUED,
        }
        marts = [
            run for run in runs if dg.AssetKey(["core", "fct_sales"]) in (run.asset_selection or ())
        ]
        assert len(marts) == 2, "each change is computed once"
