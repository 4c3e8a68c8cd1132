"""The other parts, and a scrape of which one part fails."""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._daemon.types import DaemonHeartbeat
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily

from sales_assets.exchange_rates.breaker import Circuit
from sales_assets.metrics.collector import PARTS, InstallationCollector
from sales_assets.metrics.observed import Observed
from sales_assets_tests.metrics.world import API, ERROR, World, days_ago, labelled, parsed

POOL = "till"
CALLS = "sales_assets_exchange_rate_api_calls_total"
ERRORS = "sales_assets_scrape_errors"


def test_a_daemon_that_never_lived_is_infinitely_old(here: World) -> None:
    ages = here.read()["sales_assets_daemon_heartbeat_age_seconds"]
    assert ages[labelled(daemon="SENSOR")] == float("inf")


def test_a_heartbeat_tells_its_age_and_errors(here: World) -> None:
    beat = DaemonHeartbeat(time.time() - 100, "SENSOR", "1", [ERROR])
    here.instance.add_daemon_heartbeat(beat)
    found = here.read()
    assert (
        100 <= found["sales_assets_daemon_heartbeat_age_seconds"][labelled(daemon="SENSOR")] < 400
    )
    assert found["sales_assets_daemon_errors"][labelled(daemon="SENSOR")] == 1


def test_a_pool_tells_its_places_who_waits_and_what_is_stuck(here: World) -> None:
    storage = here.instance.event_log_storage
    storage.set_concurrency_slots(POOL, 2)
    goes_on = here.run(dg.DagsterRunStatus.STARTED)
    is_over = here.run(dg.DagsterRunStatus.FAILURE)
    for run in (goes_on, is_over, goes_on):
        storage.claim_concurrency_slot(POOL, run, f"step_{run}_{time.time_ns()}")
    found = here.read()

    def of(name: str) -> float:
        return found[f"sales_assets_pool_{name}"][labelled(pool=POOL)]

    assert [of(n) for n in ("limit", "used", "pending", "used_by_ended_runs")] == [2, 2, 1, 1]
    assert of("oldest_pending_age_seconds") >= 0
    storage.free_concurrency_slots_for_run(is_over)
    found = here.read()
    assert of("used_by_ended_runs") == 0


