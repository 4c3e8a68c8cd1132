"""What an analyst finds in Dagster's UI and in the report, and what an engineer does there."""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING, Literal

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus

from sales_assets_tests.browser.accessibility import violations
from sales_assets_tests.browser.conftest import Picture
from sales_assets_tests.browser.served import Served
from sales_assets_tests.browser.ui import Dagster
from sales_assets_tests.harness import SAMPLE
from sales_assets_tests.serving import until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.long
GROUPS = ("global", "retail", "rates", "staging", "core", "marts", "reports")
WAY = (
    "marts/daily_revenue",
    "core/fct_sales",
    "staging/stg_sales",
    "retail/pizzaplace/revenue",
    "retail/pizzaplace/staged",
    "retail/pizzaplace/raw",
)
"""From the mart to the CSV."""
COLUMNS = ("net_revenue", "net_amount", "net_amount", "net_amount", "net_amount", "price")
REVENUE = "retail/pizzaplace/revenue"
DONE_DAY = "2015-11-30"
ONE_DAY = "2015-12-01"
RANGE = [f"2015-12-{day:02}" for day in range(2, 9)]


def partitions(served: Served, key: str) -> set[str]:
    """The days of an asset that are materialised."""
    return served.made.instance.get_materialized_partitions(dg.AssetKey(key.split("/")))


def ended(served: Served, **tags: str) -> dg.DagsterRun | None:
    """The one run with these tags of Dagster's, when it has ended."""
    named = {f"dagster/{name}": value for name, value in tags.items()}
    runs = served.made.instance.get_runs(dg.RunsFilter(tags=named))
    assert len(runs) <= 1
    return runs[0] if runs and runs[0].is_finished else None


def has_succeeded(served: Served, backfill: str) -> bool:
    """Whether the daemon has noticed that all of a backfill is done."""
    found = served.made.instance.get_backfill(backfill)
    return found is not None and found.status is BulkActionStatus.COMPLETED_SUCCESS


def test_the_lineage_shows_every_group_and_the_way_from_the_csv_to_the_report(
    ui: Dagster, picture: Picture
) -> None:
    ui.open_asset(WAY[0], view="lineage", lineageScope="neighbors", lineageDepth=5)
    for group in GROUPS:
        ui.see_node(group)
    for key in ("reports/sales_report", *WAY):
        ui.see_node(key.rpartition("/")[2])
    picture("lineage")

    ui.open_asset("reports/sales_report")
    for key in WAY:
        ui.link(key).click()
        ui.page.wait_for_url(f"**/assets/{key}*")


def test_clicks_lead_from_the_net_revenue_of_the_mart_to_the_column_of_the_csv(
    ui: Dagster, picture: Picture
) -> None:
    ui.open_asset(WAY[0])
    ui.see("net_revenue").scroll_into_view_if_needed()
    picture("asset")
    for column, key, origin in zip(COLUMNS[:-1], WAY[1:], COLUMNS[1:], strict=True):
        row = ui.origins(column)
        assert f"{key}: {origin}" in " ".join(row.inner_text().split())
        if column == "net_revenue":
            picture("origins")
        ui.follow(row.get_by_role("link", name=key).first, key)
    with gzip.open(SAMPLE / "pizzaplace.csv.gz", "rt", encoding="utf-8") as lines:
        header = next(csv.reader(lines))
    assert COLUMNS[-1] in header
    for name in header:
        ui.page.get_by_role("cell", name=name, exact=True).first.wait_for()


def test_the_checks_of_revenue_say_what_was_expected_and_what_was_found(
    ui: Dagster, served: Served, picture: Picture
) -> None:
    key = dg.AssetKey(REVENUE.split("/"))
    graph = served.made.definitions.resolve_asset_graph()
    checks = [check for check in graph.asset_check_keys if check.asset_key == key]
    assert len(checks) >= 4
    for check in sorted(checks):
        described = graph.get_check_spec(check).description
        assert described
        ui.open_asset(REVENUE, view="checks", checkDetail=check.name)
        ui.see(described)
        ui.see("expected")
        ui.see("found")
        if check.name == "lines_reconcile":
            picture("checks")


def test_a_day_of_revenue_shows_how_much_came_of_it(
    ui: Dagster, served: Served, picture: Picture
) -> None:
    of_the_day = f"source = 'retail/pizzaplace' AND partition_date = '{DONE_DAY}'"
    [(rows,)] = served.made.query(f"SELECT count(*) FROM revenue WHERE {of_the_day}")
    assert rows
    ui.open_asset(REVENUE, view="partitions", partition=DONE_DAY)
    ui.see("Materialized")
    counted = ui.page.get_by_role("row").filter(has_text="dagster/partition_row_count")
    assert counted.inner_text().split() == ["dagster/partition_row_count", str(rows)]
    picture("partition")
    assert ui.width_of_picture("revenue by day"), "the browser was not let to show it"
    picture("chart")


def test_a_day_of_a_source_that_is_materialised_in_the_ui_is_done(
    ui: Dagster, served: Served
) -> None:
    ui.open_asset(REVENUE, view="partitions", partition=ONE_DAY)
    ui.see("No metadata entries")
    ui.open_lineage_of('group:"retail"')
    ui.see_node("raw")
    ui.materialize(ONE_DAY)
    run = until("the run", lambda: ended(served, partition=ONE_DAY))
    assert run.status is dg.DagsterRunStatus.SUCCESS
    ui.open_asset(REVENUE, view="partitions", partition=ONE_DAY)
    ui.see("Materialized")


def test_a_range_of_days_that_is_backfilled_in_the_ui_is_done_by_one_run_up_to_the_marts(
    ui: Dagster, served: Served, picture: Picture
) -> None:
    groups = ("retail", "rates", "staging", "core", "marts")
    assert not partitions(served, WAY[0]) & set(RANGE)
    ui.open_lineage_of(" or ".join(f'group:"{group}"' for group in groups))
    ui.see_node("marts")
    ui.materialize(f"[{RANGE[0]}...{RANGE[-1]}]")
    run = until("the run", lambda: ended(served, asset_partition_range_start=RANGE[0]))
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert run.tags["dagster/asset_partition_range_end"] == RANGE[-1]

    backfill = run.tags["dagster/backfill"]
    until("the backfill", lambda: has_succeeded(served, backfill))
    ui.open_backfill(backfill)
    for key in WAY:
        assert partitions(served, key) >= set(RANGE)
        assert "100% completed" in ui.backfilled(key)
    picture("backfill")
    for key in (WAY[0], REVENUE):
        ui.open_asset(key, view="partitions", partition=RANGE[-1])
        ui.see("Materialized")
    in_range = f"order_date BETWEEN '{RANGE[0]}' AND '{RANGE[-1]}'"
    days = served.made.query(f"SELECT count(*) FROM daily_revenue WHERE {in_range}")
    assert days == [(len(RANGE),)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_over_the_sample_shuts_nobody_out(
    served: Served, page: Page, picture: Picture, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto((served.made.settings.report_folder / "sales_report.html").as_uri())
    page.get_by_role("heading", name="Sales report").wait_for()
    picture(f"report-{scheme}")
    assert violations(page) == ""
