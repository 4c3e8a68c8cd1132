"""Assets and sources: freshness, and what the newest days came to."""

from __future__ import annotations

import time
from pathlib import Path

import dagster as dg
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange

from sales_assets.metrics.newest import newest_partition
from sales_assets.metrics.source_days import Figures, figures_of
from sales_assets_tests.harness import SHOP, Installation, drop
from sales_assets_tests.metrics.world import RAW, REVENUE, World, days_ago, labelled

TILL = {"team": "alpha", "source": "till"}
ROWS, NET = "sales_assets_source_day_rows", "sales_assets_source_day_net_revenue"
LAST = "sales_assets_asset_last_materialization_timestamp_seconds"
FRESHNESS = "sales_assets_asset_freshness_state"


def state(here: World, now: FreshnessState) -> None:
    here.instance._report_runless_asset_event(
        FreshnessStateChange(
            key=REVENUE,
            previous_state=FreshnessState.UNKNOWN,
            new_state=now,
            state_change_timestamp=time.time(),
        )
    )


def test_each_asset_tells_when_it_was_last_materialised(here: World) -> None:
    assert LAST not in here.read(), "nothing was yet"
    before = time.time()
    here.instance.report_runless_asset_event(dg.AssetMaterialization(RAW))
    first = here.read()[LAST][labelled(team="beta", asset="beta/raw")]
    assert before - 1 <= first <= time.time() + 1
    here.instance.report_runless_asset_event(dg.AssetObservation(RAW))
    assert here.read()[LAST][labelled(team="beta", asset="beta/raw")] == first
    here.instance.report_runless_asset_event(dg.AssetMaterialization(RAW))
    assert here.read()[LAST][labelled(team="beta", asset="beta/raw")] > first


def test_an_asset_whose_history_was_wiped_tells_nothing(here: World) -> None:
    here.day(days_ago(1), 2)
    assert LAST in here.read()
    here.instance.wipe_assets([REVENUE])
    found = here.read()
    assert LAST not in found
    assert ROWS not in found


def test_freshness_is_one_of_its_states(here: World) -> None:
    def told() -> dict[str, float]:
        return {
            dict(labels)["state"]: value
            for labels, value in here.read()[FRESHNESS].items()
            if dict(labels)["asset"] == "alpha/till/revenue"
        }

    here.instance.report_runless_asset_event(dg.AssetMaterialization(RAW))
    here.day(days_ago(1), 2)
    assert told() == {
        "PASS": 0, "WARN": 0, "FAIL": 0, "UNKNOWN": 1, "NOT_APPLICABLE": 0,
    }  # fmt: skip
    for now in (FreshnessState.FAIL, FreshnessState.PASS):
        state(here, now)
        assert [name for name, value in told().items() if value] == [now.value]
    told_of = {dict(labels)["asset"] for labels in here.read()[FRESHNESS]}
    assert told_of == {"alpha/till/revenue", "beta/raw"}, "not those that have no policy"


def test_a_source_tells_of_its_newest_seven_days_and_of_no_other(here: World) -> None:
    for back in range(1, 11):
        here.day(days_ago(back), accepted=back, rejected=1, net=f"{back}.25")
    found = here.read()
    for back in range(1, 8):
        day = days_ago(back).isoformat()
        assert found[ROWS][labelled(**TILL, day=day, outcome="accepted")] == back
        assert found[ROWS][labelled(**TILL, day=day, outcome="rejected")] == 1
        assert found[NET][labelled(**TILL, day=day, currency="EUR")] == back + 0.25
    assert len(found[ROWS]) == 14
    assert len(found[NET]) == 7


def test_a_day_that_is_restated_tells_its_new_figures(here: World) -> None:
    here.day(days_ago(1), 5)
    here.day(days_ago(2), 6)
    here.read()
    here.day(days_ago(2), 7, rejected=3)
    rows = here.read()[ROWS]
    days = [days_ago(back).isoformat() for back in (1, 2)]
    accepted = [rows[labelled(**TILL, day=day, outcome="accepted")] for day in days]
    assert accepted == [5, 7]
    assert rows[labelled(**TILL, day=days[1], outcome="rejected")] == 3


def test_the_newest_day_and_the_newest_with_revenue_are_told_apart(here: World) -> None:
    here.day(days_ago(4), 5)
    for back in (1, 2, 3):
        here.day(days_ago(back), 0)
    found = here.read()
    newest, sold = (
        found[f"sales_assets_source_{name}_timestamp_seconds"][labelled(**TILL)]
        for name in ("newest_day", "revenue_day")
    )
    assert newest - sold == 3 * 86_400
    assert 86_400 <= time.time() - newest < 2 * 86_400 + 60
    assert found["sales_assets_source_delivers"][labelled(**TILL)] == 1


def test_a_week_without_revenue_is_told_as_at_least_a_week(here: World) -> None:
    for back in range(1, 9):
        here.day(days_ago(back), 0)
    found = here.read()
    sold = found["sales_assets_source_revenue_day_timestamp_seconds"][labelled(**TILL)]
    assert time.time() - sold >= 8 * 86_400


def test_a_materialisation_without_figures_is_no_day(here: World) -> None:
    event = dg.AssetMaterialization(REVENUE, partition=days_ago(1).isoformat())
    here.instance.report_runless_asset_event(event)
    assert ROWS not in here.read()
    here.day(days_ago(2), 3)
    assert len(here.read()[ROWS]) == 2


def test_the_pipeline_tells_what_is_read_here(tmp_path: Path) -> None:
    with Installation(tmp_path / "home", [SHOP]) as shop:
        [contract] = shop.contracts.values()
        text = drop("1,2024-01-02,tea,ann,9.50", "2,2024-01-02,tea,bob,much")
        shop.write_drop(contract.source, "2024-01-02.csv", text)
        shop.materialize("2024-01-02", "2024-01-02", marts=False, rates=False)
        [key] = [
            key
            for key in shop.definitions.resolve_asset_graph().materializable_asset_keys
            if key.path[-1] == "revenue"
        ]
        event = shop.instance.get_latest_materialization_event(key)
        assert event is not None
        [currency] = {row[0] for row in shop.query("SELECT currency FROM main.revenue")}
        assert figures_of(event) == Figures(1, 1, {currency: 9.5})
        with shop.instance.event_log_storage.index_connection() as connection:  # type: ignore[attr-defined]
            assert newest_partition(connection, key) == "2024-01-02"
