"""A real Prometheus on a real installation: every expression has data, every alert its fault.

All alerts are tried here, with durations that are a three-hundredth of the real ones (windows and
ages of twenty seconds or more); with their real durations they are in `test_rules`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest
import sqlalchemy as sa

from sales_assets.healing.days import Row, Target
from sales_assets.healing.state import HealingState
from sales_assets.metrics.dashboards import dashboards
from sales_assets.metrics.rules import alerts
from sales_assets.partitions import DAY, Window
from sales_assets.platform.audit.opening import open_audit_log
from sales_assets.telling.numbers import figures_told, lines_told
from sales_assets_tests.frankfurter import faults
from sales_assets_tests.frankfurter.faults import FOR_EVER
from sales_assets_tests.metrics.live import ENOUGH, TIMES, TOO_LITTLE, Live, live, until
from sales_assets_tests.metrics.world import RAW, REVENUE, days_ago, figures

pytestmark = pytest.mark.long
POOL = "till"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """An installation in which all is well: something has run, was loaded, was asked."""
    with live(tmp_path_factory.mktemp("live")) as made:
        made.instance.event_log_storage.set_concurrency_slots(POOL, 1)
        made.probe()
        till(made, days_ago(5), 90, 1)
        till(made, days_ago(1), 50, 1)
        made.instance.report_runless_asset_event(dg.AssetMaterialization(RAW))
        until("Prometheus scrapes", lambda: made.has_data("sales_assets_scrape_errors"))
        run = made.launch()
        until("the first run ends", lambda: ended(made, run))
        made.wait_for_peace([alert.name for alert in alerts()], lambda: fresh(made))
        yield made


def till(whole: Live, day: date, accepted: int, rejected: int) -> None:
    """A day of the till, told as the pipeline tells it."""
    told: dict[str, Any] = lines_told(accepted + rejected, accepted, rejected)
    told |= figures_told(figures(accepted, "9.50")) if accepted else {}
    event = dg.AssetMaterialization(REVENUE, partition=day.isoformat(), metadata=told)
    whole.instance.report_runless_asset_event(event)


def fresh(whole: Live) -> None:
    whole.instance.report_runless_asset_event(dg.AssetMaterialization(RAW))


def park(whole: Live, day: date) -> None:
    """Give a day of the till up, as healing does after its attempts."""
    now = time.time()
    row = Row("drop", "its drop failed", now, now, now, attempts=3, parked_at=now)
    healing = HealingState(url=whole.settings.catalogue_address)
    healing.keep(Target("alpha/till", "alpha", ()), lambda _: {day: row}, {}, now)


def let_go(whole: Live, day: date) -> None:
    """What `sales-assets heal --unpark` does."""
    healing = HealingState(url=whole.settings.catalogue_address)
    assert healing.unpark("alpha/till", Window(day, day + DAY), time.time()) == [day]


def ended(whole: Live, run_id: str) -> bool:
    run = whole.instance.get_run_by_id(run_id)
    return run is not None and run.is_finished


def test_what_data_runs_and_the_api_break_fires_and_clears(whole: Live) -> None:
    storage = whole.instance.event_log_storage
    yesterday, day_before = days_ago(1), days_ago(2)  # of now, whenever it ends
    # Nobody materialises beta/raw any more, and a drop of yesterday is refused as a whole.
    till(whole, yesterday, 0, 50)
    whole.api.inject(faults.server_error(), times=FOR_EVER)
    whole.broken.touch()
    whole.channel.next.extend([503] * 1_000)
    whole.grant(TOO_LITTLE)
    park(whole, day_before)
    over = whole.launch()
    until("the run fails", lambda: ended(whole, over))
    storage.claim_concurrency_slot(POOL, over, "taken")
    storage.claim_concurrency_slot(POOL, "00000000-0000-4000-8000-000000000001", "waits")
    expected = {
        "RunFailures": {"team": "alpha", "job_name": "load"},
        "SensorFailing": {"team": "alpha", "instigator": "watch"},
        "AssetStale": {"team": "alpha", "asset": "beta/raw"},
        "RejectedRowsHigh": {"team": "alpha", "source": "till", "day": yesterday.isoformat()},
        "RevenueMissing": {"team": "alpha", "source": "till"},
        "DaysParked": {"team": "alpha", "source": "till"},
        "BudgetExceeded": {"team": "alpha"},
        "AlertsNotDelivered": {"team": "alpha", "channel": "alpha.hook"},
        "ExchangeRateApiFailing": {"team": "none", "api": whole.api.url},
        "BreakerOpen": {"team": "none", "api": whole.api.url},
        "PoolStuck": {"team": "none", "pool": POOL},
        "PoolWaitsLong": {"team": "none", "pool": POOL},
    }
    # RunFailures is over by itself after its window, here before the slowest has begun.
    found = whole.wait_for([*expected], whole.probe)
    for name, labels in expected.items():
        assert found[name].items() >= labels.items()
    whole.broken.unlink()
    whole.api.clear()
    assert whole.channel.asked
    assert not whole.channel.taken
    whole.channel.next.clear()
    whole.grant(ENOUGH)
    let_go(whole, day_before)
    till(whole, yesterday, 50, 1)
    fresh(whole)
    for run in (over, "00000000-0000-4000-8000-000000000001"):
        storage.free_concurrency_slots_for_run(run)

    def as_always() -> None:
        fresh(whole)
        whole.probe()
        whole.deliver()

    whole.wait_for_peace(expected, as_always)
    assert "the sensor watch of alpha fails" in " ".join(whole.channel.titles)


def missing(whole: Live, expressions: dict[str, str]) -> list[str]:
    return [name for name, one in expressions.items() if not whole.has_data(one)]


def test_every_expression_of_a_rule_or_panel_has_data(whole: Live) -> None:
    expressions = {alert.name: alert.vector for alert in alerts(TIMES)}
    for board in dashboards().values():
        for panel in board["panels"]:
            for number, target in enumerate(panel.get("targets", ())):
                name = f"{board['uid']} {panel['title']} {number}"
                expressions[name] = target["expr"].replace("$team", ".*")
    assert len(expressions) > 50
    until(
        "every expression has data",
        lambda: not missing(whole, expressions),
        lambda: fresh(whole),
        lambda: f"but for {missing(whole, expressions)}",
    )


def test_scrapes_are_not_in_the_audit_log_and_nobody_reads_without_a_token(whole: Live) -> None:
    with closing(open_audit_log(whole.settings)) as log:
        users = {row.user_name for row in log.rows()}
    assert "root@example.com" in users, "who launches a run is told"
    assert "machine:prometheus" not in users
    assert httpx.get(f"{whole.root.base_url}/metrics").status_code == 401


def test_processes_that_die_or_hang_fire_and_clear(whole: Live) -> None:
    whole.stop("daemon")
    waits = whole.launch()
    whole.kill("code")
    names = ["DaemonDown", "RunsQueueTooLong", "CodeLocationDown"]
    found = whole.wait_for(names)
    assert found["RunsQueueTooLong"]["team"] == "alpha"
    assert found["CodeLocationDown"].items() >= {"team": "alpha", "location": "alpha"}.items()
    assert found["DaemonDown"]["team"] == "none"
    whole.start_code()
    whole.go_on("daemon")
    until("the run that waited ends", lambda: ended(whole, waits), lambda: fresh(whole))
    whole.wait_for_peace(names, lambda: fresh(whole))


def test_numbers_that_cannot_be_read_fire_and_clear(whole: Live) -> None:
    engine = whole.rates._state.engine
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE api_calls RENAME TO gone"))
    found = whole.wait_for(["ScrapeFailing"], lambda: fresh(whole))
    assert found["ScrapeFailing"]["part"] == "exchange_rates"
    assert whole.has_data("sales_assets_run_queue_oldest_age_seconds"), "the others are told"
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE gone RENAME TO api_calls"))
    whole.wait_for_peace(["ScrapeFailing"], lambda: fresh(whole))
    whole.stop("server")
    whole.wait_for(["TargetDown"], lambda: fresh(whole))
    whole.go_on("server")
    whole.wait_for_peace(["TargetDown"], lambda: fresh(whole))


def test_every_alert_was_tried_here() -> None:
    text = Path(__file__).read_text()
    assert [alert.name for alert in alerts() if f'"{alert.name}"' not in text] == []
