"""A run that is killed, and one that is stuck, with a real daemon: nobody does anything, and the
tables are as they should be.
"""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import dagster as dg
import pytest
import yaml
from filelock import ReadWriteLock

from sales_assets.errors import SalesAssetsError
from sales_assets.healing import parked
from sales_assets.healing.tags import HEALING_TAG
from sales_assets_tests.harness import SHOP, Installation, drop
from sales_assets_tests.serving import serving, until

pytestmark = pytest.mark.long
DAYS = ["2024-01-01", "2024-01-02"]
RAW = dg.AssetKey(["tests", "shop", "raw"])

_SETTINGS = {
    "SALES_ASSETS_HEALING_PATIENCE_SECONDS": "2",
    "SALES_ASSETS_HEALING_INTERVAL_SECONDS": "5",
    "SALES_ASSETS_HEALING_ATTEMPTS": "8",
    "SALES_ASSETS_SETTLE_SECONDS": "0",
}


def process_of(made: Installation, run: dg.DagsterRun) -> int | None:
    """The process of a run, as its launcher told it."""
    for entry in made.instance.all_logs(run.run_id):
        if found := re.search(r"\(pid: (\d+)\)", entry.user_message or entry.message or ""):
            return int(found[1])
    return None


def test_a_killed_run_and_a_stuck_one_are_ended_and_their_days_made(tmp_path: Path) -> None:
    contract = tmp_path / SHOP.name
    contract.write_text(SHOP.read_text().replace("end: 2024-03-01", "end: 2024-01-03"))
    with Installation(tmp_path / "home", [contract], run_retries=0) as made:
        configure_monitoring(made)
        for day in DAYS:
            made.write_drop("shop", f"{day}.csv", drop(f"1,{day},tea,ann,1.50"))
        lock = ReadWriteLock(f"{made.settings.warehouse_file}.lock")
        with serving(made, settings=_SETTINGS):
            made.settings.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
            with lock.acquire_write(timeout=60):  # runs stop where they want to load
                first = until("the first run", lambda: started(made), 300)[0]
                os.kill(until("its process", lambda: process_of(made, first)), signal.SIGKILL)
                until("the end of the killed run", lambda: status(made, first) == "FAILURE", 180)
                again = until("another run", lambda: started(made), 180)[0]
                assert HEALING_TAG in again.tags
                until("the end of the stuck run", lambda: status(made, again) == "FAILURE", 180)
            wait_for_its_process(made, again)
            until("the marts", lambda: revenue(made) == [(day, "1.5000") for day in DAYS], 300)
        assert parked(made.settings.catalogue_address) == []
        assert made.instance.event_log_storage.get_concurrency_run_ids() == set()
        told = [r.message for r in made.instance.all_logs(again.run_id) if r.message]
        assert any("maximum runtime" in message for message in told), told


def configure_monitoring(made: Installation) -> None:
    """Look often, and let no run take long."""
    file = made.settings.dagster_home / "dagster.yaml"
    configuration = yaml.safe_load(file.read_text())
    configuration["run_monitoring"] |= {"poll_interval_seconds": 5, "max_runtime_seconds": 60}
    file.write_text(yaml.safe_dump(configuration))


def wait_for_its_process(made: Installation, stuck: dg.DagsterRun) -> None:
    """What was ended holds nothing: its process is gone."""
    pid = process_of(made, stuck)
    assert pid is not None

    def is_gone() -> bool:
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"

    until("the end of the stuck process", is_gone, 60)


def started(made: Installation) -> list[dg.DagsterRun]:
    """The shop's runs that have begun; schedules may start others."""
    begun = made.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    return [run for run in begun if RAW in (run.asset_selection or ())]


def status(made: Installation, run: dg.DagsterRun) -> str:
    found = made.instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status.value


def revenue(made: Installation) -> list[tuple[str, str]]:
    query = "SELECT order_date::VARCHAR, net_revenue::VARCHAR FROM daily_revenue ORDER BY 1"
    try:
        return [(day, amount) for day, amount in made.query(query)]
    except SalesAssetsError:  # there is no such table yet
        return []
