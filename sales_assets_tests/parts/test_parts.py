"""What each code location holds, and that together they are the one that holds everything."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.assets.keys import BACKFILL
from sales_assets.automation.landing import LAYERS
from sales_assets.build import build_definitions
from sales_assets.errors import UsageError
from sales_assets.parts.backfills import own_policy
from sales_assets.platform.options import Part
from sales_assets.settings import Settings

TEAMS = ("global", "retail")
SOURCES = {"global": "global_sales", "retail": "pizzaplace"}
REVENUE = {dg.AssetKey([team, source, "revenue"]) for team, source in SOURCES.items()}


@cache
def part(name: str) -> dg.Definitions:
    """The definitions of everything, of a team's sources, or of what is shared."""
    if name in TEAMS:
        return build_definitions(Settings(part=Part.SOURCES, team=name))
    return build_definitions(Settings(part=Part(name)))


def made(name: str) -> set[dg.AssetKey]:
    return set(part(name).resolve_asset_graph().materializable_asset_keys)


def checks(name: str) -> set[dg.AssetCheckKey]:
    return set(part(name).resolve_asset_graph().asset_check_keys)


def spec(name: str, key: dg.AssetKey) -> dg.AssetSpec:
    return next(one for one in part(name).resolve_all_asset_specs() if one.key == key)


def names(name: str) -> tuple[set[str], set[str]]:
    """Of the sensors and of the schedules."""
    repository = part(name).get_repository_def()
    return (
        {sensor.name for sensor in repository.sensor_defs},
        {schedule.name for schedule in repository.schedule_defs},
    )


@pytest.mark.parametrize("team", TEAMS)
def test_a_team_s_location_makes_its_own_sources_alone(team: str) -> None:
    assert made(team) == {dg.AssetKey([team, SOURCES[team], layer]) for layer in LAYERS}
    assert part(team).resolve_asset_graph().external_asset_keys == set()
    assert {key.asset_key.path[0] for key in checks(team)} == {team}
    assert names(team) == ({"landing_zone", "heal"}, {"daily", "deliveries"})


def test_the_shared_location_only_reads_the_revenue_of_the_teams() -> None:
    graph = part("shared").resolve_asset_graph()
    assert graph.external_asset_keys == REVENUE
    assert {key.path[0] for key in made("shared")} == {
        *("rates", "staging", "core", "marts", "reports", "platform"),
    }
    assert {key.asset_key for key in checks("shared")} <= made("shared")
    sensors = {"alerts", "exchange_rates", "heal", "marts_automation"}
    assert names("shared") == (sensors, {"prune", "costs"})


def test_the_parts_together_make_everything_and_nothing_twice() -> None:
    every = [*TEAMS, "shared"]
    assert set().union(*map(made, every)) == made("everything")
    assert sum(map(len, map(made, every))) == len(made("everything"))
    assert set().union(*map(checks, every)) == checks("everything")
    assert sum(map(len, map(checks, every))) == len(checks("everything"))
    for kind in (0, 1):
        assert set().union(*(names(one)[kind] for one in every)) == names("everything")[kind]


def test_an_asset_is_in_its_part_what_it_is_in_everything() -> None:
    for name in (*TEAMS, "shared"):
        for key in made(name) - {dg.AssetKey(["rates", "exchange_rates"])}:
            assert spec(name, key) == spec("everything", key)


def test_the_days_are_the_same_in_all_parts() -> None:
    found = {
        one.partitions_def
        for name in (*TEAMS, "shared", "everything")
        for one in part(name).resolve_all_asset_specs()
        if one.partitions_def
    }
    assert len(found) == 1


def test_what_is_read_has_the_days_the_group_and_the_owners_of_its_own_location() -> None:
    for key in REVENUE:
        own, read = spec("everything", key), spec("shared", key)
        for attribute in ("partitions_def", "group_name", "owners", "kinds", "description"):
            assert getattr(read, attribute) == getattr(own, attribute)
        assert read.automation_condition is None
        assert read.freshness_policy is None


@pytest.mark.parametrize(("team", "year"), [("retail", 2015), ("global", 2021)])
def test_no_run_of_a_team_asks_for_what_another_location_makes(team: str, year: int) -> None:
    repository = part(team).get_repository_def()
    context = dg.build_schedule_context(
        scheduled_execution_time=datetime(year, 3, 2, 6, tzinfo=UTC), repository_def=repository
    )
    [request] = repository.get_schedule_def("daily").evaluate_tick(context).run_requests or []
    assert set(request.asset_selection or ()) == made(team)


def test_rates_are_made_by_themselves_where_no_source_asks_for_them() -> None:
    rates = dg.AssetKey(["rates", "exchange_rates"])
    assert spec("everything", rates).automation_condition is None
    assert spec("shared", rates).automation_condition is not None
    sensor = part("shared").get_repository_def().get_sensor_def("marts_automation")
    assert isinstance(sensor, dg.AutomationConditionSensorDefinition)
    assert rates in sensor.asset_selection.resolve(part("shared").resolve_asset_graph())


def test_backfills_of_different_locations_share_no_run() -> None:
    def policies(name: str) -> set[dg.BackfillPolicy]:
        graph = part(name).resolve_asset_graph()
        found = {graph.get(key).backfill_policy for key in made(name)}
        return {policy for policy in found if policy is not None}

    assert policies("everything") == {BACKFILL}
    for name in (*TEAMS, "shared"):
        assert policies(name) == {own_policy(name)}
    limits = {own_policy(name).max_partitions_per_run or 0 for name in (*TEAMS, "shared")}
    assert len(limits) == 3
    assert all(1_000_000 <= limit < 2**31 for limit in limits)


def test_a_team_that_no_contract_names_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"TEAM=finance: no contract in .* there are global, ret"):
        build_definitions(Settings(part=Part.SOURCES, team="finance"))


def test_commands_about_a_whole_installation_refuse_a_part(tmp_path: Path) -> None:
    from sales_assets.materialize import Materializer

    with pytest.raises(UsageError, match="SALES_ASSETS_PART=shared: this command is about a whole"):
        Materializer(Settings(home=tmp_path, part=Part.SHARED))


@pytest.mark.parametrize("name", [*TEAMS, "shared"])
def test_each_location_heals_what_it_makes_and_nothing_of_others(name: str) -> None:
    [heal] = [one for one in part(name).sensors or () if one.name == "heal"]
    assert isinstance(heal, dg.SensorDefinition)
    assert heal.asset_selection is not None
    graph = part(name).resolve_asset_graph()
    assert heal.asset_selection.resolve(graph) <= made(name)
