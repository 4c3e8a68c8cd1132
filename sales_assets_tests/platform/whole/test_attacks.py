"""Attacks on the whole installation, each of which has worked on a plain webserver."""

from __future__ import annotations

import gzip
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from dagster._core.scheduler.instigation import InstigatorStatus

from sales_assets_tests.platform.operations import compound, document, is_denied
from sales_assets_tests.platform.whole.persons import OLAF, PERSONS, ROOT, Who
from sales_assets_tests.platform.whole.stack import Stack

pytestmark = pytest.mark.long
ANNA, EDITH, LARS, GUSTAV = (PERSONS[name] for name in ("anna", "edith", "lars", "gustav"))
BORIS = PERSONS["boris"]
PAUSE = "mutation { setAutoMaterializePaused(paused: true) }"
MISSING = "00000000-0000-4000-8000-000000000002"


def do(whole: Stack, who: Who, name: str, variables: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = whole.post(who, document(name), variables).json()
    return answer


def tags_of(whole: Stack, answer: dict[str, Any]) -> dict[str, str]:
    (done,) = answer["data"].values()
    run = whole.instance.get_run_by_id(done["run"]["runId"])
    assert run is not None
    return dict(run.tags)


@pytest.mark.parametrize("other", ["beta", "gamma"])
@pytest.mark.parametrize("kind", ["sensor", "schedule"])
def test_hole_1_an_id_of_two_halves_stops_nothing_of_others(
    whole: Stack, kind: str, other: str
) -> None:
    name = "stopSensor" if kind == "sensor" else "stopRunningSchedule"
    own, foreign = (
        getattr(whole.place(location), f"{kind}_ids")() for location in ("alpha", other)
    )
    start = "startSensor" if kind == "sensor" else "startSchedule"
    selector = getattr(whole.place(other), kind)()
    assert not is_denied(do(whole, ROOT, start, {f"{kind}Selector": selector}))
    for forged in (
        compound(own[0], foreign[1]),
        compound(foreign[0], own[1]),
        compound(*foreign),
        compound("0" * 40, foreign[1]),
    ):
        answer = do(whole, EDITH, name, {"id": forged})
        assert is_denied(answer) or own[1] in forged, "her own may be what stops"
        assert "gamma" not in str(answer)
        states = whole.instance.all_instigator_state()
        found = {state.status for state in states if state.selector_id == foreign[1]}
        assert found == {InstigatorStatus.RUNNING}


def test_hole_2_dynamic_partitions_of_others_are_not_reached_by_name(whole: Stack) -> None:
    for other in ("beta", "gamma", "nobodys"):
        where = {
            "repositorySelector": whole.place("alpha").repository,
            "partitionsDefName": f"{other}_regions",
        }
        assert is_denied(do(whole, EDITH, "addDynamicPartition", {**where, "partitionKey": "x"}))
        keys = {"partitionKeys": [f"north_of_{other}"]}
        assert is_denied(do(whole, EDITH, "deleteDynamicPartitions", {**where, **keys}))
    assert whole.instance.has_dynamic_partition("gamma_regions", "north_of_gamma")


@pytest.mark.parametrize(
    "tag",
    [
        ("team", "beta"),
        ("user", "root@example.com"),
        (".dagster/repository", "__repository__@gamma"),
        ("dagster/code_location", "gamma"),
        ("dagster/priority", "1000000"),
    ],
    ids=lambda tag: tag[0],
)
def test_hole_3_a_tag_that_the_caller_makes_up_does_not_count(
    whole: Stack, tag: tuple[str, str]
) -> None:
    metadata = {"tags": [{"key": tag[0], "value": tag[1]}]}
    params = whole.place("alpha").job(executionMetadata=metadata)
    answer = do(whole, LARS, "launchRun", {"executionParams": params})
    if not is_denied(answer):
        found = tags_of(whole, answer)
        assert found.get(tag[0]) != tag[1]
        assert (found["team"], found["user"]) == ("alpha", LARS.name)


@pytest.mark.parametrize("other", ["beta", "gamma"])
def test_hole_4_another_teams_run_is_no_parent(whole: Stack, other: str) -> None:
    foreign = whole.history[other].runs[0]
    before = whole.instance.get_runs_count()
    for metadata in (
        {"parentRunId": foreign, "rootRunId": foreign},
        {"parentRunId": foreign},
        {"rootRunId": foreign},
        {"tags": [{"key": "dagster/parent_run_id", "value": foreign}]},
        {"tags": [{"key": "dagster/root_run_id", "value": foreign}]},
    ):
        params = whole.place("alpha").job(executionMetadata=metadata)
        answer = do(whole, LARS, "launchRun", {"executionParams": params})
        assert is_denied(answer), (metadata, answer)
    again = {"reexecutionParams": {"parentRunId": foreign, "strategy": "ALL_STEPS"}}
    assert is_denied(do(whole, LARS, "launchRunReexecution", again))
    assert whole.instance.get_runs_count() == before


def test_hole_5_events_of_another_teams_keys_are_refused(whole: Stack) -> None:
    before = whole.written()
    for other in ("beta", "gamma", "nobodys"):
        event = {"eventType": "ASSET_MATERIALIZATION", "assetKey": {"path": [other, "orders"]}}
        answer = do(whole, ANNA, "reportRunlessAssetEvents", {"eventParams": event})
        assert is_denied(answer)
        wiped = {"assetPartitionRanges": [{"assetKey": {"path": [other, "orders"]}}]}
        assert is_denied(do(whole, ANNA, "wipeAssets", wiped))
        path = f"/report_asset_materialization/{other}/orders"
        answer_of_route = whole.of(ANNA).post(path, json={"metadata": {"x": 1}})
        assert answer_of_route.status_code == 403
    assert whole.written() == before


def _paused(whole: Stack) -> bool:
    data = whole.data(ROOT, "{ instance { autoMaterializePaused } }")
    return bool(data["instance"]["autoMaterializePaused"])


@pytest.mark.parametrize("who", [ROOT, BORIS], ids=["root", "session"])
def test_hole_6_no_other_way_of_asking_does_a_mutation(whole: Stack, who: Who) -> None:
    client = whole.of(who)
    before, was_paused = whole.written(), _paused(whole)
    as_json = json.dumps({"query": PAUSE})
    batch = json.dumps([{"query": PAUSE}, {"query": "{ version }"}])
    two = f"query A {{ version }} mutation B {PAUSE[8:]}"
    answers = {
        "GET": client.get("/graphql", params={"query": PAUSE}),
        "GET of two": client.get("/graphql", params={"query": two, "operationName": "B"}),
        "HEAD": client.head("/graphql", params={"query": PAUSE}),
        "PUT": client.put("/graphql", json={"query": PAUSE}),
        "OPTIONS": client.options("/graphql", params={"query": PAUSE}),
        "form": client.post("/graphql", data={"query": PAUSE}),
        "file": client.post("/graphql", files={"query": PAUSE.encode()}),
        "batch": client.post(
            "/graphql", content=batch, headers={"content-type": "application/json"}
        ),
        "method told": client.get(
            "/graphql", params={"query": PAUSE}, headers={"X-HTTP-Method-Override": "POST"}
        ),
    }
    for kind in ("text/plain", "text/plain; application/json", "application/graphql", ""):
        headers = {"content-type": kind}
        answers[f"POST {kind}"] = client.post("/graphql", content=as_json, headers=headers)
    for way, answer in answers.items():
        assert 400 <= answer.status_code < 500, (way, answer.status_code, answer.text)
    assert whole.written() == before
    assert _paused(whole) is was_paused


def test_aliases_are_checked_one_by_one_and_bounded(whole: Stack) -> None:
    own, foreign = whole.place("alpha").run(), whole.place("gamma").run()
    call = "{}: terminateRun(runId: {}) {{ __typename }}"
    calls = [call.format(alias, f'"{run}"') for alias, run in (("a", own), ("b", foreign))]
    both = f"mutation M {{ {' '.join(calls)} }}"
    data = whole.data(LARS, both)
    assert (data["a"]["__typename"], data["b"]["__typename"]) == (
        "TerminateRunSuccess",
        "UnauthorizedError",
    )
    run = whole.instance.get_run_by_id(foreign)
    assert run is not None
    assert run.status.value == "QUEUED"
    whole.told()
    many = " ".join(call.format(f"a{n}", json.dumps(own)) for n in range(200))
    answer = whole.post(LARS, f"mutation M {{ {many} }}").json()
    assert "more than 20" in str(answer["errors"])
    assert whole.told() == []


def raw(whole: Stack, path: str, who: Who) -> bytes:
    """The answer to a path that no client has tidied."""
    where, headers = urlsplit(whole.url), whole.headers(who)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    assert where.port is not None
    with socket.create_connection((where.hostname, where.port), timeout=60) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\n{lines}Connection: close\r\n\r\n".encode()
        )
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("who", [PERSONS["vera"], ROOT], ids=["vera", "root"])
def test_hole_7_no_path_leads_to_what_is_hidden_or_no_log(whole: Stack, who: Who) -> None:
    own = "/".join(whole.history["alpha"].log_key)
    run, folder, name = whole.history["alpha"].log_key
    other = "/".join(whole.history["gamma"].log_key)
    coded = other.replace("/", "%2f")
    gamma, alpha = whole.history["gamma"].runs[1], whole.history["alpha"].runs[1]
    assert b"the secret figure of alpha" in raw(whole, f"/logs/{own}/out", who)
    for path in (
        f"/logs/{run}/../{other}/out",
        f"/logs/{run}/%2e%2e/{other}/out",
        f"/logs/{run}/..%2f{coded}/out",
        f"/logs/{run}%2f..%2f{coded}/out",
        f"/logs//{own}/out",
        f"/logs/{run}//{folder}/{name}/out",
        f"/logs/{run}/./{folder}/{name}/out",
        f"/logs/{run}/%252e%252e/{other}/out",
        f"/logs/{own}%00/out",
        f"/logs/{own}/out%00",
        f"/logs/{own}/../../../../dagster.yaml",
        f"/logs/{run}\\..\\{other}/out",
        "/logs//etc/passwd/out",
        "/logs/",
        "/download_debug/..",
        "/download_debug/%2e%2e",
        f"/download_debug/{alpha}%00",
        f"/download_debug/{alpha}%2f..%2f{gamma}",
        f"/download_debug/{gamma}/../{alpha}",
    ):
        answer = raw(whole, path, who)
        head = answer.split(b"\r\n\r\n")[0]
        assert b"secret figure" not in answer, path
        assert b"application/gzip" not in head, path
        assert b"attachment" not in head, path
        assert b"Traceback" not in answer, path


