"""Who gets Dagster's own objects, and what the scoped storages do on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.errors import DagsterRunNotFoundError
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus
from dagster._core.storage.dagster_run import RunsFilter
from dagster._core.workspace.workspace import CurrentWorkspace

from sales_assets.platform.access import Access
from sales_assets.platform.people import Person
from sales_assets.platform.scoping.census import census_of
from sales_assets.platform.scoping.closed import RefusedError
from sales_assets.platform.scoping.scoped import scoped, sight_of
from sales_assets_tests.platform.scoping.conftest import teams
from sales_assets_tests.platform.scoping.server import (
    ADMIN,
    MEMBER,
    OUTSIDER,
    TeamProcessContext,
)
from sales_assets_tests.platform.scoping.world import (
    BACKFILL_LOG,
    History,
    Places,
    instance_on,
    make_history,
)
from sales_assets_tests.platform.small import LOCATIONS
from sales_assets_tests.services import database

pytestmark = pytest.mark.long
EDITOR = "edith@example.com"


@dataclass(frozen=True)
class World:
    """An instance with three teams' history, and a workspace."""

    instance: dg.DagsterInstance
    workspace: CurrentWorkspace
    history: dict[str, History]

    def seen_by(self, person: str) -> dg.DagsterInstance:
        """The instance as a person sees it."""
        return scoped(self.instance, self.workspace, Access(teams(), Person(person)))[0]


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Three teams' history in a database of a kind."""
    home: Path = tmp_path_factory.mktemp("home")
    with (
        database(request.param, home / "unused.db") as address,
        instance_on(address, home) as instance,
        TeamProcessContext(instance, Places()) as context,
    ):
        history = {team: make_history(instance, context, team) for team in LOCATIONS}
        yield World(instance, context.get_current_workspace(), history)


def test_who_sees_everything_gets_dagsters_own_objects(world: World) -> None:
    assert world.seen_by(ADMIN) is world.instance
    assert world.seen_by(MEMBER) is world.instance
    assert sight_of(world.seen_by(OUTSIDER)) is not None


def test_lists_and_counts_of_runs_are_those_of_the_seen_alone(world: World) -> None:
    seen = world.seen_by(OUTSIDER)
    hidden = world.history["gamma"].runs
    open_runs = {run for team in ("alpha", "beta") for run in world.history[team].runs}
    assert {run.run_id for run in seen.get_runs()} == open_runs
    assert set(seen.get_run_ids()) == open_runs
    assert {record.dagster_run.run_id for record in seen.get_run_records()} == open_runs
    assert seen.get_runs_count() == len(open_runs)
    assert seen.get_run_by_id(hidden[0]) is None
    assert not seen.has_run(hidden[0])
    assert seen.get_runs_count(RunsFilter(run_ids=list(hidden))) == 0
    tag = {"dagster/code_location": "gamma"}
    assert seen.get_runs(RunsFilter(tags=tag)) == []
    with pytest.raises(DagsterRunNotFoundError):
        seen.get_run_group(hidden[0])


def test_pages_are_full_and_no_cursor_tells_of_a_hidden_run(world: World) -> None:
    seen = world.seen_by(OUTSIDER)
    first = seen.get_run_ids(limit=3)
    assert len(first) == 3
    assert len(seen.get_run_ids(cursor=first[-1], limit=3)) == 1
    hidden = world.history["gamma"].runs[0]
    assert seen.get_run_ids(cursor=hidden) == seen.get_run_ids(cursor="no-such-run") == []


def test_tags_backfills_ticks_and_states_are_those_of_the_seen_alone(world: World) -> None:
    seen = world.seen_by(OUTSIDER)
    gamma = world.history["gamma"]
    tags = dict(seen.get_run_tags(["dagster/code_location", "asked_by"]))
    assert tags["dagster/code_location"] == {"alpha", "beta"}
    assert seen.get_run_tags(["dagster/code_location"], value_prefix="ga") == []
    assert [one.backfill_id for one in seen.get_backfills(limit=1)] == ["backfill-of-beta"]
    assert seen.get_backfills_count() == 2
    assert seen.get_backfills(cursor=gamma.backfill) == []
    assert seen.get_backfill(gamma.backfill) is None
    named = {
        one.origin.repository_origin.code_location_origin.location_name
        for one in seen.all_instigator_state()
    }
    assert named == {"alpha", "beta"}
    storage = seen.schedule_storage
    assert storage is not None
    assert storage.get_ticks_by_ids([gamma.tick]) == []
    assert len(storage.get_ticks_by_ids([world.history["alpha"].tick])) == 1


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "filters",
    [
        None,
        BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED]),
        BulkActionsFilter(backfill_ids=["backfill-of-alpha", "backfill-of-gamma"]),
    ],
)
def test_pages_of_backfills_are_those_of_an_installation_without_the_hidden(
    world: World, filters: BulkActionsFilter | None, limit: int
) -> None:
    seen = world.seen_by(OUTSIDER)
    whole = world.instance.get_backfills(filters)
    walked: list[str] = []
    while page := seen.get_backfills(filters, walked[-1] if walked else None, limit):
        before = len(walked)
        walked += [one.backfill_id for one in page]
        if len(page) < limit:
            break
        assert len(walked) == before + limit
    hidden = world.history["gamma"].backfill
    assert walked == [one.backfill_id for one in whole if one.backfill_id != hidden]


