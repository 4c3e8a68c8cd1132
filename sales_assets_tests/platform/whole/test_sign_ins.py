"""Who comes in by what they bring, on the whole installation."""

from __future__ import annotations

import os
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from sales_assets_tests.platform.operations import ARGUMENTS, document, is_denied
from sales_assets_tests.platform.signing_in.served import CLOSED, Key, usual_claims
from sales_assets_tests.platform.small import LOCATIONS, TEAMS
from sales_assets_tests.platform.whole.persons import ALL, OLAF, PERSONS, ROOT
from sales_assets_tests.platform.whole.stack import PROXY, SECRET, Stack

pytestmark = pytest.mark.long
ROOTS = {"X-Proxy-Secret": SECRET, "X-Auth-Request-Email": ROOT.name}
PAUSE = {"query": "mutation { setAutoMaterializePaused(paused: true) }"}


def status(whole: Stack, source: str, headers: dict[str, str]) -> int:
    with whole.client(source) as client:
        return client.post("/graphql", json={"query": "{ version }"}, headers=headers).status_code


def test_only_the_proxy_with_its_secret_says_who_has_signed_in(whole: Stack) -> None:
    assert status(whole, PROXY, ROOTS) == 200
    named = {"X-Auth-Request-Email": ROOT.name}
    for source, headers in (
        ("127.0.0.8", ROOTS),
        ("127.0.0.8", named),
        ("127.0.0.8", {**ROOTS, "X-Forwarded-For": PROXY}),
        ("127.0.0.8", {**ROOTS, "Forwarded": f"for={PROXY}", "X-Real-IP": PROXY}),
        (PROXY, named),
        (PROXY, {**ROOTS, "X-Proxy-Secret": "wrong"}),
        (PROXY, {**ROOTS, "X-Proxy-Secret": ""}),
        (PROXY, {**named, "X_Proxy_Secret": SECRET}),
    ):
        assert status(whole, source, headers) == 401, (source, headers)


def _wrong_jwts(whole: Stack) -> dict[str, str]:
    now = int(time.time())
    name = ROOT.name
    good = whole.jwt(name)
    head, body, signature = good.split(".")
    claims = usual_claims(email=name)
    public = whole.key.public_pem.decode()
    return {
        "expired": whole.jwt(name, exp=now - 3600),
        "not yet": whole.jwt(name, nbf=now + 3600),
        "without end": whole.jwt(name, exp=None),
        "another audience": whole.jwt(name, aud="other"),
        "another issuer": whole.jwt(name, iss="https://evil.example"),
        "another key": Key().sign(claims),
        "an unknown key": Key("two").sign(claims),
        "none": jwt.encode(claims, "", "none", {"kid": "one"}),
        "shared key": jwt.encode(claims, "x" * 64, "HS256", {"kid": "one"}),
        "key in its head": Key().sign(claims, jwk=Key().jwk()),
        "changed": f"{head}.{body[:-4]}AAAA.{signature}",
        "unsigned": f"{head}.{body}.",
        "no JWT": public.replace("\n", ""),
    }


def test_only_a_jwt_that_is_right_counts(whole: Stack) -> None:
    source = "127.0.0.11"
    assert status(whole, source, {"Authorization": f"Bearer {whole.jwt(ROOT.name)}"}) == 200
    for what, token in _wrong_jwts(whole).items():
        assert status(whole, source, {"Authorization": f"Bearer {token}"}) == 401, what


def test_only_a_token_that_is_in_force_counts(whole: Stack) -> None:
    source = "127.0.0.12"
    token = whole.tokens.create("root@example.com", timedelta(hours=1))[1]
    expired = whole.tokens.create("root@example.com", timedelta(seconds=-5))[1]
    assert status(whole, source, {"Authorization": f"Bearer {token}"}) == 200
    wrong = (expired, token[:-1], f"{token}x", token.upper(), "x")
    for text in wrong:
        assert status(whole, source, {"Authorization": f"Bearer {text}"}) == 401, text
    assert status(whole, source, {"Authorization": f"Basic {token}"}) == 401


