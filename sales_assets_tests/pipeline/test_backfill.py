"""A backfill of all assets, asked for as the UI asks, run by a real webserver and daemon."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sales_assets_tests.harness import PROJECT, Installation
from sales_assets_tests.pipeline.test_same_tables import FIRST, LAST, single_days, small

pytestmark = pytest.mark.long
BIN = Path(sys.executable).parent
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


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def serving(made: Installation, port: int) -> Iterator[None]:
    """The webserver and the daemon of an installation, as `make ui` runs them."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SALES_ASSETS_", "DAGSTER_"))}
    env = {
        **kept,
        "SALES_ASSETS_HOME": str(made.settings.home),
        "SALES_ASSETS_CONTRACTS": str(made.settings.contracts_folder),
        "DAGSTER_HOME": str(made.settings.dagster_home),
    }
    workspace = ["-w", str(PROJECT / "workspace.yaml")]
    commands = (
        [str(BIN / "dagster-webserver"), *workspace, "-h", "127.0.0.1", "-p", str(port)],
        [str(BIN / "dagster-daemon"), "run", *workspace],
    )
    log = (made.settings.home / "serving.log").open("w")
    processes = [
        subprocess.Popen(
            command, cwd=PROJECT, env=env, start_new_session=True, stdout=log, stderr=log
        )
        for command in commands
    ]
    try:
        yield
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        log.close()


def ask(port: int, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query, "variables": variables}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)["data"]
    return next(iter(found.values()))


def until(what: str, check: Callable[[], Any], seconds: float = 600) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := check():
                return found
        except (urllib.error.URLError, ConnectionError):
            pass
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(1)


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
