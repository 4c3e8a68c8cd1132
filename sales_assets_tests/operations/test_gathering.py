"""What is late, failing, parked and costly, from real runs, ticks and ledger rows."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange

from sales_assets.operations.standing import Item, Level, Standing
from sales_assets_tests.harness import SHOP, Installation, drop
from sales_assets_tests.operations.scene import FIRST, Scene, scene

REFUSED = "order,sold_on\n1,2024-01-01\n"


def whats(items: tuple[Item, ...]) -> list[str]:
    return [f"{item.subject}: {item.what}" for item in items]


def test_before_anything_was_run_a_source_that_owes_nothing_yet_is_well(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    contract = tmp_path / SHOP.name
    begins = SHOP.read_text().replace("start: 2024-01-01, end: 2024-03-01", f"start: {today}")
    contract.write_text(begins)
    with Installation(tmp_path / "home", [contract]) as made:
        found = Scene(made).look()
        assert {one.team: one.is_well for one in found.teams} == {"analytics": True, "tests": True}
        assert found.to_do == 0
        assert not made.settings.warehouse_file.exists()


def test_a_drop_that_was_due_is_late_since_it_was_due_and_says_how_to_land_it(
    tmp_path: Path,
) -> None:
    with scene(tmp_path) as it:
        it.land("till", FIRST)
        [late] = it.team("tests").late
        assert whats((late,)) == ["tests/shop: no drop for 1 day: 2024-01-01"]
        assert late.since == datetime(2024, 1, 3, tzinfo=UTC)
        assert late.command == "sales-assets land FILE --source tests/shop"
        assert late.path == "assets/tests/shop/raw"


def test_a_day_that_has_a_drop_and_was_never_made_is_late_since_the_drop_came(
    tmp_path: Path,
) -> None:
    before = datetime.now(UTC)
    with scene(tmp_path) as it:
        it.land("till", FIRST)
        [late] = it.team("stalls").late
        assert whats((late,)) == ["stalls/till: 1 day due: 2024-01-01"]
        assert late.cause == "never made"
        assert late.since is not None
        assert abs(late.since - before).total_seconds() < 600
        assert late.command == "sales-assets materialize --missing --source stalls/till"
        assert it.run("till")
        assert it.team("stalls").late == ()


def test_a_day_that_its_own_sensor_has_just_seen_is_not_late_yet(tmp_path: Path) -> None:
    with scene(tmp_path, healing_patience_seconds=3600) as it:
        it.land("till", FIRST)
        assert it.team("stalls").is_well


def test_models_that_lack_a_day_are_late(tmp_path: Path) -> None:
    with scene(tmp_path) as it:
        it.land("till", FIRST)
        assert it.run("till")
        [late] = it.team("analytics").late
        assert whats((late,)) == ["models: 1 day due: 2024-01-01"]
        assert late.command == "sales-assets materialize --missing"


def test_assets_that_dagster_finds_late_are_told_together(tmp_path: Path) -> None:
    contract = tmp_path / SHOP.name
    today = datetime.now(UTC).date()
    promise = '{property: timeOfAvailability, value: "06:00+00:00"}'
    text = SHOP.read_text().replace("start: 2024-01-01, end: 2024-03-01", f"start: {today}")
    contract.write_text(text.replace("slaProperties:\n", f"slaProperties:\n  - {promise}\n"))
    with Installation(tmp_path / "home", [contract]) as made:
        for layer, state in (("raw", "FAIL"), ("staged", "WARN"), ("revenue", "PASS")):
            made.instance._report_runless_asset_event(
                FreshnessStateChange(
                    key=dg.AssetKey(["tests", "shop", layer]),
                    previous_state=FreshnessState.UNKNOWN,
                    new_state=FreshnessState(state),
                    state_change_timestamp=1000.0,
                )
            )
        [late] = Scene(made).team("tests").late
        assert whats((late,)) == ["tests/shop: not materialised in time: raw, staged"]
        assert late.since == datetime.fromtimestamp(1000, UTC)


def test_a_failed_run_is_told_once_with_and_without_alerts_until_it_was_made(
    tmp_path: Path,
) -> None:
    with scene(tmp_path) as it:
        it.tick("alerts")  # what was before the first pass is history
        it.land("shop", FIRST, REFUSED)
        assert not it.run("shop")
        [unseen] = it.team("tests").failing
        assert it.tick("alerts").startswith("1 opened")
        [seen] = it.team("tests").failing
        for told in (unseen, seen):
            assert told.what == "tests/shop/raw failed for 2024-01-01"
            assert "lacks 'item'" in told.cause
            assert told.command == (
                "sales-assets materialize --source shop --from 2024-01-01 --to 2024-01-01"
            )
            assert told.path.startswith("runs/")
            assert told.since is not None
        assert it.team("analytics").failing == ()
        assert it.team("stalls").failing == ()
        it.land("shop", FIRST)
        assert it.run("shop")
        it.tick("alerts")
        assert it.team("tests").failing == ()


def test_a_blocking_check_that_fails_is_told_once_and_not_its_run_too(tmp_path: Path) -> None:
    with scene(tmp_path) as it:
        it.tick("alerts")
        it.land("shop", FIRST, drop("1,2024-01-01,forbidden,ann,1.50"))
        assert not it.run("shop")
        before = it.team("tests").failing
        it.tick("alerts")
        after = it.team("tests").failing
        for [told] in (before, after):
            assert whats((told,)) == ["tests/shop/revenue: the check no_item_is_forbidden fails"]
            assert told.command
            assert told.path.endswith("checkDetail=no_item_is_forbidden")


def test_a_run_that_failed_on_days_that_are_right_is_told_too(tmp_path: Path) -> None:
    with scene(tmp_path) as it:
        it.land("till", FIRST)
        assert it.run("till")
        it.break_store()
        assert not it.run("till")
        [told] = it.team("stalls").failing
        assert "failed for 2024-01-01" in told.what


def test_a_run_that_died_before_its_checks_is_told_though_it_had_made_its_day(
    tmp_path: Path,
) -> None:
    with scene(tmp_path, healing_patience_seconds=0) as it:
        for _ in range(300):  # the numbers in the log of all runs are above those in a run's own
            it.made.instance.report_runless_asset_event(dg.AssetMaterialization("elsewhere"))
        it.land("shop", FIRST)
        assert it.run("shop")
        it.die_before_checks()
        told = it.team("tests").failing
        assert any(item.what.endswith(f"failed for {FIRST}") for item in told), whats(told)
        assert it.run("shop")
        assert it.team("tests").failing == ()


def test_parked_days_are_told_as_that_alone_with_what_unparks_them(tmp_path: Path) -> None:
    with scene(tmp_path) as it:
        it.tick("alerts")
        it.park("shop")
        it.tick("alerts")
        standing = it.team("tests")
        [parked] = standing.parked
        assert (parked.subject, parked.what) == ("tests/shop", FIRST)
        assert parked.attempts == it.made.settings.healing_attempts
        assert str(it.made.settings.object_folder) in parked.cause
        assert parked.command == "sales-assets heal --unpark tests/shop 2024-01-01"
        assert parked.path.startswith("runs/")
        assert parked.since is not None
        assert (standing.late, standing.failing) == ((), ())


def test_a_look_changes_nothing_that_healing_remembers(tmp_path: Path) -> None:
    with scene(tmp_path) as it:
        it.land("shop", FIRST, REFUSED)
        it.run("shop")
        state = it.made.resources["healing"]
        it.tick("heal")
        before = state.rows("tests/shop"), state.looked_at("tests/shop")
        for _ in range(3):
            it.look()
        assert (state.rows("tests/shop"), state.looked_at("tests/shop")) == before


def test_costs_are_those_of_the_month_against_the_team_s_budget(tmp_path: Path) -> None:
    with scene(tmp_path, teams=True) as it:
        for hours, layer in ((1, "raw"), (2, "revenue")):
            it.use("tests", hours, f"tests/shop/{layer}")
        it.use("stalls", 5, "stalls/till/raw")
        costs = it.team("tests").costs
        assert (costs.level, costs.money, costs.budget) == (Level.OVER, Decimal(3), Decimal(2))
        assert (costs.share, costs.currency) == (Decimal("1.5"), "EUR")
        assert [(one.asset, one.money) for one in costs.assets] == [
            ("tests/shop/revenue", Decimal(2)),
            ("tests/shop/raw", Decimal(1)),
        ]
        other = it.team("stalls")
        assert (other.costs.level, other.costs.money) == (Level.NO_BUDGET, Decimal(5))
        assert not Standing("tests", costs).is_well
        assert Standing("stalls", other.costs).is_well


@pytest.mark.parametrize(("hours", "level"), [(1, Level.WITHIN), (2, Level.NEAR), (3, Level.OVER)])
def test_a_budget_is_told_as_its_check_tells_it(tmp_path: Path, hours: int, level: Level) -> None:
    with scene(tmp_path, teams=True) as it:
        it.use("tests", hours, "tests/shop/raw")
        assert it.team("tests").costs.level is level


def test_without_prices_costs_are_cpu_seconds(tmp_path: Path) -> None:
    with scene(tmp_path) as it:
        it.use("tests", 1, "tests/shop/raw")
        costs = it.team("tests").costs
        assert (costs.cpu_seconds, costs.money, costs.currency) == (Decimal(3600), None, None)


def test_what_is_no_team_s_is_there_only_if_there_is_something(tmp_path: Path) -> None:
    with scene(tmp_path) as it:
        assert None not in {one.team for one in it.look().teams}
        it.use("", 1, "")
        assert it.team(None).costs.cpu_seconds == Decimal(3600)


def test_teams_of_the_file_own_by_the_beginning_of_a_key(tmp_path: Path) -> None:
    with scene(tmp_path, teams=True) as it:
        it.land("till", FIRST)
        assert it.run("till")
        assert [one.team for one in it.look().teams] == ["analytics", "stalls", "tests"]
        [models] = it.team("analytics").late
        assert models.subject == "models"
