"""Tags, and the runs that a launch comes from: what a caller may give, and what the UI sends."""

from __future__ import annotations

from typing import Any

import pytest

from sales_assets.platform.queue.stamps import LANE_TAG
from sales_assets_tests.platform.operations import is_denied
from sales_assets_tests.platform.team_server import ROOT, TeamServer

pytestmark = pytest.mark.long
LAUNCHER, ADMIN = "lars@example.com", "anna@example.com"


def _launched(server: TeamServer, user: str, **metadata: Any) -> tuple[bool, dict[str, str]]:
    """Whether a launch in alpha was refused, and the tags of its run."""
    params = server.place("alpha").job(executionMetadata=metadata)
    answer = server.do(user, "launchRun", {"executionParams": params})
    if is_denied(answer):
        return True, {}
    run = server.instance.get_run_by_id(answer["data"]["launchRun"]["run"]["runId"])
    assert run
    return False, dict(run.tags)


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("user", ADMIN),
        ("team", "beta"),
        (".dagster/repository", "__repository__@beta"),
        (".dagster/run_metrics", "true"),
        ("dagster/code_location", "beta"),
        ("dagster/priority", "1000"),
        ("dagster/priority", "high"),
        ("dagster/priority", "²"),
        ("dagster/priority", "--5"),
        ("dagster/priority", "\u0665"),
        ("dagster/priority", "5\n"),
        ("dagster/max_retries", "100000"),
        ("dagster/backfill", "abcdefgh"),
        ("dagster/run_key", "1"),
        ("dagster/image", "evil"),
        ("dagster/made_up", "1"),
        ("dagster-k8s/config", "{}"),
        ("dagster-celery/queue", "others"),
        ("ecs/cpu", "4096"),
    ],
)
def test_a_reserved_tag_is_refused_in_every_mutation_that_takes_tags(
    server: TeamServer, key: str, value: str
) -> None:
    place, tags = server.place("alpha"), _tags({key: value})
    params = place.job(executionMetadata={"tags": tags})
    again = {"parentRunId": place.run(), "strategy": "ALL_STEPS", "extraTags": tags}
    backfill = {"assetSelection": [place.key()], "partitionNames": ["2026-01-01"], "tags": tags}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("launchRun", {"executionParams": params}),
        ("launchPipelineExecution", {"executionParams": params}),
        ("launchMultipleRuns", {"executionParamsList": [place.job(), params]}),
        ("launchRunReexecution", {"executionParams": params}),
        ("launchRunReexecution", {"reexecutionParams": again}),
        ("launchPartitionBackfill", {"backfillParams": backfill}),
    ]
    for name, variables in calls:
        assert is_denied(server.do(LAUNCHER, name, variables)), name


def test_tags_that_the_ui_sends_are_taken_and_who_launches_is_noted(server: TeamServer) -> None:
    sent = {
        "dagster/from_ui": "true",
        "dagster/preset_name": "default",
        "dagster/solid_selection": "work",
        "dagster/partition": "2026-01-01",
        "dagster/partition/region": "north",
        "dagster/partition_set": "load_partition_set",
        "dagster/asset_partition_range_start": "2026-01-01",
        "dagster/asset_partition_range_end": "2026-01-02",
        "dagster/sensor_name": "watch",
        "dagster/priority": "-5",
        "dagster/max_retries": "2",
        "purpose": "of_alpha",
        "mine": "yes",
    }
    refused, tags = _launched(server, LAUNCHER, tags=_tags(sent))
    assert not refused
    assert (sent.keys() <= tags.keys(), tags[LANE_TAG]) == (True, "backfill"), "it may wish so"
    del sent["dagster/priority"]
    assert sent.items() <= tags.items()
    assert (tags["user"], tags["team"]) == (LAUNCHER, "alpha")


def test_executing_again_as_the_ui_does_repeats_tags_but_not_who(server: TeamServer) -> None:
    place = server.place("alpha")
    first = server.do(ADMIN, "launchRun", {"executionParams": place.job()})
    run_id = first["data"]["launchRun"]["run"]["runId"]
    query = """query R($id: ID!) { runOrError(runId: $id) { ... on Run { tags { key value } } } }"""
    shown = server.ask(LAUNCHER, query, {"id": run_id})["data"]["runOrError"]["tags"]
    assert {"user", "dagster/code_location"} <= {tag["key"] for tag in shown}
    more = {"dagster/parent_run_id": run_id, "dagster/root_run_id": run_id}
    metadata = {"parentRunId": run_id, "rootRunId": run_id, "tags": [*shown, *_tags(more)]}
    params = place.job(executionMetadata=metadata)
    again = {"parentRunId": run_id, "strategy": "ALL_STEPS", "extraTags": shown}
    for variables in (
        {"executionParams": params},
        {"reexecutionParams": {**again, "useParentRunTags": False}},
        {"reexecutionParams": {"parentRunId": run_id, "strategy": "ALL_STEPS"}},
    ):
        answer = server.do(LAUNCHER, "launchRunReexecution", variables)
        made = answer["data"]["launchRunReexecution"]
        assert made["__typename"] == "LaunchRunSuccess", made
        run = server.instance.get_run_by_id(made["run"]["runId"])
        assert run
        assert run.tags["user"] == LAUNCHER
        assert run.parent_run_id == run_id