def test_guessing_from_one_address_has_to_wait_and_others_do_not(whole: Stack) -> None:
    bad = {"Authorization": "Bearer guess"}
    found = [status(whole, "127.0.0.13", bad) for _ in range(30)]
    assert set(found[:20]) == {401}
    assert found[-1] == 429
    assert status(whole, "127.0.0.14", {"Authorization": f"Bearer {whole.jwt(ROOT.name)}"}) == 200


def _with_session(whole: Stack) -> Any:
    client = whole.client("127.0.0.15")
    token = whole.tokens.create(ROOT.name, timedelta(hours=1))[1]
    form = {"token": token, "next": "//evil.example/x"}
    answer = client.post("/sign-in", data=form, headers={"Origin": whole.url})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite" in cookie
    return client


def test_a_session_does_only_what_our_own_pages_send(whole: Stack) -> None:
    before = whole.written()
    with closing(_with_session(whole)) as client:
        own = {"Origin": whole.url}
        assert client.post("/graphql", json={"query": "{ version }"}, headers=own).is_success
        for headers in (
            {},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": f"{whole.url}.evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": whole.url, "Sec-Fetch-Site": "cross-site"},
            {"Origin": "https://evil.example", "Host": "evil.example:1", "Referer": whole.url},
        ):
            answer = client.post("/graphql", json=PAUSE, headers=headers)
            assert answer.status_code == 403, headers
            key = "/report_asset_materialization/alpha/orders"
            assert client.post(key, json={}, headers=headers).status_code == 403
            assert client.post("/sign-out", headers=headers).status_code == 403
        assert client.get("/graphql", params=PAUSE).status_code == 405
        assert whole.written() == before
        kept = dict(client.cookies)
        assert client.post("/sign-out", headers=own).status_code == 303
    with whole.client("127.0.0.15", cookies=kept) as client:
        answer = client.post("/graphql", json={"query": "{ version }"}, headers=own)
        assert answer.status_code == 401


def replace(file: Path, text: str) -> None:
    unfinished = file.with_suffix(".new")
    unfinished.write_text(text)
    os.replace(unfinished, file)


def test_who_has_no_rights_does_and_sees_nothing(whole: Stack) -> None:
    """Olaf is in no team; who signs in has now no rights by that alone."""
    arguments = {
        (name, location): ARGUMENTS[name](whole.place(location))
        for name in ALL
        for location in LOCATIONS
    }
    replace(whole.teams, CLOSED)
    try:
        before, wrong = whole.written(), []
        for (name, location), given in arguments.items():
            answer = whole.post(OLAF, document(name), given)
            if answer.status_code != 403 or whole.written() != before:
                wrong.append((name, location, answer.text))
        assert wrong == []
        for path in ("/", "/runs", "/server_info", "/graphql?query={version}", "/logs/x/out"):
            assert whole.of(OLAF).get(path).status_code == 403, path
        assert whole.data(PERSONS["anna"], "{ version }")
    finally:
        replace(whole.teams, TEAMS)
    assert whole.data(OLAF, "{ version }")


def test_rights_that_change_count_at_the_next_request(whole: Stack) -> None:
    lars = PERSONS["lars"]
    start = document("startSensor"), {"sensorSelector": whole.place("alpha").sensor()}
    seen = '{ workspaceLocationEntryOrError(name: "gamma") { __typename } }'
    assert is_denied(whole.post(lars, *start).json())
    assert whole.data(lars, seen)["workspaceLocationEntryOrError"] is None
    more = TEAMS.replace("[edith@example.com]", f"[edith@example.com, {lars.name}]").replace(
        "viewer: [greta@example.com]", f"viewer: [greta@example.com, {lars.name}]"
    )
    replace(whole.teams, more)
    try:
        assert not is_denied(whole.post(lars, *start).json())
        assert whole.data(lars, seen)["workspaceLocationEntryOrError"] is not None
        replace(whole.teams, "teams: [")
        assert not is_denied(whole.post(lars, *start).json())
    finally:
        replace(whole.teams, TEAMS)
    assert is_denied(whole.post(lars, *start).json())
    assert whole.data(lars, seen)["workspaceLocationEntryOrError"] is None


def test_the_audit_log_of_it_all_verifies(whole: Stack) -> None:
    done = whole.run_command("audit", "verify")
    assert done.returncode == 0, done.stdout + done.stderr