def test_hole_7_what_is_hidden_is_answered_as_what_is_missing(whole: Stack) -> None:
    gamma = whole.history["gamma"]
    for path, missing in (
        (f"/logs/{'/'.join(gamma.log_key)}/out", f"/logs/{MISSING}/compute_logs/aaaaaaaa/out"),
        (f"/download_debug/{gamma.runs[1]}", f"/download_debug/{MISSING}"),
        (
            "/notebook?repoLocName=gamma&path=/notebooks/gamma.ipynb",
            "/notebook?repoLocName=omega&path=/notebooks/omega.ipynb",
        ),
    ):
        one, other = whole.of(OLAF).get(path), whole.of(OLAF).get(missing)
        assert (one.status_code, one.content) == (other.status_code, other.content)
        assert one.status_code == 404
        assert whole.of(GUSTAV).get(path).status_code == 200
    debug = whole.of(GUSTAV).get(f"/download_debug/{gamma.runs[1]}")
    assert b"secret line of gamma" in gzip.decompress(debug.content)


NAMED = """query Q($key: AssetKeyInput!, $where: RepositorySelector!) {
  repositoryOrError(repositorySelector: $where) { __typename ... on Error { message } }
  assetNodeOrError(assetKey: $key) { __typename }
  workspaceLocationEntryOrError(name: "NAME") { __typename } }"""


def test_hole_9_a_hidden_team_is_not_found_by_introspection_or_name(whole: Stack) -> None:
    schema = "{ __schema { types { name fields { name } enumValues { name } } } }"
    assert whole.post(OLAF, schema).text == whole.post(ROOT, schema).text
    assert "gamma" not in whole.post(OLAF, schema).text
    answers = []
    for name in ("gamma", "omega"):
        variables = {
            "key": {"path": [name, "orders"]},
            "where": {"repositoryName": "__repository__", "repositoryLocationName": name},
        }
        text = whole.post(OLAF, NAMED.replace("NAME", name), variables).text
        answers.append(text.replace(name, "NAME"))
    assert answers[0] == answers[1]
