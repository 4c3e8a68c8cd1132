"""Queries that make a code server run a team's code: found in Dagster's source, and refused."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import dagster_graphql
import pytest
from dagster._core.remote_representation.code_location import CodeLocation, GrpcServerCodeLocation
from dagster._core.workspace.context import BaseWorkspaceRequestContext

from sales_assets.platform.audit.entries import Outcome
from sales_assets.platform.code_calls import GuardedCodeCalls
from sales_assets_tests.platform.operations import REPOSITORY
from sales_assets_tests.platform.team_server import ROOT, TeamServer

LAUNCHER, EDITOR = "lars@example.com", "edith@example.com"
NOT_LAUNCHERS = ("olaf@example.com", "vera@example.com", "boris@example.com")
SECRET = "the computed secret of alpha"

OPEN = {"get_partition_names", "get_notebook_data"}
"""Questions of the context that take no role: pages are made of their answers."""
PAST_THE_CONTEXT = {
    ("schema/instigation.py", "resolve_evaluationResult", "get_schedule_execution_data"),
    ("schema/instigation.py", "resolve_evaluationResult", "get_sensor_execution_data"),
}
"""Calls that pass the context by, with a guard of their own."""


def _methods(kind: type, pattern: str) -> set[str]:
    """The public methods of a class in the source of which something is found."""
    source = inspect.getsource(kind)
    (body,) = ast.parse(source).body
    assert isinstance(body, ast.ClassDef)
    return {
        node.name
        for node in body.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and re.search(pattern, ast.unparse(node))
    }


def _of_locations() -> set[str]:
    """Methods of a code location that ask its server, by themselves or through private ones."""
    asking = r"_grpc\(|self\.client|subset_remote_job_result"
    found = _methods(CodeLocation, asking) | _methods(GrpcServerCodeLocation, asking)
    return found - {"cleanup", "get_current_runs"}


def _of_context() -> set[str]:
    """Methods of a request's context that ask a code server."""
    return _methods(BaseWorkspaceRequestContext, rf"\.({'|'.join(_of_locations())})\(")


def test_the_scan_knows_the_ways_to_a_code_server() -> None:
    assert {
        "get_execution_plan",
        "gen_subset_job",
        "get_partition_config",
        "get_sensor_execution_data",
        "get_notebook_data",
    } <= _of_locations()
    assert {"gen_job", "gen_execution_plan", "get_partition_tags"} <= _of_context()


def test_each_question_of_the_context_that_runs_code_takes_a_role() -> None:
    """One that Dagster adds has to be looked at: give it a role, or say here that it is open."""
    assert _of_context() - OPEN == {
        name for name in vars(GuardedCodeCalls) if name.startswith(("get_", "gen_"))
    }


def test_graphql_asks_a_code_server_past_the_context_where_that_is_guarded_alone() -> None:
    ways = _of_locations() - _of_context()
    root = Path(dagster_graphql.__file__).parent
    found = set()
    for file in root.rglob("*.py"):
        if file.is_relative_to(root / "test"):
            continue
        for function in ast.walk(ast.parse(file.read_text())):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and node.attr in ways:
                    found.add((str(file.relative_to(root)), function.name, node.attr))
    assert found == PAST_THE_CONTEXT


