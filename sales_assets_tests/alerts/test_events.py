"""What the event log of a real instance says of checks and late assets, and how it is read."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable

from sales_assets.alerts.events import AT_A_TIME, Cursor
from sales_assets_tests.alerts.conftest import RAW, Small


def test_a_check_is_told_when_it_fails_and_when_it_passes_again(small: Small) -> None:
    small.works.check = dg.AssetCheckResult(
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description="To do: Land it, by `sales-assets land FILE`.",
    )
    for _ in range(4):
        small.run("2024-01-01")
    assert small.passes() == ["WARNING marts/daily_revenue: the check is_right fails"]
    text = small.scene.channels.taken[0].text
    assert "To mend: sales-assets land FILE" in text
    assert "http://ui/assets/marts/daily_revenue?view=checks&checkDetail=is_right" in text
    assert "Affects: reports/sales_report" in text
    small.works.check = dg.AssetCheckResult(passed=True)
    small.run("2024-01-01")
    assert small.passes() == ["RECOVERED marts/daily_revenue: the check is_right fails"]


def test_a_check_that_blocks_is_one_incident_and_not_a_failed_run_too(small: Small) -> None:
    small.works.blocking = dg.AssetCheckResult(passed=False)
    assert not small.run("2024-01-01").success
    assert small.passes() == ["ERROR marts/daily_revenue: the check blocks fails"]
    small.works.blocking = dg.AssetCheckResult(passed=True)
    small.run("2024-01-01")
    assert small.passes() == ["RECOVERED marts/daily_revenue: the check blocks fails"]


def test_late_assets_are_told_and_the_first_look_at_freshness_is_not(small: Small) -> None:
    states = FreshnessState
    told = []
    for before, after in (
        (states.UNKNOWN, states.NOT_APPLICABLE),
        (states.UNKNOWN, states.PASS),
        (states.PASS, states.WARN),
        (states.WARN, states.FAIL),
        (states.FAIL, states.PASS),
    ):
        small.instance._report_runless_asset_event(
            FreshnessStateChange(
                key=dg.AssetKey(["marts", "daily_revenue"]),
                previous_state=before,
                new_state=after,
                state_change_timestamp=1.0,
            )
        )
        told.append(small.passes())
    late = "marts/daily_revenue is late"
    assert told == [[], [], [f"WARNING {late}"], [], [f"RECOVERED {late}"]]


def test_events_are_read_once_however_long_alerts_go_on(small: Small) -> None:
    small.works.fails = {"raw"}
    for _ in range(3):
        small.run("2024-01-01")
        small.ahead += timedelta(seconds=61)
        small.passes()
        small.passes()
    assert small.scene.store.read()[1][0].told.failures == 3
    cursor = Cursor.parse(small.scene.store.read()[0].cursor)
    small.ahead += timedelta(seconds=61)
    small.passes()
    small.ahead += timedelta(seconds=61)
    small.passes()
    settled = Cursor.parse(small.scene.store.read()[0].cursor)
    assert settled.low > cursor.low
    assert settled.seen == ()


def test_more_events_than_are_read_at_a_time_are_all_read(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert AT_A_TIME > 20
    monkeypatch.setattr("sales_assets.alerts.events.AT_A_TIME", 2)
    small.works.fails = {"raw"}
    for day in range(1, 8):
        small.run(f"2024-01-{day:02}")
    told = [title for _ in range(6) for title in small.passes()]
    assert len(told) == len(set(told)) == 7


def test_a_log_that_is_another_one_is_begun_at_its_end(small: Small) -> None:
    small.run("2024-01-01")
    small.ahead = timedelta(seconds=61)
    small.passes()
    small.ahead *= 2
    small.passes()
    small.instance.event_log_storage.wipe()
    small.works.fails = {"raw"}
    small.run("2024-01-01", only=[RAW])
    assert small.passes() == []
    small.run("2024-01-02", only=[RAW])
    assert len(small.passes()) == 1


def test_on_postgres_an_event_that_others_overtook_is_told_too(small_on_postgres: Small) -> None:
    small = small_on_postgres
    small.works.check = dg.AssetCheckResult(passed=False)
    small.run("2024-01-01")
    table, c = SqlEventLogStorageTable, SqlEventLogStorageTable.c
    storage = small.instance.event_log_storage
    with storage.index_connection() as connection:  # type: ignore[attr-defined]
        failed = (c.dagster_event_type == "ASSET_CHECK_EVALUATION") & c.event.contains("is_right")
        row = dict(connection.execute(sa.select(table).where(failed)).mappings().one())
        connection.execute(table.delete().where(c.id == row.pop("id")))
    engine = sa.create_engine(storage.postgres_url)  # type: ignore[attr-defined]
    late = engine.connect()
    late.execute(table.insert().values(row))  # it has its number, and nobody sees it
    small.works.check = dg.AssetCheckResult(passed=True)
    small.works.fails = {"raw"}
    small.run("2024-01-01")
    assert small.passes() == [f"ERROR {RAW} failed for 2024-01-01"]
    assert [small.passes(), small.passes()] == [[], []]
    late.commit()
    late.close()
    engine.dispose()
    assert small.passes() == ["ERROR marts/daily_revenue: the check is_right fails"]
    small.ahead = timedelta(seconds=61)
    assert small.passes() == []
    small.works.fails = set()
    small.run("2024-01-01")
    assert sorted(small.passes()) == [
        "RECOVERED marts/daily_revenue: the check is_right fails",
        f"RECOVERED {RAW} failed for 2024-01-01",
    ]
