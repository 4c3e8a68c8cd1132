"""Teams whose code uses the names of other teams."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from sales_assets.platform.audit.entries import Auditor, Outcome
from sales_assets.platform.context import TeamProcessContext
from sales_assets.platform.mutations import MUTATIONS
from sales_assets.platform.teams import Teams
from sales_assets.platform.teams_file import read_teams
from sales_assets.platform.webserver import TeamWebserver
from sales_assets_tests.platform.operations import REPOSITORY, document, is_denied
from sales_assets_tests.platform.small import TEAMS
from sales_assets_tests.platform.team_server import (
    HEADER,
    ROOT,
    HeaderSignIn,
    Recorded,
    instance_in,
)

pytestmark = pytest.mark.long
RIVALS = "sales_assets_tests.platform.rivals"
EDITOR, ADMIN, OTHER_EDITOR = "edith@example.com", "anna@example.com", "bella@example.com"


def _origin(location: str, attribute: str) -> InProcessCodeLocationOrigin:
    target = LoadableTargetOrigin(module_name=RIVALS, attribute=attribute, executable_path="")
    return InProcessCodeLocationOrigin(loadable_target_origin=target, location_name=location)


@contextmanager
def _served(
    folder: Path, auditor: Auditor | None = None, **attributes: str
) -> Iterator[tuple[TestClient, dg.DagsterInstance]]:
    (folder / "teams.yaml").write_text(TEAMS)
    teams: Teams = read_teams(folder / "teams.yaml")
    origins = [_origin(location, attribute) for location, attribute in attributes.items()]
    with ExitStack() as stack:
        instance = stack.enter_context(instance_in(folder / "home"))
        target = InProcessWorkspaceLoadTarget(origins)
        process = stack.enter_context(
            TeamProcessContext(instance, target, lambda: teams, auditor or Recorded())
        )
        server = TeamWebserver(process, [Middleware(HeaderSignIn)])
        yield TestClient(server.create_asgi_app()), instance


def _do(client: TestClient, user: str, name: str, variables: dict[str, Any]) -> dict[str, Any]:
    body = {"query": document(name), "variables": variables}
    answer: dict[str, Any] = client.post("/graphql", json=body, headers={HEADER: user}).json()
    return answer


def _errors(client: TestClient, user: str) -> dict[str, str]:
    query = """{ workspaceOrError { ... on Workspace { locationEntries { name
        locationOrLoadError { ... on PythonError { message } } } } } }"""
    answer = client.post("/graphql", json={"query": query}, headers={HEADER: user}).json()
    entries = answer["data"]["workspaceOrError"]["locationEntries"]
    found = {one["name"]: one["locationOrLoadError"].get("message") for one in entries}
    return {name: message for name, message in found.items() if message}


@pytest.mark.filterwarnings("ignore")
def test_a_location_that_produces_anothers_assets_is_loaded_for_nobody(tmp_path: Path) -> None:
    with _served(tmp_path, alpha="thief", beta="beta", nobodys="alpha") as (client, _):
        for user, shown in ((ROOT, {"alpha", "nobodys"}), (ADMIN, {"alpha"})):
            errors = _errors(client, user)
            assert set(errors) == shown
            assert "beta/stolen" in errors["alpha"]
            assert "alpha/by_region" not in errors["alpha"]


@pytest.mark.filterwarnings("ignore")
def test_a_reference_to_an_asset_gives_no_right_while_its_code_is_down(tmp_path: Path) -> None:
    key = {"path": ["alpha", "broken"]}
    calls: dict[str, dict[str, Any]] = {
        "wipeAssets": {"assetPartitionRanges": [{"assetKey": key}]},
        "reportRunlessAssetEvents": {
            "eventParams": {"eventType": "ASSET_MATERIALIZATION", "assetKey": key}
        },
        "reportAssetCheckEvaluations": {
            "eventParams": {"assetKey": key, "checkName": "any", "passed": True}
        },
    }
    with _served(tmp_path, beta="beta") as (client, _):
        for name, variables in calls.items():
            assert is_denied(_do(client, "boris@example.com", name, variables)), name
            assert not is_denied(_do(client, ROOT, name, variables)), name
        path = "/report_asset_observation/alpha/broken"
        assert client.post(path, headers={HEADER: "boris@example.com"}).status_code == 403


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", ["GraphQL", "body", "query"])
def test_a_check_is_reported_by_who_may_for_its_asset_and_its_own_location(
    tmp_path: Path, way: str
) -> None:
    key = dg.AssetKey(["alpha", "by_region"])

    def reported(client: TestClient, user: str, team: str) -> tuple[bool, str]:
        """Whether it was not denied, and the answer, without the team."""
        check = f"seen_by_{team}"
        if way == "GraphQL":
            event = {"assetKey": {"path": key.path}, "checkName": check, "passed": True}
            name = "reportAssetCheckEvaluations"
            done = _do(client, user, name, {"eventParams": event})
            return not is_denied(done), str(done).replace(team, "it")
        path, told = f"/report_asset_check/{key.to_user_string()}", {"check_name": check}
        sent: dict[str, Any] = (
            {"json": {**told, "passed": True}}
            if way == "body"
            else {"params": {**told, "passed": "true"}}
        )
        answer = client.post(path, headers={HEADER: user}, **sent)
        assert answer.status_code in {200, 403}
        return answer.status_code == 200, answer.text.replace(team, "it")

    with _served(
        tmp_path, alpha="checking_alpha", beta="checking_beta", gamma="checking_gamma"
    ) as (client, instance):
        teams = ("alpha", "beta", "gamma", "omega")
        checks = {team: dg.AssetCheckKey(key, f"seen_by_{team}") for team in teams}
        for user, may in (
            (EDITOR, {"alpha"}),
            (OTHER_EDITOR, set()),
            (ROOT, {"alpha", "beta", "gamma", "omega"}),
        ):
            found = {team: reported(client, user, team) for team in checks}
            assert {team for team, (done, _) in found.items() if done} == may, user
            assert found["gamma"] == found["omega"], "a hidden check is as one that nobody has"
            storage = instance.event_log_storage
            written = storage.get_latest_asset_check_execution_by_key(list(checks.values()))
            assert {team for team, one in checks.items() if one in written} == may | {"alpha"}


@pytest.mark.filterwarnings("ignore")
def test_partitions_of_a_shared_name_are_for_who_may_edit_all_its_users(tmp_path: Path) -> None:
    def tried(client: TestClient, user: str, name: str, **more: Any) -> bool:
        where = {"repositoryName": REPOSITORY, "repositoryLocationName": "alpha"}
        variables = {"repositorySelector": where, "partitionsDefName": "shared_regions", **more}
        return not is_denied(_do(client, user, name, variables))

    with _served(tmp_path, alpha="alpha", beta="beta") as (client, instance):
        assert not tried(client, ADMIN, "addDynamicPartition", partitionKey="north")
        assert tried(client, ROOT, "addDynamicPartition", partitionKey="north")
        assert not tried(client, ADMIN, "deleteDynamicPartitions", partitionKeys=["north"])
        assert instance.has_dynamic_partition("shared_regions", "north")


@pytest.mark.filterwarnings("ignore")
def test_a_backfill_does_not_go_on_from_another_teams_run(tmp_path: Path) -> None:
    """Dagster finds the run that failed by the name of the job, whosever it is."""
    where = {"repositoryName": REPOSITORY, "repositoryLocationName": "alpha"}
    name = "launchPartitionBackfill"
    with _served(tmp_path, alpha="alpha", beta="beta") as (client, _):
        params = {
            "selector": {"partitionSetName": "load_partition_set", "repositorySelector": where},
            "partitionNames": ["a"],
        }
        answer = _do(client, EDITOR, name, {"backfillParams": params})
        assert answer["data"][name]["__typename"] == "LaunchBackfillSuccess", answer
        for more in ({"fromFailure": True}, {"reexecutionSteps": ["work"]}):
            refused = _do(client, EDITOR, name, {"backfillParams": {**params, **more}})
            assert is_denied(refused), more
        backfill = {"parentRunId": answer["data"][name]["backfillId"]}
        again = {"reexecutionParams": {**backfill, "strategy": "FROM_FAILURE"}}
        assert is_denied(_do(client, EDITOR, "reexecutePartitionBackfill", again))
        assert is_denied(_do(client, OTHER_EDITOR, "reexecutePartitionBackfill", again))


@pytest.mark.filterwarnings("ignore")
def test_what_a_person_is_not_to_see_is_left_out_of_their_context(tmp_path: Path) -> None:
    query = "{ workspaceOrError { ... on Workspace { locationEntries { name } } } }"
    with _served(tmp_path, beta="beta", gamma="thief") as (client, _):
        for user, expected in ((ADMIN, {"beta"}), (ROOT, {"beta", "gamma"})):
            answer = client.post("/graphql", json={"query": query}, headers={HEADER: user}).json()
            entries = answer["data"]["workspaceOrError"]["locationEntries"]
            assert {entry["name"] for entry in entries} == expected


@pytest.mark.filterwarnings("ignore")
def test_a_mutation_that_is_not_classified_is_refused_to_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {name: one for name, one in MUTATIONS.items() if name != "setNuxSeen"}
    monkeypatch.setattr("sales_assets.platform.wrapping.MUTATIONS", known)
    with _served(tmp_path, beta="beta") as (client, _):
        assert is_denied(_do(client, ROOT, "setNuxSeen", {}))


@pytest.mark.filterwarnings("ignore")
def test_what_is_done_stays_done_if_its_end_cannot_be_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class HalfFull(Recorded):
        def conclude(self, number: int, outcome: Outcome, detail: str = "") -> None:
            raise OSError(f"no space left for {number} {outcome} {detail}")

    where = {"repositoryName": REPOSITORY, "repositoryLocationName": "alpha"}
    variables = {"repositorySelector": where, "partitionsDefName": "shared_regions"}
    with _served(tmp_path, auditor=HalfFull(), alpha="alpha") as (client, instance):
        answer = _do(client, ADMIN, "addDynamicPartition", {**variables, "partitionKey": "west"})
        assert "errors" not in answer
        assert instance.has_dynamic_partition("shared_regions", "west")
    assert "does not take that entry 0 succeeded" in caplog.text