def test_a_code_location_that_fails_to_load_is_told(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = "sales_assets_code_location_loaded"
    where = labelled(team="none", location="alpha")
    assert here.read()[loaded][where] == 1

    def fail(*_: object) -> None:
        raise ImportError("no such module")

    origin = "dagster._core.remote_origin.InProcessCodeLocationOrigin"
    with monkeypatch.context() as broken:
        broken.setattr(f"{origin}.create_location", fail)
        with pytest.warns(UserWarning, match="Error loading"):
            here.process.refresh_code_location("alpha")
    found = here.read()
    assert found[loaded][where] == 0
    assert sum(found[ERRORS].values()) == 0, "what else there is can be told all the same"
    here.process.refresh_code_location("alpha")
    assert here.read()[loaded][where] == 1


def test_calls_of_the_api_are_counted_from_the_start_of_the_process(here: World) -> None:
    here.state.note_call(API, "ok", 1.0)
    assert here.read()[CALLS][labelled(api=API, result="success")] == 0
    for outcome in ("ok", "not_modified", "server_error", "throttled", "cached"):
        here.state.note_call(API, outcome, 0.2)
    for _ in range(2):
        found = here.read()
        told = {
            r: found[CALLS][labelled(api=API, result=r)] for r in ("success", "failure", "cached")
        }
        assert told == {"success": 2, "failure": 2, "cached": 1}
    failures = found["sales_assets_exchange_rate_api_failures_total"]
    assert failures == {
        labelled(api=API, failure=name): 1 for name in ("server_error", "throttled")
    }
    name = "sales_assets_exchange_rate_api_call_duration_seconds"
    assert found[f"{name}_count"][labelled(api=API)] == 2
    assert found[f"{name}_sum"][labelled(api=API)] == pytest.approx(0.4)


def test_the_circuit_breaker_tells_its_state(here: World) -> None:
    def states() -> list[str]:
        told = here.read()["sales_assets_circuit_breaker_state"]
        return [dict(labels)["state"] for labels, value in told.items() if value]

    assert states() == ["closed"], "before the first call, too"

    def fail() -> None:
        raise OSError("away")

    circuit = Circuit(here.state.engine, API, failures=2, open_seconds=60, lease=1)
    for _ in range(2):
        with pytest.raises(OSError, match="away"):
            circuit.call(fail)
    assert states() == ["open"]
    assert here.read()["sales_assets_circuit_breaker_failures"][labelled(api=API)] == 2


def test_a_part_whose_database_is_away_leaves_the_others(
    here: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "sales_assets")
    here.day(days_ago(1), 1)
    here.read()
    with here.state.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE api_calls RENAME TO gone"))
    for _ in range(2):
        found = here.read()
        failing = [dict(labels)["part"] for labels, value in found[ERRORS].items() if value]
        assert failing == ["exchange_rates"]
        assert CALLS not in found
        assert "sales_assets_source_day_rows" in found
    assert len([r for r in caplog.records if "exchange_rates" in r.message]) == 1
    with here.state.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE gone RENAME TO api_calls"))
    found = here.read()
    assert sum(found[ERRORS].values()) == 0
    assert CALLS in found


def test_a_part_that_is_slow_keeps_no_scrape_waiting_and_is_not_asked_twice(here: World) -> None:
    here.read()  # the first look of the others takes longer, and more so on a busy machine
    goes_on, asked = threading.Event(), []

    class Slow:
        name = "slow"

        def __init__(self, _: Observed) -> None:
            return

        def collect(self) -> Iterator[Metric]:
            asked.append(1)
            goes_on.wait(60)
            yield GaugeMetricFamily("late", "Told in the end.", value=1)

    collector = InstallationCollector(here.observed(), [Slow, *PARTS], seconds=5)
    registry = CollectorRegistry()
    registry.register(collector)
    for _ in range(2):
        found = parsed(generate_latest(registry).decode())
        failing = [dict(labels)["part"] for labels, value in found[ERRORS].items() if value]
        assert failing == ["slow"]
        assert "sales_assets_daemon_errors" in found
    assert len(asked) == 1
    goes_on.set()
    collector.close()


def test_promtool_finds_nothing_wrong_with_the_page(here: World, promtool: str) -> None:
    here.day(days_ago(1), 1)
    here.read()
    here.run(dg.DagsterRunStatus.FAILURE, {"team": "alpha"}, ended=datetime.now(UTC))
    here.state.note_call(API, "server_error", 0.2)
    here.instance.event_log_storage.set_concurrency_slots(POOL, 2)
    text = here.page.text()
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    missing = subprocess.run(
        [promtool, "check", "metrics"],
        input=text.replace("# HELP sales_assets_pool_limit Places that a pool has.\n", ""),
        capture_output=True,
        text=True,
        check=False,
    )
    assert missing.returncode != 0


def test_each_family_says_what_it_is_and_is_of_this_project(here: World) -> None:
    here.day(days_ago(1), 1)
    for line in here.page.text().splitlines():
        name = line.removeprefix("# HELP ").removeprefix("# TYPE ").split(" ")[0]
        assert name.startswith("sales_assets_"), line


def test_no_series_has_a_label_that_prometheus_sets_itself(here: World) -> None:
    here.run(dg.DagsterRunStatus.STARTED)
    names = {name for labels in here.read().values() for one in labels for name, _ in one}
    assert "job_name" in names
    assert names.isdisjoint({"job", "instance", "__name__"})


def test_a_reader_of_openmetrics_gets_it(here: World) -> None:
    body, kind = here.page.answer("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")
    assert here.page.answer("text/plain")[1].startswith("text/plain")
