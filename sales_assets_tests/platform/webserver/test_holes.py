"""What Dagster's permissions leave open, tried as an attacker would."""

from __future__ import annotations

from typing import Any

import pytest
from dagster._core.scheduler.instigation import InstigatorStatus

from sales_assets_tests.platform.operations import compound, is_denied
from sales_assets_tests.platform.team_server import ROOT, TeamServer

pytestmark = pytest.mark.long
LAUNCHER, EDITOR, ADMIN = "lars@example.com", "edith@example.com", "anna@example.com"


def _status(server: TeamServer, selector_id: str) -> set[InstigatorStatus]:
    states = server.instance.all_instigator_state()
    return {state.status for state in states if state.selector_id == selector_id}


@pytest.mark.parametrize(
    ("kind", "start", "stop", "argument", "ids"),
    [
        ("sensor", "startSensor", "stopSensor", "sensorSelector", ("jobOriginId", "jobSelectorId")),
        (
            "schedule",
            "startSchedule",
            "stopRunningSchedule",
            "scheduleSelector",
            ("scheduleOriginId", "scheduleSelectorId"),
        ),
    ],
)
def test_ids_of_two_things_stop_neither(
    server: TeamServer, kind: str, start: str, stop: str, argument: str, ids: tuple[str, str]
) -> None:
    alpha, beta = server.place("alpha"), server.place("beta")
    own = getattr(alpha, f"{kind}_ids")()
    foreign = getattr(beta, f"{kind}_ids")()
    server.do(ROOT, start, {argument: getattr(beta, kind)()})
    forged = compound(own[0], foreign[1])
    for variables in (
        {"id": forged},
        {ids[0]: forged},
        {ids[0]: own[0], ids[1]: foreign[1]},
        {ids[0]: foreign[0], ids[1]: own[1]},
        {"id": compound(*foreign)},
        {"id": compound("0" * 40, foreign[1])},
    ):
        assert is_denied(server.do(EDITOR, stop, variables)), variables
    assert _status(server, foreign[1]) == {InstigatorStatus.RUNNING}
    assert not is_denied(server.do("bella@example.com", stop, {"id": compound(*foreign)}))
    assert _status(server, foreign[1]) == {InstigatorStatus.STOPPED}


@pytest.mark.parametrize("kind", ["sensor", "schedule"])
def test_what_runs_since_another_code_server_is_stopped_by_its_own_team_alone(
    server: TeamServer, kind: str
) -> None:
    """The state keeps the origin that it began with; each deployment gives a new one."""
    start, stop = {
        "sensor": ("startSensor", "stopSensor"),
        "schedule": ("startSchedule", "stopRunningSchedule"),
    }[kind]
    alpha = server.place("alpha")
    _, selector_id = getattr(alpha, f"{kind}_ids")()
    server.do(ROOT, start, {f"{kind}Selector": getattr(alpha, kind)()})
    before = {"id": compound("0" * 40, selector_id)}
    for other in ("bella@example.com", LAUNCHER):
        assert is_denied(server.do(other, stop, before))
    assert _status(server, selector_id) == {InstigatorStatus.RUNNING}
    assert not is_denied(server.do(EDITOR, stop, before))
    assert _status(server, selector_id) == {InstigatorStatus.STOPPED}


def test_of_several_things_one_that_is_not_the_callers_stops_all(server: TeamServer) -> None:
    alpha, beta = server.place("alpha"), server.place("beta")
    own, foreign = alpha.run(), beta.run()
    policy = "MARK_AS_CANCELED_IMMEDIATELY"
    variables = {"runIds": [own, foreign], "terminatePolicy": policy}
    assert is_denied(server.do(LAUNCHER, "terminateRuns", variables))
    both = {"executionParamsList": [alpha.job(), beta.job()]}
    assert is_denied(server.do(LAUNCHER, "launchMultipleRuns", both))
    ranges = [{"assetKey": alpha.key("totals")}, {"assetKey": beta.key("totals")}]
    assert is_denied(server.do(ADMIN, "wipeAssets", {"assetPartitionRanges": ranges}))
    for run_id in (own, foreign):
        run = server.instance.get_run_by_id(run_id)
        assert run
        assert run.status.value == "QUEUED"


