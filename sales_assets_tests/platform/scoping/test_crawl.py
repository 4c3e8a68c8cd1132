"""Everything that GraphQL answers, asked by somebody from whom a team is hidden."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from dagster_graphql.schema import create_schema

from sales_assets_tests.platform.scoping.conftest import Server
from sales_assets_tests.platform.scoping.crawler import arguments, questions
from sales_assets_tests.platform.scoping.world import History

pytestmark = pytest.mark.long
SCHEMA = create_schema().graphql_schema
GHOST = History(
    team="omega",
    runs=("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"),
    log_key=("00000000-0000-4000-8000-000000000002", "compute_logs", "aaaaaaaa"),
    backfill="backfill-of-omega",
    tick=999,
    tick_log_key=("__repository__", "watch", "999"),
    sensor=f"{'0' * 40}::{'1' * 40}",
    schedule=f"{'2' * 40}::{'3' * 40}",
    repository=f"{'4' * 40}::{'5' * 40}",
    snapshot="6" * 40,
)
"""A team that has never been: what is asked about a hidden one is answered as for this one."""
OF_ALL = (
    "appManagedComponentsForLocationOrError",
    "instance",
    "runTagsOrError",
    "runsFeedCountOrError",
)
"""Figures, tags, what daemons report and the state of components are of all teams."""
COUNTS = frozenset({"Runs_count", "AssetConnection_cursor", "AssetRecordConnection_cursor"})
"""Fields that count what all teams have, or say where a page of it ends."""
PAGES = ("limit: 1", "limit: 2")
"""Pages begin elsewhere for who sees more."""
SEEN_BY_MEMBERS = (
    "assetOrError",
    "assetsOrError",
    "autoMaterializeEvaluationsForEvaluationId",
    "instigationStatesOrError",
    "logsForRun",
    "partitionBackfillsOrError",
    "runsFeedOrError",
    "runsOrError",
    "workspaceOrError",
)


def test_every_query_field_has_arguments_and_a_new_one_fails_here() -> None:
    assert SCHEMA.query_type is not None
    assert set(arguments(GHOST)) == set(SCHEMA.query_type.fields)


def test_a_hidden_team_is_answered_as_one_that_has_never_been(server: Server) -> None:
    gamma = server.history["gamma"]
    different = {}
    for (name, query), (_, of_ghost) in zip(
        questions(SCHEMA, gamma), questions(SCHEMA, GHOST), strict=True
    ):
        told = as_ghost(server.outsider.ask(query), gamma)
        expected = server.outsider.ask(of_ghost)
        if in_order(told) != in_order(expected):
            different[name] = (query[:150], told[:300], expected[:300])
    assert different == {}


def test_what_is_open_is_answered_alike_for_an_outsider_and_an_administrator(
    server: Server,
) -> None:
    secrets = server.history["gamma"].secrets
    different, leaks = {}, {}
    for name, query in questions(SCHEMA, server.history["alpha"]):
        answer = server.outsider.ask(query)
        if any(secret in answer for secret in secrets):
            leaks[query[:150]] = [secret for secret in secrets if secret in answer]
        if name in OF_ALL or any(page in query[:300] for page in PAGES):
            continue
        told = in_order(answer).get("data")
        whole = in_order(server.admin.ask(query), secrets).get("data")
        if told != whole:
            different[query[:150]] = first_difference(told, whole)
    assert (leaks, different) == ({}, {})


def test_a_member_of_the_hidden_team_sees_it(server: Server) -> None:
    asked = dict(reversed(questions(SCHEMA, server.history["gamma"])))
    for name in SEEN_BY_MEMBERS:
        assert "gamma" in server.member.ask(asked[name]), name


def as_ghost(answer: str, team: History) -> str:
    """An answer with the ids of a team written as the ghost's, where it says what was asked."""
    for field in fields(History):
        own, ghosts = getattr(team, field.name), getattr(GHOST, field.name)
        for one, other in zip(
            [own] if isinstance(own, str | int) else own,
            [ghosts] if isinstance(ghosts, str | int) else ghosts,
            strict=True,
        ):
            if not field.name.startswith("tick"):
                answer = answer.replace(str(one), str(other))
    asked, ghosts = (
        json.dumps(one.tick_log_key, separators=(",", ":")) for one in (team, GHOST)
    )  # as a whole, since its parts are in many answers
    return answer.replace(asked, ghosts).replace(team.team, GHOST.team)


def in_order(answer: str, without: tuple[str, ...] = ()) -> Any:
    """What an answer says, lists in one order and without the items that hold certain words."""
    return _ordered(json.loads(answer), without)


def _ordered(value: Any, without: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(one, without) for key, one in value.items() if key not in COUNTS}
    if not isinstance(value, list):
        return value
    kept = [_ordered(one, without) for one in value if not _holds(one, without)]
    return sorted(kept, key=lambda one: json.dumps(one, sort_keys=True))


def _holds(value: Any, words: tuple[str, ...]) -> bool:
    text = json.dumps(value)
    return any(word in text for word in words)


def first_difference(one: Any, other: Any, at: str = "") -> tuple[str, str, str]:
    """Where two answers are different first."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        key = next(key for key in one if one[key] != other[key])
        return first_difference(one[key], other[key], f"{at}.{key}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        index = next(i for i, item in enumerate(one) if item != other[i])
        return first_difference(one[index], other[index], f"{at}[{index}]")
    return at, str(one)[:300], str(other)[:300]
