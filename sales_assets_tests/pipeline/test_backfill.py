"""A backfill of all assets, asked for as the UI asks, run by a real webserver and daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sales_assets_tests.pipeline.test_same_tables import FIRST, LAST, single_days, small
from sales_assets_tests.serving import ask, free_port, serving, until

pytestmark = pytest.mark.long
BACKFILL = """
mutation Backfill($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
STATUS = """
query Status($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    __typename
    ... on PartitionBackfill { status error { message } runs(limit: 20) { id status } }
  }
}
"""
DONE = {"COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"}


def test_a_backfill_of_all_assets_from_the_ui_is_one_run_and_gives_the_same_tables(
    tmp_path: Path,
) -> None:
    with small(tmp_path / "ui") as made, small(tmp_path / "scratch") as scratch:
        keys = made.definitions.resolve_asset_graph().materializable_asset_keys
        params = {
            "tags": [{"key": "dagster/from_ui", "value": "true"}],
            "assetSelection": [{"path": list(key.path)} for key in sorted(keys)],
            "partitionNames": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"],
            "fromFailure": False,
        }
        port = free_port()
        with serving(made, port):
            until("the webserver", lambda: ask(port, "query { version }", {}))
            launched = ask(port, BACKFILL, {"params": params})
            assert launched["__typename"] == "LaunchBackfillSuccess", launched
            variables = {"id": launched["backfillId"]}

            def ended() -> dict[str, Any] | None:
                state = ask(port, STATUS, variables)
                return state if state.get("status") in DONE else None

            state = until("the backfill", ended)
        assert state["status"] == "COMPLETED_SUCCESS", state
        runs = [made.instance.get_run_by_id(run["id"]) for run in state["runs"]]
        with_days = [
            run for run in runs if run and "dagster/asset_partition_range_start" in run.tags
        ]
        assert len(with_days) == 1, "the partitioned assets of all sources are one run"
        assert with_days[0].tags["dagster/asset_partition_range_start"] == FIRST
        assert with_days[0].tags["dagster/asset_partition_range_end"] == LAST
        single_days(scratch)
        assert made.tables() == scratch.tables()
        assert (made.settings.report_folder / "sales_report.html").is_file()