@pytest.mark.parametrize("form", ["keys", "ranges", "job and keys"])
def test_a_backfill_of_anothers_assets_is_refused(server: TeamServer, form: str) -> None:
    alpha, beta = server.place("alpha"), server.place("beta")
    keys: dict[str, Any] = {"assetSelection": [alpha.key(), beta.key()]}
    keys["partitionNames"] = ["2026-01-01"]
    only = {"range": {"start": "2026-01-01", "end": "2026-01-01"}}
    params: dict[str, Any] = {
        "keys": keys,
        "ranges": {
            "partitionsByAssets": [
                {"assetKey": one["assetKey"], "partitions": only}
                for one in ({"assetKey": alpha.key()}, {"assetKey": beta.key()})
            ]
        },
        "job and keys": {
            **keys,
            "selector": {"partitionSetName": "load", "repositorySelector": alpha.repository},
        },
    }[form]
    assert is_denied(server.do(LAUNCHER, "launchPartitionBackfill", {"backfillParams": params}))
    assert not is_denied(server.do(ROOT, "launchPartitionBackfill", {"backfillParams": params}))


def test_a_backfill_does_not_bind_the_webserver(server: TeamServer) -> None:
    params = {
        "selector": {
            "partitionSetName": "load",
            "repositorySelector": server.place("alpha").repository,
        },
        "partitionNames": ["x"],
        "forceSynchronousSubmission": True,
    }
    assert is_denied(server.do(ROOT, "launchPartitionBackfill", {"backfillParams": params}))


def test_asset_jobs_are_launched_in_the_callers_location_alone(server: TeamServer) -> None:
    """Dagster asks for the right to the assets, whose location need not be the selector's."""
    alpha, beta = server.place("alpha"), server.place("beta")
    for where, keys in ((beta, [alpha.key("totals")]), (alpha, [beta.key("totals")])):
        selector = {**where.repository, "jobName": "__ASSET_JOB", "assetSelection": keys}
        answer = server.do(LAUNCHER, "launchRun", {"executionParams": {"selector": selector}})
        assert is_denied(answer)


def test_dynamic_partitions_of_another_team_are_not_reached_by_name(server: TeamServer) -> None:
    for other in ("beta", "gamma", "nobodys"):
        where = {
            "repositorySelector": server.place("alpha").repository,
            "partitionsDefName": f"{other}_regions",
        }
        for name, more in (
            ("addDynamicPartition", {"partitionKey": "made_up"}),
            ("deleteDynamicPartitions", {"partitionKeys": ["north"]}),
        ):
            answer = server.do(EDITOR, name, {**where, **more})
            assert is_denied(answer)
    assert not server.instance.has_dynamic_partition("beta_regions", "made_up")


def test_the_ui_is_told_which_role_is_missing(server: TeamServer) -> None:
    query = """{ workspaceOrError { ... on Workspace { locationEntries { name
        permissions { permission value disabledReason } } } } permissions { permission value } }"""
    data = server.ask(LAUNCHER, query)["data"]
    assert not any(one["value"] for one in data["permissions"])
    reasons = {
        (entry["name"], one["permission"]): one["disabledReason"]
        for entry in data["workspaceOrError"]["locationEntries"]
        for one in entry["permissions"]
        if not one["value"]
    }
    assert ("alpha", "launch_pipeline_execution") not in reasons
    assert reasons["alpha", "edit_sensor"] == (
        "You need the role editor of the team alpha; you have the role launcher."
    )
    assert reasons["beta", "edit_sensor"] == (
        "You need the role editor of the team beta; you have the role viewer."
    )


def test_dagster_yaml_is_shown_to_administrators_alone(server: TeamServer) -> None:
    query = "{ instance { hasInfo info } }"
    assert server.ask(ROOT, query)["data"]["instance"]["info"]
    assert server.ask(ADMIN, query)["data"]["instance"] == {"hasInfo": False, "info": None}


def test_every_alias_of_a_batch_is_bounded(server: TeamServer) -> None:
    calls = " ".join(f'a{n}: terminateRun(runId: "x") {{ __typename }}' for n in range(21))
    answer = server.ask(ROOT, f"mutation M {{ {calls} }}")
    assert "more than 20 mutations" in answer["errors"][0]["message"]


def test_a_query_tries_no_tick_for_who_may_not(server: TeamServer) -> None:
    """Dagster asks for no right there, though it runs the code and shows its configuration."""
    query = """query Q($schedule: ScheduleSelector!) {
      scheduleOrError(scheduleSelector: $schedule) { ... on Schedule { futureTicks(limit: 1) {
        results { timestamp evaluationResult { runRequests { runConfigYaml } } } } } } }"""
    variables = {"schedule": server.place("alpha").schedule()}
    for user in ("vera@example.com", LAUNCHER, "boris@example.com"):
        answer = server.ask(user, query, variables)
        assert "role editor" in answer["errors"][0]["message"], user
        ticks = answer["data"]["scheduleOrError"]["futureTicks"]["results"]
        assert [tick["evaluationResult"] for tick in ticks] == [None]
        assert ticks[0]["timestamp"]
    answer = server.ask(EDITOR, query, variables)
    ticks = answer["data"]["scheduleOrError"]["futureTicks"]["results"]
    assert ticks[0]["evaluationResult"]["runRequests"]
