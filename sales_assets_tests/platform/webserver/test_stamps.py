"""Whose the runs are that people launch through the webserver, as the queue marks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.storage.tags import BACKFILL_ID_TAG

from sales_assets.platform.context import TeamRequestContext
from sales_assets.platform.queue.stamps import LANE_TAG, Asked
from sales_assets_tests.platform.queue.real_queue import new_run
from sales_assets_tests.platform.team_server import TeamServer

pytestmark = pytest.mark.long
LAUNCHER, ADMIN = "lars@example.com", "anna@example.com"
AS_TYPED: type[Asked] = TeamRequestContext


def stamp(tags: Mapping[str, str]) -> tuple[str, str, str]:
    """The team, the user and the lane that a run is marked with."""
    return tags["team"], tags["user"], tags[LANE_TAG]


def tags_of(server: TeamServer, run_id: str) -> Mapping[str, str]:
    """The tags of a run as they are kept."""
    run = server.instance.get_run_by_id(run_id)
    assert run is not None
    return run.tags


def test_runs_that_a_person_launches_are_theirs(server: TeamServer) -> None:
    params = server.place("alpha").job()
    before = {run.run_id for run in server.instance.get_runs()}
    server.do(LAUNCHER, "launchRun", {"executionParams": params})
    server.do(LAUNCHER, "launchMultipleRuns", {"executionParamsList": [params, params]})
    made = [run for run in server.instance.get_runs() if run.run_id not in before]
    assert [stamp(run.tags) for run in made] == [("alpha", LAUNCHER, "normal")] * 3


def test_a_run_that_is_executed_again_is_of_who_did_that(server: TeamServer) -> None:
    params = server.place("alpha").job()
    first = server.do(ADMIN, "launchRun", {"executionParams": params})["data"]["launchRun"]
    again = {"parentRunId": first["run"]["runId"], "strategy": "ALL_STEPS"}
    answer = server.do(LAUNCHER, "launchRunReexecution", {"reexecutionParams": again})
    run_id = answer["data"]["launchRunReexecution"]["run"]["runId"]
    assert stamp(tags_of(server, run_id)) == ("alpha", LAUNCHER, "normal")


def test_the_runs_of_a_backfill_are_of_who_launched_it(server: TeamServer) -> None:
    params = {
        "assetSelection": [server.place("alpha").key()],
        "partitionNames": ["2026-01-01"],
    }
    answer = server.do(LAUNCHER, "launchPartitionBackfill", {"backfillParams": params})
    backfill_id = answer["data"]["launchPartitionBackfill"]["backfillId"]
    backfill = server.instance.get_backfill(backfill_id)
    assert backfill is not None
    run = new_run("alpha", {**backfill.tags, BACKFILL_ID_TAG: backfill_id})
    server.instance.add_run(run)
    daemon: Any = None  # whose workspace knows of nobody
    server.instance.run_coordinator.submit_run(SubmitRunContext(run, daemon))
    assert stamp(tags_of(server, run.run_id)) == ("alpha", LAUNCHER, "backfill")
