"""Everybody asks for every route beside GraphQL, and subscribes over the websocket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from sales_assets_tests.platform.scoping.world import BACKFILL_LOG
from sales_assets_tests.platform.small import LOCATIONS
from sales_assets_tests.platform.whole.persons import EDITOR, PERSONS, Who
from sales_assets_tests.platform.whole.stack import HERE, PROXY, Stack

pytestmark = pytest.mark.long
EVERYBODY = pytest.mark.parametrize("who", PERSONS.values(), ids=list(PERSONS))
MARK = "s3cret-of-the-caller"


@EVERYBODY
def test_what_a_team_has_is_downloaded_by_who_sees_it(whole: Stack, who: Who) -> None:
    wrong = {}
    for location in LOCATIONS:
        history = whole.history[location]
        for path in (
            f"/logs/{'/'.join(history.log_key)}/out",
            f"/logs/{'/'.join(history.tick_log_key)}/err",
            f"/logs/backfill/{history.backfill}/{BACKFILL_LOG}/err",
            f"/download_debug/{history.runs[1]}",
            f"/notebook?repoLocName={location}&path=/notebooks/{location}.ipynb",
        ):
            expected = (200 if who.role(location) else 404) if who.is_in else 401
            for method in ("GET", "HEAD"):
                answer = whole.of(who).request(method, path)
                if answer.status_code != expected:
                    wrong[location, method, path] = answer.status_code
            for method in ("POST", "PUT", "DELETE"):
                answer = whole.of(who).request(method, path)
                if answer.status_code != (405 if who.is_in else 401):
                    wrong[location, method, path] = answer.status_code
    assert wrong == {}


@EVERYBODY
@pytest.mark.parametrize("kind", ["materialization", "check", "observation"])
def test_events_are_reported_by_editors(whole: Stack, who: Who, kind: str) -> None:
    whole.of(who)
    wrong = {}
    for location in LOCATIONS:
        route = f"/report_asset_{kind}"
        path = f"{route}/{location}/orders"
        body = {"metadata": {"x": MARK}, "check_name": "plausible", "passed": True}
        whole.told()
        before = whole.written()
        answer = whole.of(who).post(path, json={} if kind == "materialization" else body)
        is_written, rows = whole.written() != before, whole.told()
        may = who.role(location) >= EDITOR
        expected = 401 if not who.is_in else 200 if may else 403
        said = [row.outcome for row in rows if row.outcome]
        outcomes = [] if not who.is_in else ["succeeded"] if may else ["denied"]
        operations = [row.operation for row in rows if row.operation]
        found = (answer.status_code, is_written, said, operations, MARK in str(rows))
        if found != (expected, may, outcomes, [f"POST {route}"] if who.is_in else [], False):
            wrong[location] = (found, answer.text)
        reported = whole.instance.event_log_storage.get_maximum_record_id()
        for method, of_page in (("GET", 200), ("PUT", 405), ("DELETE", 405)):
            status = whole.of(who).request(method, path).status_code
            if status != (of_page if who.is_in else 401):
                wrong[location] = (found, f"{method}: {status}")
        if whole.instance.event_log_storage.get_maximum_record_id() != reported:
            wrong[location] = (found, "another method than POST has reported")
    assert wrong == {}


@EVERYBODY
def test_pages_are_for_who_has_signed_in(whole: Stack, who: Who) -> None:
    for path in ("/", "/runs", "/locations/gamma", "/server_info", "/dagit_info", "/x/../y"):
        answer = whole.of(who).get(path)
        assert answer.status_code == (200 if who.is_in else 401), path
        assert "gamma" not in answer.text
        page = whole.of(who).get(path, headers={"Accept": "text/html"})
        assert page.status_code == (200 if who.is_in else 303), path
        for name in ("content-security-policy", "x-content-type-options"):
            assert name in page.headers, path
    for path in ("/sign-in", "/healthz"):
        assert whole.of(who).get(path).status_code == 200


RUN_LOGS = """subscription { pipelineRunLogs(runId: "%s") { __typename
  ... on PipelineRunLogsSubscriptionSuccess { messages { ... on MessageEvent { message } } } } }"""
CAPTURED = 'subscription { capturedLogs(logKey: ["%s", "%s", "%s"]) { stdout } }'


def _start(number: str, query: str) -> dict[str, Any]:
    return {"type": "start", "id": number, "payload": {"query": query}}


def _first_answers(whole: Stack, who: Who, starts: list[dict[str, Any]]) -> dict[str, str]:
    """What each subscription is answered first."""
    headers = {**whole.headers(who)}
    cookies = whole.of(who).cookies
    if cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        headers["Origin"] = whole.url
    with connect(
        f"{whole.url.replace('http', 'ws')}/graphql",
        subprotocols=["graphql-ws"],  # type: ignore[list-item]
        additional_headers=headers,
        source_address=(PROXY if who.way == "proxy" else HERE, 0),
    ) as websocket:
        websocket.send(json.dumps({"type": "connection_init"}))
        for start in starts:
            websocket.send(json.dumps(start))
        found: dict[str, str] = {}
        while len(found) < len(starts):
            text = str(websocket.recv(60))
            message = json.loads(text)
            if message["type"] in {"data", "error"}:
                found.setdefault(message["id"], text)
        return found


@EVERYBODY
def test_subscriptions_tell_what_a_person_sees(whole: Stack, who: Who) -> None:
    starts = []
    for location in LOCATIONS:
        history = whole.history[location]
        starts += [
            _start(f"run {location}", RUN_LOGS % history.runs[1]),
            _start(f"captured {location}", CAPTURED % history.log_key),
        ]
    starts += [
        _start("mutation", "mutation { setAutoMaterializePaused(paused: true) }"),
        _start("query", "{ version }"),
    ]
    before = whole.written()
    if not who.is_in:
        with pytest.raises(InvalidStatus) as refused:
            _first_answers(whole, who, starts)
        assert refused.value.response.status_code in {401, 403}
        return
    found = _first_answers(whole, who, starts)
    for location in LOCATIONS:
        sees = who.role(location) > 0
        assert (f"the secret line of {location}" in found[f"run {location}"]) is sees, location
        assert (f"figure of {location}" in found[f"captured {location}"]) is sees, location
        assert ("SubscriptionFailure" in found[f"run {location}"]) is not sees
    for name in ("mutation", "query"):
        assert json.loads(found[name])["type"] == "error"
    assert whole.written() == before


def test_a_websocket_of_another_site_is_refused_though_the_session_counts(whole: Stack) -> None:
    boris = PERSONS["boris"]
    cookies = "; ".join(f"{name}={value}" for name, value in whole.of(boris).cookies.items())
    for origin in ("https://evil.example", "null", None):
        with (
            pytest.raises(InvalidStatus) as refused,
            connect(
                f"{whole.url.replace('http', 'ws')}/graphql",
                subprotocols=["graphql-ws"],  # type: ignore[list-item]
                additional_headers={"Cookie": cookies, **({"Origin": origin} if origin else {})},
            ),
        ):
            pass
        assert refused.value.response.status_code == 403
