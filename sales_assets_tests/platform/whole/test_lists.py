"""Everybody asks for lists of what all teams have: each sees, and is told to be, what is theirs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dagster_graphql.schema import create_schema

from sales_assets_tests.platform.scoping.crawler import questions
from sales_assets_tests.platform.small import LOCATIONS
from sales_assets_tests.platform.whole.persons import OLAF, PERSONS, ROOT, Who
from sales_assets_tests.platform.whole.stack import Stack, stack
from sales_assets_tests.services import postgres_database

pytestmark = pytest.mark.long
TAG = "dagster/code_location"
RUNS = """{ runsOrError { ... on Runs { count results { runId tags { key value } } } }
  runIdsOrError { ... on RunIds { results } } }"""
FEED = """{ runsFeedOrError(limit: 1000, view: RUNS) { ... on RunsFeedConnection {
    results { id } } }
  runsFeedCountOrError(view: RUNS) { ... on RunsFeedCount { count } } }"""
TAGS = """{ runTagsOrError(tagKeys: ["dagster/code_location", "purpose", "team"]) {
    ... on RunTags { tags { key values } } }
  runTagKeysOrError { ... on RunTagKeys { keys } } }"""
BACKFILLS = """{ partitionBackfillsOrError { ... on PartitionBackfills { results { id } } } }"""
ASSETS = """{ assetsOrError { ... on AssetConnection { nodes { key { path }
    assetMaterializations(limit: 50) { runId } assetEventHistory(limit: 50,
      eventTypeSelectors: [MATERIALIZATION, OBSERVATION]) { results { __typename } } } } }
  assetNodes { assetKey { path } }
  assetRecordsOrError { ... on AssetRecordConnection { assets { key { path } } } } }"""
PLACES = """{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
      ... on RepositoryLocation { repositories { sensors { name sensorState {
        ticks(limit: 20, statuses: [SKIPPED]) { skipReason } } } } } } } } }
  locationStatusesOrError { ... on WorkspaceLocationStatusEntries { entries { name } } } }"""
OF_ONE = """query Q($run: ID!, $key: [String!]!) {
  logsForRun(runId: $run) { __typename ... on EventConnection { events {
    ... on MessageEvent { message } } } }
  runOrError(runId: $run) { __typename }
  capturedLogs(logKey: $key) { stdout } }"""
EVERYBODY = pytest.mark.parametrize("who", PERSONS.values(), ids=list(PERSONS))


def _of_paths(nodes: list[dict[str, Any]], name: str) -> set[str]:
    return {node[name]["path"][0] for node in nodes}


def _runs(data: dict[str, Any]) -> set[str]:
    runs = data["runsOrError"]["results"]
    assert data["runsOrError"]["count"] == len(runs) == len(data["runIdsOrError"]["results"])
    return {tag["value"] for run in runs for tag in run["tags"] if tag["key"] == TAG}


def _tags(data: dict[str, Any]) -> set[str]:
    tags = {tag["key"]: set(tag["values"]) for tag in data["runTagsOrError"]["tags"]}
    assert tags.get("purpose", set()) <= {f"of_{where}" for where in tags[TAG]}
    assert tags.get("team", set()) <= tags[TAG]
    return tags[TAG]


def _backfills(data: dict[str, Any]) -> set[str]:
    found = {one["id"] for one in data["partitionBackfillsOrError"]["results"]}
    return {where for where in LOCATIONS if f"backfill-of-{where}" in found}


def _assets(data: dict[str, Any]) -> set[str]:
    nodes = data["assetsOrError"]["nodes"]
    found = _of_paths(nodes, "key")
    assert found == _of_paths(data["assetNodes"], "assetKey")
    assert _of_paths(data["assetRecordsOrError"]["assets"], "key") <= found
    made = {node["key"]["path"][0] for node in nodes if node["assetMaterializations"]}
    assert made == found
    return found


def _places(data: dict[str, Any]) -> set[str]:
    entries = data["workspaceOrError"]["locationEntries"]
    found = {entry["name"] for entry in entries}
    assert found == {one["name"] for one in data["locationStatusesOrError"]["entries"]}
    for where in found:
        assert f"nothing new for {where}" in json.dumps(entries)
    return found


LISTS: dict[str, tuple[str, Callable[[dict[str, Any]], set[str]]]] = {
    "runs": (RUNS, _runs),
    "tags": (TAGS, _tags),
    "backfills": (BACKFILLS, _backfills),
    "assets": (ASSETS, _assets),
    "places": (PLACES, _places),
}


def _check(whole: Stack, who: Who) -> None:
    sees = {where for where in LOCATIONS if who.role(where)}
    secrets = [
        secret
        for where in LOCATIONS
        if where not in sees
        for secret in (*whole.history[where].secrets, *whole.history[where].log_key)
        if secret != "compute_logs"
    ]
    for name, (query, read) in LISTS.items():
        answer = whole.post(who, query)
        if not who.is_in:
            assert answer.status_code == 401, name
            continue
        assert "errors" not in answer.json(), answer.text
        assert read(answer.json()["data"]) == sees, name
        assert [secret for secret in secrets if secret in answer.text] == [], name
    if not who.is_in:
        return
    feed = whole.data(who, FEED)
    runs = whole.instance.get_runs()
    mine = {run.run_id for run in runs if run.tags[TAG] in sees}
    assert {one["id"] for one in feed["runsFeedOrError"]["results"]} == mine
    assert feed["runsFeedCountOrError"]["count"] == len(mine)
    for where in LOCATIONS:
        history = whole.history[where]
        data = whole.data(who, OF_ONE, {"run": history.runs[1], "key": list(history.log_key)})
        is_shown = where in sees
        assert (data["runOrError"]["__typename"] == "Run") is is_shown, where
        assert (f"secret line of {where}" in str(data["logsForRun"])) is is_shown, where
        assert (f"figure of {where}" in str(data["capturedLogs"])) is is_shown, where


@EVERYBODY
def test_lists_have_what_a_person_sees_and_count_no_more(whole: Stack, who: Who) -> None:
    _check(whole, who)


def test_no_query_of_the_schema_shows_an_outsider_what_is_hidden(whole: Stack) -> None:
    secrets = whole.history["gamma"].secrets
    leaks = {}
    schema = create_schema().graphql_schema
    for _, query in questions(schema, whole.history["alpha"]):
        answer = whole.post(OLAF, query).text
        if any(secret in answer for secret in secrets):
            leaks[query[:150]] = [secret for secret in secrets if secret in answer]
    assert leaks == {}


def test_it_is_so_on_postgresql_too(tmp_path: Path) -> None:
    with postgres_database() as url, stack(tmp_path, url) as whole:
        assert whole.instance.run_storage.__class__.__name__ == "PostgresRunStorage"
        for name in ("root", "bella", "greta", "olaf", "anonymous"):
            _check(whole, PERSONS[name])
        for who, outcome in ((ROOT, "succeeded"), (OLAF, "denied")):
            start = """mutation M($s: SensorSelector!) { startSensor(sensorSelector: $s) {
                __typename } }"""
            whole.told()
            whole.post(who, start, {"s": whole.place("alpha").sensor()})
            assert [row.outcome for row in whole.told() if row.outcome] == [outcome]
        assert whole.run_command("audit", "verify").returncode == 0
