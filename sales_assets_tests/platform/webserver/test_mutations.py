"""Each mutation of Dagster: classified, done for who may, refused to who may not, and told."""

from __future__ import annotations

import pytest
from dagster_graphql.schema import create_schema

from sales_assets.platform.audit.entries import Outcome
from sales_assets.platform.mutations import MUTATIONS, Kind
from sales_assets.platform.roles import Role
from sales_assets_tests.platform.operations import (
    ARGUMENTS,
    SLOW,
    WITHOUT_SUCCESS,
    is_denied,
)
from sales_assets_tests.platform.team_server import ROOT, TeamServer

pytestmark = pytest.mark.long
BY_ROLE = {
    Role.VIEWER: "vera@example.com",
    Role.LAUNCHER: "lars@example.com",
    Role.EDITOR: "edith@example.com",
    Role.ADMIN: "anna@example.com",
}
OF_LOCATIONS = [name for name, one in MUTATIONS.items() if one.kind is Kind.LOCATION]


def test_every_mutation_of_dagster_is_classified_and_no_other() -> None:
    schema = create_schema().graphql_schema
    assert schema.mutation_type
    assert set(MUTATIONS) == set(schema.mutation_type.fields) == set(ARGUMENTS)


@pytest.mark.parametrize("name", OF_LOCATIONS)
def test_a_mutation_is_refused_below_its_role_and_elsewhere(server: TeamServer, name: str) -> None:
    role = MUTATIONS[name].role
    assert role
    arguments = ARGUMENTS[name](server.place("alpha"))
    below = [who for own, who in BY_ROLE.items() if own < role]
    for user in [*below, "boris@example.com", "gustav@example.com", "olaf@example.com"]:
        answer = server.do(user, name, arguments)
        assert is_denied(answer), (user, answer)
        intent, outcome, _ = server.audit.last()
        assert (intent.user, intent.operation, outcome) == (user, name, Outcome.DENIED)
        assert intent.team == "alpha"


@pytest.mark.parametrize("name", [name for name in OF_LOCATIONS if name not in SLOW])
def test_a_mutation_is_done_for_the_lowest_role_that_may(server: TeamServer, name: str) -> None:
    role = MUTATIONS[name].role
    assert role
    answer = server.try_at(BY_ROLE[role], name, "alpha")
    assert not is_denied(answer), answer
    intent, outcome, detail = server.audit.last()
    assert (intent.team, intent.address, intent.request_id) == ("alpha", "192.0.2.1", "r-1")
    if name not in WITHOUT_SUCCESS:
        assert "errors" not in answer
        assert outcome is Outcome.SUCCEEDED, (detail, answer)


@pytest.mark.parametrize(
    "name", [name for name, one in MUTATIONS.items() if one.kind is Kind.INSTALLATION]
)
def test_what_acts_on_all_teams_is_for_administrators(server: TeamServer, name: str) -> None:
    arguments = ARGUMENTS[name](server.place("alpha"))
    assert is_denied(server.do("anna@example.com", name, arguments))
    if name not in SLOW:
        assert "errors" not in server.do(ROOT, name, arguments)


@pytest.mark.parametrize(
    "name", [name for name, one in MUTATIONS.items() if one.kind is Kind.NOBODY]
)
def test_what_open_source_dagster_has_not_is_for_nobody(server: TeamServer, name: str) -> None:
    assert is_denied(server.try_at(ROOT, name, "alpha"))


@pytest.mark.parametrize("name", [name for name, one in MUTATIONS.items() if one.kind is Kind.OPEN])
def test_what_changes_nothing_is_for_everybody_and_not_told(server: TeamServer, name: str) -> None:
    told = len(server.audit.intents)
    answer = server.try_at("olaf@example.com", name, "alpha")
    assert "errors" not in answer
    assert len(server.audit.intents) == told


def test_a_location_is_reloaded_by_its_editor_who_stays_who_they_are(server: TeamServer) -> None:
    query = """mutation R { reloadRepositoryLocation(repositoryLocationName: "alpha") {
        ... on WorkspaceLocationEntry { name permissions { permission value } } } }"""
    answer = server.ask("edith@example.com", query)["data"]["reloadRepositoryLocation"]
    may = {one["permission"] for one in answer["permissions"] if one["value"]}
    assert "edit_sensor" in may
    assert "wipe_assets" not in may


def test_aliases_are_checked_and_told_one_by_one(server: TeamServer) -> None:
    runs = [server.place(name).run() for name in ("alpha", "beta")]
    query = f"""mutation M {{
        own: terminateRun(runId: "{runs[0]}") {{ __typename }}
        foreign: terminateRun(runId: "{runs[1]}") {{ __typename }} }}"""
    answer = server.ask("lars@example.com", query)["data"]
    assert answer["own"]["__typename"] == "TerminateRunSuccess"
    assert answer["foreign"]["__typename"] == "UnauthorizedError"
    numbers = range(len(server.audit.intents) - 2, len(server.audit.intents))
    assert [server.audit.outcomes[one][0] for one in numbers] == [
        Outcome.SUCCEEDED,
        Outcome.DENIED,
    ]


def test_nothing_is_done_that_cannot_be_told(server: TeamServer) -> None:
    run_id = server.place("alpha").run()
    server.audit.is_full = True
    try:
        answer = server.do("anna@example.com", "deleteRun", {"runId": run_id})
    finally:
        server.audit.is_full = False
    assert "audit log" in answer["errors"][0]["message"]
    assert server.instance.get_run_by_id(run_id)


def test_the_audit_log_says_how_dagster_refused(server: TeamServer) -> None:
    answer = server.do(ROOT, "deleteRun", {"runId": "none"})
    assert answer["data"]["deleteRun"]["__typename"] == "RunNotFoundError"
    assert server.audit.last()[1:] == (Outcome.REFUSED, "RunNotFoundError")


def test_a_hidden_thing_and_none_are_refused_alike(server: TeamServer) -> None:
    def asked(run_id: str) -> str:
        answer = server.do("anna@example.com", "deleteRun", {"runId": run_id})
        return str(answer["data"]["deleteRun"])

    assert "gamma" not in asked(server.place("gamma").run())
    assert "gamma" not in asked("none")


def test_arguments_are_never_told_but_as_a_hash(server: TeamServer) -> None:
    config = {"ops": {"work": {"config": {"password": "s3cret"}}}}
    params = server.place("alpha").job(runConfigData=config)
    server.do("lars@example.com", "launchRun", {"executionParams": params})
    intent, outcome, detail = server.audit.last()
    assert outcome is Outcome.SUCCEEDED
    assert "s3cret" not in f"{intent}{detail}"
    assert intent.target == "job:alpha/load"
