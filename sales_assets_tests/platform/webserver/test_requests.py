"""How the webserver may be asked over HTTP."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from sales_assets.platform.audit.entries import Outcome
from sales_assets.platform.bodies import LARGEST
from sales_assets_tests.platform.team_server import HEADER, ROOT, TeamServer

pytestmark = pytest.mark.long
PAUSE = "mutation { setAutoMaterializePaused(paused: true) }"
QUERY = "{ version }"
JSON = {"content-type": "application/json"}


def _post(server: TeamServer, content: str | bytes, **headers: str) -> httpx.Response:
    sent = {HEADER: ROOT, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return server.http.post("/graphql", content=content, headers=sent)


def _paused(server: TeamServer) -> bool:
    answer = server.ask(ROOT, "{ instance { autoMaterializePaused } }")
    return bool(answer["data"]["instance"]["autoMaterializePaused"])


@pytest.fixture(autouse=True)
def _unpaused(server: TeamServer) -> Any:
    server.ask(ROOT, PAUSE.replace("true", "false"))
    yield
    assert not _paused(server)


def test_a_query_may_be_a_get_and_a_mutation_not(server: TeamServer) -> None:
    for query, status in (
        (QUERY, 200),
        (PAUSE, 405),
        (f"query A {QUERY} mutation B {PAUSE[8:]}", 405),
    ):
        params = {"query": query, "operationName": "B"} if " B " in query else {"query": query}
        answer = server.http.get("/graphql", params=params, headers={HEADER: ROOT})
        assert answer.status_code == status, query


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain; application/json",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "application/jsonx",
        "",
    ],
)
def test_a_body_that_is_no_json_is_refused(server: TeamServer, content_type: str) -> None:
    for body in (json.dumps({"query": PAUSE}), PAUSE):
        assert _post(server, body, content_type=content_type).status_code == 415
    form = server.http.post("/graphql", params={"query": PAUSE}, headers={HEADER: ROOT})
    assert form.status_code == 415


def test_json_may_name_its_characters(server: TeamServer) -> None:
    body = json.dumps({"query": QUERY})
    assert _post(server, body, content_type="Application/JSON; charset=utf-8").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[]", 400),
        (json.dumps([{"query": PAUSE}]).encode(), 400),
        (b"null", 400),
        (b'"text"', 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b"{}", 400),
        (b'{"query": 7}', 400),
        (b'{"query": "{version}", "variables": [1]}', 400),
        (b'{"query": "{version}", "variables": "{"}', 400),
        (b'{"query": "{version}", "operationName": 7}', 400),
        (b'{"query": "{version}", "operationName": "other"}', 400),
        (json.dumps({"query": "{a" * 20_000}).encode(), 400),
        (json.dumps({"query": "{a" * 3_000}).encode(), 400),
        (json.dumps({"query": "{ " + "version " * 9_000 + "}"}).encode(), 400),
        (json.dumps({"query": "query Q { ...A } fragment A on Query { ...A }"}).encode(), 400),
        (json.dumps({"query": "query Q { ...Missing }"}).encode(), 400),
        (
            json.dumps(
                {"query": "subscription S { capturedLogs(logKey: []) { stdout } }"}
            ).encode(),
            400,
        ),
        (b" " * (LARGEST + 1), 413),
    ],
    ids=str,
)
def test_a_body_that_is_wrong_is_answered_so(server: TeamServer, body: bytes, status: int) -> None:
    assert _post(server, body, content_type="application/json").status_code == status


def test_a_body_without_a_length_is_bounded_too(server: TeamServer) -> None:
    def parts() -> Any:
        for _ in range(LARGEST // 2**20 + 2):
            yield b" " * 2**20

    answer = server.http.post("/graphql", content=parts(), headers={HEADER: ROOT, **JSON})
    assert answer.status_code == 413


def test_fragments_that_multiply_are_counted_written_out(server: TeamServer) -> None:
    parts = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60)]
    text = " ".join(["query Q { ...F0 }", *parts, "fragment F60 on Query { version }"])
    answer = server.ask(ROOT, text)
    assert "more than 5000 fields" in answer["errors"][0]["message"]


def test_the_introspection_of_clients_is_within_the_bounds(server: TeamServer) -> None:
    from graphql import get_introspection_query

    assert server.ask(ROOT, get_introspection_query())["data"]["__schema"]["types"]


def test_whose_page_sent_a_request_is_the_sign_in_s_to_judge(server: TeamServer) -> None:
    """Behind a proxy it alone knows by which name browsers know the server."""
    body = json.dumps({"query": QUERY})
    headers = {"content_type": JSON["content-type"], "origin": "https://dagster.example"}
    assert _post(server, body, **headers).status_code == 200


def test_nobody_is_answered_401_everywhere(server: TeamServer) -> None:
    assert server.http.post("/graphql", json={"query": QUERY}).status_code == 401
    for path in ("/", "/runs", "/graphql?query={version}", "/download_debug/x", "/logs/a/b.out"):
        assert server.http.get(path).status_code == 401, path
    assert server.http.post("/report_asset_check/alpha/orders").status_code == 401


def test_the_pages_of_the_ui_are_served_to_who_has_signed_in(server: TeamServer) -> None:
    for path in ("/", "/runs", "/locations"):
        answer = server.http.get(path, headers={HEADER: "olaf@example.com"})
        assert answer.status_code == 200
        assert "<html" in answer.text


def test_graphiql_is_not_served(server: TeamServer) -> None:
    answer = server.http.get("/graphql", headers={HEADER: ROOT, "accept": "text/html"})
    assert answer.status_code == 400


REPORTS = {
    "materialization": {},
    "observation": {"metadata": {"dagster/row_count": 3}},
    "check": {"check_name": "plausible", "passed": True},
}


@pytest.mark.parametrize("kind", REPORTS)
def test_events_are_reported_by_editors_of_the_assets_location(
    server: TeamServer, kind: str
) -> None:
    path = f"/report_asset_{kind}/alpha/orders"
    target = "check:alpha/orders:plausible" if kind == "check" else "asset:alpha/orders"
    for user, status, outcome in (
        ("vera@example.com", 403, Outcome.DENIED),
        ("lars@example.com", 403, Outcome.DENIED),
        ("bella@example.com", 403, Outcome.DENIED),
        ("edith@example.com", 200, Outcome.SUCCEEDED),
        (ROOT, 200, Outcome.SUCCEEDED),
    ):
        answer = server.http.post(path, json=REPORTS[kind], headers={HEADER: user})
        assert answer.status_code == status, (user, answer.text)
        intent, told, _ = server.audit.last()
        assert (intent.user, intent.team, told) == (user, "alpha", outcome)
        assert (intent.operation, intent.target) == (
            f"POST /report_asset_{kind}",
            target,
        )


def test_an_event_of_an_unknown_asset_is_for_administrators(server: TeamServer) -> None:
    for path, body in (
        ("/report_asset_materialization/alpha/none", {}),
        ("/report_asset_materialization/", {"asset_key": ["nobodys"]}),
        ('/report_asset_materialization/?asset_key=["nobodys"]', {}),
    ):
        for user, status in (("anna@example.com", 403), (ROOT, 200)):
            answer = server.http.post(path, json=body, headers={HEADER: user})
            assert answer.status_code == status, (path, answer.text)


@pytest.mark.parametrize(
    ("path", "content", "content_type", "status"),
    [
        ("/report_asset_materialization/", b"{}", "application/json", 400),
        ("/report_asset_materialization/alpha/totals", b"[]", "application/json", 400),
        ("/report_asset_materialization/alpha/totals", b"{", "application/json", 400),
        ("/report_asset_materialization/alpha/totals", b"{}", "text/plain", 415),
        ("/report_asset_materialization/", b'{"asset_key": 7}', "application/json", 400),
        (
            "/report_asset_materialization/alpha/totals",
            b" " * (LARGEST + 1),
            "application/json",
            413,
        ),
    ],
)
def test_a_report_that_is_wrong_is_answered_so(
    server: TeamServer, path: str, content: bytes, content_type: str, status: int
) -> None:
    headers = {HEADER: ROOT, "content-type": content_type}
    assert server.http.post(path, content=content, headers=headers).status_code == status


@pytest.mark.parametrize("route", ["/download_debug", "/logs", "/notebook"])
def test_downloads_are_told_and_hidden_ones_as_missing(server: TeamServer, route: str) -> None:
    def get(run_id: str, location: str) -> tuple[int, str, str, Outcome]:
        path = {
            "/download_debug": f"/download_debug/{run_id}",
            "/logs": f"/logs/{run_id}/compute_logs/step/out",
            "/notebook": f"/notebook?repoLocName={location}&path=/a.ipynb",
        }[route]
        answer = server.http.get(path, headers={HEADER: "olaf@example.com"})
        intent, outcome, _ = server.audit.last()
        assert intent.user == "olaf@example.com"
        return answer.status_code, intent.operation, intent.target, outcome

    of_run = route != "/notebook"
    hidden = server.place("gamma").run()
    missing = "00000000-0000-4000-8000-000000000002"
    for run_id, location in ((hidden, "gamma"), (missing, "omega")):
        target = f"run:{run_id}" if of_run else f"notebook:{location}//a.ipynb"
        told = (404, f"GET {route}", target, Outcome.REFUSED)
        assert get(run_id, location) == told
        if of_run:
            assert server.audit.last()[0].team is None
    if route == "/download_debug":
        run_id = server.place("alpha").run()
        told = (200, f"GET {route}", f"run:{run_id}", Outcome.SUCCEEDED)
        assert get(run_id, "alpha") == told
        assert server.audit.last()[0].team == "alpha"