def test_graphql_asks_no_code_location_what_it_could_ask_the_context() -> None:
    """Names that both have: the receiver tells which it is, and only the context has a role."""
    both = _of_locations() & _of_context()
    root = Path(dagster_graphql.__file__).parent
    receivers = set()
    for file in root.rglob("*.py"):
        if file.is_relative_to(root / "test"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in both:
                receivers.add(ast.unparse(node.value))
    assert receivers == {"graphene_info.context", "graphql_context"}


def _queries(location: str) -> dict[str, tuple[str, dict[str, Any]]]:
    where = {"repositoryName": REPOSITORY, "repositoryLocationName": location}
    job = {**where, "pipelineName": "daily"}
    config = {"ops": {"work": {"config": {"password": "x"}}}}
    return {
        "partitions": (
            """query Q($where: RepositorySelector!) { partitionSetOrError(
              repositorySelector: $where, partitionSetName: "daily_partition_set") { __typename
              ... on PartitionSet { partitionsOrError { ... on Partitions { results { name
                answer: runConfigOrError { __typename ... on PartitionRunConfig { yaml }
                  ... on PythonError { message } }
                tagsOrError { __typename ... on PythonError { message } } } } } } } }""",
            {"where": where},
        ),
        "partition": (
            """query Q($job: PipelineSelector!) { pipelineOrError(params: $job) { __typename
              ... on Pipeline { name partition(partitionName: "2026-01-02") {
                answer: runConfigOrError { __typename ... on PartitionRunConfig { yaml }
                  ... on PythonError { message } }
                tagsOrError { __typename ... on PythonError { message } } } } } }""",
            {"job": job},
        ),
        "plan": (
            """query Q($job: PipelineSelector!, $config: RunConfigData) {
              executionPlanOrError(pipeline: $job, mode: "default", runConfigData: $config) {
                __typename ... on PythonError { message } } }""",
            {"job": job, "config": config},
        ),
        "subset": (
            """query Q($job: PipelineSelector!) { isPipelineConfigValid(
              pipeline: $job, mode: "default", runConfigData: {}) {
                __typename ... on InvalidSubsetError { message }
                ... on PythonError { message } } }""",
            {"job": {**job, "solidSelection": ["work"]}},
        ),
    }


@pytest.mark.long
@pytest.mark.parametrize("query", _queries("alpha"))
def test_a_query_runs_a_teams_code_for_its_launchers_alone(server: TeamServer, query: str) -> None:
    text, variables = _queries("alpha")[query]
    for user in NOT_LAUNCHERS:
        answer = server.http.post(
            "/graphql", json={"query": text, "variables": variables}, headers={"x-test-user": user}
        )
        assert answer.status_code == 200, answer.text
        assert "errors" not in answer.json()
        assert SECRET not in answer.text
        assert "You need the role launcher of the team alpha" in answer.text
        assert ("InvalidSubsetError" if query == "subset" else "PythonError") in answer.text
    for user in (LAUNCHER, EDITOR, ROOT):
        answer = server.http.post(
            "/graphql", json={"query": text, "variables": variables}, headers={"x-test-user": user}
        )
        assert "You need the role" not in answer.text
        assert not {"PythonError", "InvalidSubsetError"} & set(answer.text.split('"')), answer.text
        if query in {"partitions", "partition"}:
            assert SECRET in answer.text


@pytest.mark.long
@pytest.mark.parametrize("query", _queries("alpha"))
def test_such_a_query_on_a_hidden_location_is_answered_as_on_a_missing_one(
    server: TeamServer, query: str
) -> None:
    answers = []
    for location in ("gamma", "omega"):
        text, variables = _queries(location)[query]
        answer = str(server.ask("olaf@example.com", text, variables))
        answers.append(answer.replace(location, "it"))
    assert answers[0] == answers[1]
    assert "secret" not in answers[0]


DENIED = {
    "partitions": {"query config": "job:alpha/daily", "query tags": "job:alpha/daily"},
    "partition": {"query config": "job:alpha/daily", "query tags": "job:alpha/daily"},
    "plan": {"query plan": "job:alpha/daily"},
    "subset": {"query subset": "job:alpha/daily"},
}


@pytest.mark.parametrize("query", _queries("alpha"))
def test_a_denied_query_is_told_once_and_a_done_one_is_not(server: TeamServer, query: str) -> None:
    """Once for all partitions of a page; the queries of those who may are as many as looks."""
    text, variables = _queries("alpha")[query]
    before = len(server.audit.intents)
    server.ask("vera@example.com", text, variables)
    told = server.audit.intents[before:]
    assert {one.operation: one.target for one in told} == DENIED[query]
    assert len(told) == len(DENIED[query])
    for number, one in enumerate(told, start=before):
        assert (one.user, one.team) == ("vera@example.com", "alpha")
        assert (one.address, one.request_id) == ("192.0.2.1", "r-1")
        outcome, reason = server.audit.outcomes[number]
        assert outcome is Outcome.DENIED
        assert reason.startswith("You need the role launcher of the team alpha")
    server.ask(LAUNCHER, text, variables)
    assert len(server.audit.intents) == before + len(told)


def test_a_tick_that_was_not_tried_is_told(server: TeamServer) -> None:
    query = """query Q($schedule: ScheduleSelector!) { scheduleOrError(scheduleSelector: $schedule)
      { ... on Schedule { futureTicks(limit: 3) { results { evaluationResult {
        runRequests { runConfigYaml } } } } } } }"""
    variables = {"schedule": server.place("alpha").schedule()}
    before = len(server.audit.intents)
    server.ask(LAUNCHER, query, variables)
    (told,) = server.audit.intents[before:]
    assert (told.operation, told.target) == ("query tick", "schedule:alpha/nightly")
    assert server.audit.last()[1] is Outcome.DENIED
    server.ask(EDITOR, query, variables)
    assert len(server.audit.intents) == before + 1


def test_names_that_are_made_up_do_not_fill_the_audit_log(server: TeamServer) -> None:
    one = """a%d: isPipelineConfigValid(mode: "default", runConfigData: {}, pipeline: {
      repositoryName: "x", repositoryLocationName: "x%d", pipelineName: "x", solidSelection: ["x"]
    }) { __typename }"""
    before = len(server.audit.intents)
    server.ask("vera@example.com", f"{{ {' '.join(one % (n, n) for n in range(50))} }}")
    assert len(server.audit.intents) == before + 1


def test_a_query_that_cannot_be_told_is_denied_all_the_same(
    server: TeamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, variables = _queries("alpha")["plan"]
    monkeypatch.setattr(server.audit, "is_full", True)
    answer = server.ask("vera@example.com", text, variables)
    assert "You need the role launcher" in str(answer["data"])


@pytest.mark.long
def test_who_only_looks_still_sees_which_partitions_there_are(server: TeamServer) -> None:
    text = """query Q($job: PipelineSelector!) { pipelineOrError(params: $job) { ... on Pipeline {
      partitionKeysOrError { ... on PartitionKeys { partitionKeys } } } } }"""
    job = {"repositoryName": REPOSITORY, "repositoryLocationName": "alpha", "pipelineName": "daily"}
    data = server.ask("olaf@example.com", text, {"job": job})["data"]
    assert len(data["pipelineOrError"]["partitionKeysOrError"]["partitionKeys"]) == 10
