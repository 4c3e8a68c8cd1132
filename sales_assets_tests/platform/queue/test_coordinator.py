"""What the coordinator marks runs with, whoever submits them and whatever they claim."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.storage.tags import (
    AUTOMATION_CONDITION_TAG,
    BACKFILL_ID_TAG,
    PRIORITY_TAG,
    REPOSITORY_LABEL_TAG,
    SCHEDULE_NAME_TAG,
    SENSOR_NAME_TAG,
)
from dagster._core.workspace.context import WorkspaceRequestContext

from sales_assets.errors import UsageError
from sales_assets.platform.access import Access
from sales_assets.platform.context import TeamRequestContext
from sales_assets.platform.people import Person
from sales_assets.platform.queue.coordinator import TeamRunCoordinator
from sales_assets.platform.queue.shares import BACKFILL_COST, UNIT, Lane
from sales_assets.platform.queue.stamps import LANE_TAG, START_TAG, place_of
from sales_assets.platform.teams import Teams
from sales_assets_tests.platform import small
from sales_assets_tests.platform.queue.real_queue import RealQueue, real_queue, teams_yaml

FORGED = {
    "team": "bees",
    "user": "boss@example.com",
    REPOSITORY_LABEL_TAG: "__repository__@bees",
    PRIORITY_TAG: "999999999",
    START_TAG: "-5",
    LANE_TAG: "first",
}
ANN: Any = SimpleNamespace(person=SimpleNamespace(name="ann@example.com"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "teams.yaml"
    file.write_text(teams_yaml({"ants": 1, "bees": 2}, {"ants": 3, "bees": 1}))
    return file


@pytest.fixture
def queue(file: Path) -> Iterator[RealQueue]:
    with real_queue(file, places=4) as queue:
        yield queue


def finish(queue: RealQueue, run_id: str) -> int:
    return -int(queue.tags(run_id)[PRIORITY_TAG])


def test_a_run_is_of_the_team_whose_code_it_is_whatever_it_claims(queue: RealQueue) -> None:
    tags = queue.tags(queue.submit("ants", FORGED, ANN))
    assert (tags["team"], tags["user"]) == ("ants", "ann@example.com")
    assert tags[REPOSITORY_LABEL_TAG] == "__repository__@ants"
    assert (tags[PRIORITY_TAG], tags[START_TAG]) == (str(-UNIT), "0")


def test_a_location_of_no_team_is_queued_all_the_same(queue: RealQueue) -> None:
    assert queue.tags(queue.submit("wasps", FORGED))["team"] == "none"


@pytest.mark.parametrize(
    ("tags", "user"),
    [
        ({SENSOR_NAME_TAG: "watch"}, "sensor:watch"),
        ({SENSOR_NAME_TAG: "eager", AUTOMATION_CONDITION_TAG: "true"}, "automation:eager"),
        ({SCHEDULE_NAME_TAG: "nightly"}, "schedule:nightly"),
        ({AUTOMATION_CONDITION_TAG: "true"}, "automation:default"),
        ({BACKFILL_ID_TAG: "gone"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_what_the_daemon_submits_is_marked_with_what_made_it(
    queue: RealQueue, tags: dict[str, str], user: str
) -> None:
    assert queue.tags(queue.submit("ants", FORGED | tags))["user"] == user


def test_a_person_is_the_user_even_of_a_run_that_claims_to_be_a_sensors(queue: RealQueue) -> None:
    run = queue.submit("ants", {SENSOR_NAME_TAG: "watch", BACKFILL_ID_TAG: "b"}, ANN)
    assert queue.tags(run)["user"] == "ann@example.com"


def test_who_asks_the_webserver_for_teams_is_the_user(queue: RealQueue) -> None:
    workspace = object.__new__(TeamRequestContext)
    teams = Teams.model_validate(yaml.safe_load(small.TEAMS))
    workspace.access = Access(teams, Person("ann@example.com", way="test"))
    run = queue.submit("ants", {SENSOR_NAME_TAG: "watch"}, workspace)
    assert queue.tags(run)["user"] == "ann@example.com"


def test_a_webserver_without_sign_in_tells_of_nobody(queue: RealQueue) -> None:
    workspace = object.__new__(WorkspaceRequestContext)
    workspace._source = object()
    run = queue.submit("ants", {SENSOR_NAME_TAG: "watch"}, workspace)
    assert queue.tags(run)["user"] == "unknown"


def test_runs_of_a_backfill_are_of_who_launched_it(queue: RealQueue) -> None:
    queue.instance.add_backfill(
        PartitionBackfill(
            backfill_id="all",
            status=BulkActionStatus.REQUESTED,
            from_failure=False,
            tags={"user": "ann@example.com"},
            backfill_timestamp=0.0,
        )
    )
    run = queue.submit("ants", {BACKFILL_ID_TAG: "all", "user": "boss@example.com"})
    assert queue.tags(run)["user"] == "ann@example.com"
    assert queue.tags(run)[LANE_TAG] == "backfill"


def backfill_of(queue: RealQueue, name: str, tags: dict[str, str]) -> dict[str, str]:
    """Ask for a backfill with these tags; those of its runs."""
    requested = PartitionBackfill(
        backfill_id=name,
        status=BulkActionStatus.REQUESTED,
        from_failure=False,
        tags=tags,
        backfill_timestamp=0.0,
    )
    queue.instance.add_backfill(requested)
    return {**tags, BACKFILL_ID_TAG: name}


def test_a_backfill_that_claims_to_be_a_sensors_is_of_who_launched_it(queue: RealQueue) -> None:
    claimed = backfill_of(queue, "all", {"user": "ann@example.com", SENSOR_NAME_TAG: "watch"})
    assert queue.tags(queue.submit("ants", claimed))["user"] == "ann@example.com"


def test_a_backfill_of_the_automation_is_its_own_whoever_it_names(queue: RealQueue) -> None:
    eager = {"user": "ann@example.com", SENSOR_NAME_TAG: "eager", AUTOMATION_CONDITION_TAG: "true"}
    run = queue.submit("ants", backfill_of(queue, "all", eager))
    assert queue.tags(run)["user"] == "automation:eager"


def test_a_sensor_s_run_is_not_of_who_launched_a_backfill_that_it_names(queue: RealQueue) -> None:
    backfill_of(queue, "all", {"user": "ann@example.com"})
    run = queue.submit("ants", {SENSOR_NAME_TAG: "watch", BACKFILL_ID_TAG: "all"})
    assert queue.tags(run)["user"] == "sensor:watch"


def test_what_repeats_a_run_by_itself_is_of_the_same_user(queue: RealQueue) -> None:
    first = queue.submit("ants", {}, ANN)
    copied = dict(queue.tags(first))
    again = queue.submit("ants", copied, parent_run_id=first, root_run_id=first)
    assert queue.tags(again)["user"] == "ann@example.com"
    assert queue.tags(again)[LANE_TAG] == "normal"


@pytest.mark.parametrize(
    ("wish", "lane"),
    [("1", "first"), ("9" * 30, "first"), ("0", "normal"), ("-1", "backfill"), ("x", "normal")],
)
def test_a_wish_orders_within_the_team(queue: RealQueue, wish: str, lane: str) -> None:
    assert queue.tags(queue.submit("ants", {PRIORITY_TAG: wish}))[LANE_TAG] == lane
    backfill = queue.submit("ants", {PRIORITY_TAG: wish, BACKFILL_ID_TAG: "all"})
    assert queue.tags(backfill)[LANE_TAG] == "backfill"


def test_a_wish_wins_no_turn_from_another_team(queue: RealQueue) -> None:
    """Who wishes each time stands where who wishes nothing does."""
    wishing = [queue.submit("ants", {PRIORITY_TAG: "100"}) for _ in range(5)]
    plain = [queue.submit("wasps") for _ in range(5)]
    assert [finish(queue, run) for run in wishing] == [finish(queue, run) for run in plain]


def test_a_run_is_put_into_the_queue_once(queue: RealQueue) -> None:
    run_id = queue.submit("ants")
    before = queue.tags(run_id)
    queue.instance.submit_run(run_id, queue.workspace)
    assert queue.tags(run_id) == before


def test_who_takes_runs_out_of_the_queue_is_not_held_back_for_them(queue: RealQueue) -> None:
    backfill = {BACKFILL_ID_TAG: "all"}
    runs = [queue.submit("ants", backfill) for _ in range(6)]
    for run in runs[1:]:
        queue.instance.run_coordinator.cancel_run(run)
    assert finish(queue, queue.submit("ants", backfill)) == 2 * BACKFILL_COST * UNIT


def test_after_a_rest_nobody_pays_for_what_they_had(queue: RealQueue) -> None:
    for _ in range(6):
        queue.submit("ants")
    while started := queue.dequeue():
        for run in started:
            queue.end(run)
    newcomer, regular = queue.submit("wasps"), queue.submit("ants")
    assert finish(queue, regular) - finish(queue, newcomer) <= UNIT


def test_the_limits_are_those_of_teams_yaml_as_it_is_now(queue: RealQueue, file: Path) -> None:
    for _ in range(4):
        queue.submit("bees")
    assert len(queue.dequeue()) == 1
    file.write_text(teams_yaml({"ants": 1, "bees": 2}, {"ants": 3, "bees": 3}))
    assert len(queue.dequeue()) == 2


def test_a_place_costs_the_same_in_a_long_queue(
    queue: RealQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows that are read for a submission, after few runs and after many."""
    read = 0
    storage: Any = queue.instance.run_storage
    fetch = storage.fetchall

    def counting(query: Any) -> Any:
        nonlocal read
        rows = list(fetch(query))
        read += len(rows)
        return rows

    monkeypatch.setattr(storage, "fetchall", counting)
    costs = []
    for _ in range(40):
        read = 0
        queue.submit("ants")
        costs.append(read)
    assert costs[-1] == costs[2]


def test_limits_of_dagster_yaml_beside_those_of_teams_yaml_are_refused(file: Path) -> None:
    with pytest.raises(UsageError, match=r"quota\.runs"):
        TeamRunCoordinator(str(file), tag_concurrency_limits=[{"key": "team", "limit": 1}])


def test_a_run_that_was_never_in_the_queue_has_no_place() -> None:
    assert place_of(dg.DagsterRun("load")) is None
    assert Lane("first").cost == 1