def test_a_run_is_executed_again_though_the_first_one_is_deleted(server: TeamServer) -> None:
    place = server.place("alpha")
    ids = [place.run()]
    for _ in range(2):
        again = {"parentRunId": ids[-1], "strategy": "ALL_STEPS"}
        answer = server.do(LAUNCHER, "launchRunReexecution", {"reexecutionParams": again})
        ids.append(answer["data"]["launchRunReexecution"]["run"]["runId"])
    for run_id in ids[:2]:
        server.do(ADMIN, "deleteRun", {"runId": run_id})
    last = server.instance.get_run_by_id(ids[2])
    assert last
    shown = {key: value for key, value in last.tags.items() if not key.startswith(".")}
    tags = [*_tags(shown), *_tags({"dagster/parent_run_id": ids[2]})]
    metadata = {"parentRunId": ids[2], "rootRunId": ids[0], "tags": tags}
    assert shown["dagster/root_run_id"] == ids[0]
    calls: list[dict[str, Any]] = [
        {"executionParams": place.job(executionMetadata=metadata)},
        {
            "reexecutionParams": {
                "parentRunId": ids[2],
                "strategy": "ALL_STEPS",
                "extraTags": _tags(shown),
                "useParentRunTags": False,
            }
        },
    ]
    for variables in calls:
        answer = server.do(LAUNCHER, "launchRunReexecution", variables)
        assert answer["data"]["launchRunReexecution"]["__typename"] == "LaunchRunSuccess", answer


@pytest.mark.parametrize("location", ["beta", "gamma", None])
def test_a_run_cannot_come_from_one_that_is_not_the_callers(
    server: TeamServer, location: str | None
) -> None:
    foreign = server.place(location).run() if location else "11111111-1111-1111-1111-111111111111"
    own = server.place("alpha").run()
    for metadata in (
        {"parentRunId": foreign, "rootRunId": own},
        {"parentRunId": own, "rootRunId": foreign},
        {"tags": _tags({"dagster/parent_run_id": foreign})},
        {"tags": _tags({"dagster/root_run_id": foreign})},
    ):
        assert _launched(server, LAUNCHER, **metadata)[0], metadata
        params = server.place("alpha").job(executionMetadata=metadata)
        answer = server.do(LAUNCHER, "launchRunReexecution", {"executionParams": params})
        assert is_denied(answer)
    again = {"parentRunId": foreign, "strategy": "ALL_STEPS"}
    assert is_denied(server.do(LAUNCHER, "launchRunReexecution", {"reexecutionParams": again}))


def test_a_run_id_cannot_be_chosen(server: TeamServer) -> None:
    params = server.place("alpha").job(executionMetadata={"runId": "mine"})
    answer = server.do(ROOT, "launchRun", {"executionParams": params})
    assert "runId" in answer["errors"][0]["message"]


@pytest.mark.parametrize("key", ["dagster/sensor_name", "dagster/schedule_name"])
def test_a_backfill_is_no_ticks(server: TeamServer, key: str) -> None:
    place, tags = server.place("alpha"), _tags({key: "watch"})
    backfill = {"assetSelection": [place.key()], "partitionNames": ["2026-01-01"], "tags": tags}
    assert is_denied(server.do(LAUNCHER, "launchPartitionBackfill", {"backfillParams": backfill}))
    again = {"parentRunId": place.ended_backfill(), "strategy": "ALL_STEPS", "extraTags": tags}
    answer = server.do(LAUNCHER, "reexecutePartitionBackfill", {"reexecutionParams": again})
    assert is_denied(answer)


@pytest.mark.parametrize("location", ["alpha", "beta", "gamma"])
@pytest.mark.parametrize("key", ["dagster/parent_run_id", "dagster/root_run_id"])
def test_the_runs_of_a_backfill_join_no_other_runs_group(
    server: TeamServer, key: str, location: str
) -> None:
    """They would use up that run's retries, which may be another team's."""
    place, tags = server.place("alpha"), _tags({key: server.place(location).run()})
    of_job = {"partitionSetName": "load", "repositorySelector": place.repository}
    for what in ({"assetSelection": [place.key()]}, {"selector": of_job}):
        backfill = {**what, "partitionNames": ["2026-01-01"], "tags": tags}
        answer = server.do(LAUNCHER, "launchPartitionBackfill", {"backfillParams": backfill})
        assert is_denied(answer), what
    again = {"parentRunId": place.ended_backfill(), "strategy": "ALL_STEPS", "extraTags": tags}
    answer = server.do(LAUNCHER, "reexecutePartitionBackfill", {"reexecutionParams": again})
    assert is_denied(answer)


def test_a_backfill_is_taken_with_the_tags_that_the_ui_sends(server: TeamServer) -> None:
    sent = _tags({"dagster/from_ui": "true", "dagster/priority": "-5", "mine": "yes"})
    keys = [server.place("alpha").key()]
    backfill = {"assetSelection": keys, "partitionNames": ["2026-01-01"], "tags": sent}
    answer = server.do(LAUNCHER, "launchPartitionBackfill", {"backfillParams": backfill})
    assert answer["data"]["launchPartitionBackfill"]["__typename"] == "LaunchBackfillSuccess"