@pytest.mark.parametrize("limit", [1, 2, 3, 100, None])
@pytest.mark.parametrize("prefix", [None, ["beta"], ["gamma"]])
def test_pages_of_asset_keys_are_those_of_an_installation_without_the_hidden(
    world: World, prefix: list[str] | None, limit: int | None
) -> None:
    seen, walked = world.seen_by(OUTSIDER), list[dg.AssetKey]()
    while page := seen.get_asset_keys(prefix, limit, walked[-1].to_string() if walked else None):
        walked += page
        if limit is None or len(page) < limit:
            break
    whole = world.instance.get_asset_keys(prefix)
    assert walked == [key for key in whole if key.path[0] != "gamma"]
    assert bool(whole)


def test_assets_partitions_and_pools_are_those_of_the_seen_alone(world: World) -> None:
    seen = world.seen_by(OUTSIDER)
    assert {key.path[0] for key in seen.all_asset_keys()} == {"alpha", "beta"}
    assert len(seen.get_asset_keys(limit=2)) == 2
    orders = dg.AssetKey(["gamma", "orders"])
    assert not seen.has_asset_key(orders)
    assert seen.get_asset_records([orders]) == []
    assert seen.fetch_materializations(orders, limit=5).records == []
    assert seen.get_dynamic_partitions("gamma_regions") == []
    assert seen.get_dynamic_partitions("alpha_regions") == ["north_of_alpha"]
    assert seen.event_log_storage.get_concurrency_keys() == {"alpha_pool", "beta_pool"}
    assert seen.event_log_storage.get_concurrency_info("gamma_pool").slot_count == 0
    assert len(seen.event_log_storage.get_concurrency_info("alpha_pool").claimed_slots) == 1


def test_nothing_hidden_can_be_changed_and_what_is_seen_can(world: World) -> None:
    seen = world.seen_by(OUTSIDER)
    gamma, alpha = world.history["gamma"], world.history["alpha"]
    for change in (
        lambda: seen.run_storage.add_run_tags(gamma.runs[0], {"a": "b"}),
        lambda: seen.run_storage.delete_run(gamma.runs[0]),
        lambda: seen.add_dynamic_partitions("gamma_regions", ["south"]),
        lambda: seen.event_log_storage.wipe_asset(dg.AssetKey(["gamma", "orders"])),
        lambda: seen.report_runless_asset_event(
            dg.AssetMaterialization(dg.AssetKey(["gamma", "orders"]))
        ),
        lambda: seen.event_log_storage.set_concurrency_slots("alpha_pool", 9),
        seen.wipe,
    ):
        with pytest.raises(RefusedError):
            change()
    seen.add_run_tags(alpha.runs[0], {"note": "mine"})
    assert world.instance.get_run_by_id(alpha.runs[0]).tags["note"] == "mine"  # type: ignore[union-attr]
    seen.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(["alpha", "pooled"])))
    assert world.instance.has_asset_key(dg.AssetKey(["alpha", "pooled"]))
    run = world.instance.get_run_by_id(alpha.runs[0])
    assert run is not None
    again = seen.create_run_for_job(_job("load"), tags={}, remote_job_origin=run.remote_job_origin)
    assert seen.get_run_by_id(again.run_id) is not None
    assert seen.get_job_snapshot(str(again.job_snapshot_id)) is not None
    world.instance.delete_run(again.run_id)


def _job(name: str) -> dg.JobDefinition:
    from sales_assets_tests.platform.scoping import places

    return places.alpha.resolve_job_def(name)


def test_what_is_of_a_code_location_or_team_that_is_gone_is_the_administrators(
    world: World,
) -> None:
    without = {
        name: entry
        for name, entry in world.workspace.code_location_entries.items()
        if name != "gamma"
    }
    gone = CurrentWorkspace(without)
    data = teams().model_copy(
        update={"teams": {name: team for name, team in teams().teams.items() if name != "gamma"}}
    )
    census_of(world.instance).forget()
    seen, _ = scoped(world.instance, gone, Access(data, Person(OUTSIDER)))
    assert sight_of(seen) is not None
    assert seen.get_run_by_id(world.history["gamma"].runs[0]) is None
    assert {key.path[0] for key in seen.all_asset_keys()} == {"alpha", "beta"}
    assert scoped(world.instance, gone, Access(data, Person(ADMIN)))[0] is world.instance


def test_captured_logs_are_read_of_what_is_seen_and_by_no_way_around(world: World) -> None:
    seen = world.seen_by(OUTSIDER).compute_log_manager
    alpha, gamma = world.history["alpha"], world.history["gamma"]
    assert b"figure of alpha" in (seen.get_log_data(alpha.log_key).stdout or b"")
    assert seen.get_log_data(alpha.tick_log_key).stderr == b"the tick of alpha\n"
    for key in (
        gamma.log_key,
        (alpha.runs[1], "..", *gamma.log_key),
        (alpha.runs[1], f"../{'/'.join(gamma.log_key)}"),
        gamma.tick_log_key,
        (*alpha.tick_log_key[:2], gamma.tick_log_key[2]),
        ("elsewhere", *alpha.tick_log_key[1:]),
        (*alpha.tick_log_key[:2], f"0{alpha.tick_log_key[2]}"),
        ("backfill", gamma.backfill, BACKFILL_LOG),
        (),
    ):
        assert seen.get_log_data(key).stdout is None
        assert seen.get_log_data(key).stderr is None
        assert seen.get_log_metadata(key).stdout_location is None
