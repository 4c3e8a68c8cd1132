"""Nobody comes in who has not signed in, and who has is who they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from sales_assets.errors import UsageError
from sales_assets.platform.signing_in.build import SigningIn
from sales_assets.platform.teams_file import TeamsFile
from sales_assets.settings import Settings
from sales_assets_tests.platform.signing_in.served import (
    CLOSED,
    PAGE,
    Key,
    Recorder,
    Served,
    served,
    usual_claims,
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("gate"), sign_in_attempts=1000) as made:
        yield made


def test_a_webserver_at_which_nobody_could_sign_in_does_not_start(tmp_path: Path) -> None:
    teams = tmp_path / "teams.yaml"
    teams.write_text(CLOSED)
    with pytest.raises(UsageError, match="sales-assets token create"):
        SigningIn.of(Settings(home=tmp_path / "home"), TeamsFile(teams), Recorder())


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"jwt_issuer": "x"}, "JWT_AUDIENCE"),
        ({"oidc_issuer": "https://issuer.example"}, "PUBLIC_URL"),
        ({"proxy_secret": "0123456789abcdef"}, "TRUSTED_PROXIES"),
    ],
)
def test_a_way_that_is_set_up_by_half_is_an_error_and_not_a_way_less(
    settings: dict[str, str], missing: str, tmp_path: Path
) -> None:
    teams = tmp_path / "teams.yaml"
    teams.write_text(CLOSED)
    made = Settings(home=tmp_path / "home", **settings)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=missing):
        SigningIn.of(made, TeamsFile(teams), Recorder())


def test_a_page_leads_to_the_sign_in_and_back(site: Served) -> None:
    answer = site.get("/runs?x=1&y=%2F", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/sign-in?next=%2Fruns%3Fx%3D1%26y%3D%252F",
    )
    with site.client() as client:
        token = site.token()
        signed = site.sign_in(client, token, "/runs?x=1&y=%2F")
        assert signed.headers["location"] == "/runs?x=1&y=%2F"
        assert client.get("/runs").json()["name"] == "vera@example.com"


@pytest.mark.parametrize(
    "path",
    [
        *("/graphql", "/_next/static/x.js", "/favicon.png", "/logs/a/b", "/sign-in/else"),
        *("/sign-in/", "/sign-inx", "/sign-in/oidc", "/SIGN-IN", "//sign-in", "/healthz/x"),
        *("/sign-in/../graphql", "/healthz/../x", "/%73ign-in/x", "/sign-out%2f..%2fgraphql"),
    ],
)
def test_without_a_sign_in_everything_but_the_sign_in_is_closed(path: str, site: Served) -> None:
    answer = site.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "Sign in" in answer.json()["error"]


def test_a_method_that_an_open_path_does_not_have_is_closed_too(site: Served) -> None:
    with site.client() as client:
        for method, path in (("PUT", "/sign-in"), ("POST", "/healthz"), ("DELETE", "/sign-out")):
            assert client.request(method, path).status_code == 401


def test_the_page_for_probes_tells_nothing(site: Served) -> None:
    answer = site.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")


def test_a_token_is_its_owner_and_goes_no_further(site: Served) -> None:
    token = site.token("machine:alpha_ci")
    answer = site.get(headers={"Authorization": f"Bearer {token}"}).json()
    assert (answer["name"], answer["way"], answer["address"]) == (
        "machine:alpha_ci",
        "token",
        "127.0.0.1",
    )
    assert token not in json.dumps(answer)


def test_a_wrong_token_is_refused_even_beside_a_good_session(site: Served) -> None:
    with site.client() as client:
        site.sign_in(client, site.token())
        assert client.get("/x").status_code == 200
        for wrong in ("Bearer x", "Bearer sa_0", "Bearer", f"Bearer {site.token()}x", "bearer a"):
            answer = client.get("/x", headers={"Authorization": wrong})
            assert answer.status_code == 401
            assert "invalid_token" in answer.headers["www-authenticate"]
        good = site.token()
        twice = [("Authorization", f"Bearer {good}"), ("Authorization", f"Bearer {good}")]
        assert client.get("/x", headers=twice).status_code == 401


def test_a_refused_request_is_in_the_audit_log_and_a_good_one_is_not(tmp_path: Path) -> None:
    with served(tmp_path) as site:
        token = site.token()
        site.get(headers={"Authorization": f"Bearer {token}"})
        assert site.recorder.entries() == []
        site.get(headers={"Authorization": f"Bearer {token[:-1]}"})
        site.get(headers={"Authorization": f"Bearer {token[:-4]}AAAA"})
        assert site.recorder.entries() == [
            ("sign-in", "token", "unknown", "denied"),
            ("sign-in", "token", "vera@example.com", "denied"),
        ]
        assert token[20:-4] not in str(site.recorder)


def test_wrong_tokens_of_an_address_have_to_wait_and_do_not_fill_the_audit_log(
    tmp_path: Path,
) -> None:
    with served(tmp_path, sign_in_attempts=3) as site:
        wrong = {"Authorization": "Bearer sa_wrong"}
        assert [site.get(headers=wrong).status_code for _ in range(5)] == [401, 401, 401, 429, 429]
        assert 0 < int(site.get(headers=wrong).headers["retry-after"]) <= 300
        assert len(site.recorder.intents) == 3
        assert site.get(headers=wrong, source="127.0.0.2").status_code == 401
        assert site.get(headers=PAGE).status_code == 303, "who brings nothing is not barred"


def test_wrong_tokens_of_an_address_lock_out_no_right_one_of_it(tmp_path: Path) -> None:
    key, keys = Key(), tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [key.jwk()]}))
    jwts: dict[str, Any] = {
        "jwt_keys_file": keys,
        "jwt_issuer": "https://issuer.example",
        "jwt_audience": "sales",
    }
    with served(tmp_path / "home", sign_in_attempts=2, **jwts) as site:
        good, signed = site.token("machine:alpha_ci"), key.sign(usual_claims())
        wrong = [good[:-4] + "AAAA", Key().sign(usual_claims()), "x"]

        def ask(token: str) -> int:
            return site.get(headers={"Authorization": f"Bearer {token}"}).status_code

        assert [ask(token) for token in wrong] == [401, 401, 429]
        assert [ask(token) for token in (good, signed)] == [200, 200]
        assert [ask(token) for token in wrong] == [429] * 3
        assert len(site.recorder.intents) == 2


def test_who_is_in_no_team_is_told_who_can_help(tmp_path: Path) -> None:
    with served(tmp_path, CLOSED, sign_in_attempts=2) as site:
        bearer = {"Authorization": f"Bearer {site.token('olaf@example.com')}"}
        answer = site.get(headers=bearer)
        assert answer.status_code == 403
        assert "root@example.com" in answer.json()["error"]
        page = site.get(headers={**bearer, **PAGE})
        assert page.status_code == 403
        assert "root@example.com" in page.text
        for _ in range(3):
            site.get(headers=bearer)
        assert site.recorder.entries() == [("sign-in", "token", "olaf@example.com", "denied")] * 2
        with site.client() as client:
            signed = site.sign_in(client, site.token("olaf@example.com"))
            assert signed.status_code == 403
            assert not client.cookies


def test_taking_somebody_out_of_the_teams_counts_at_once(tmp_path: Path) -> None:
    with served(tmp_path, CLOSED) as site, site.client() as client:
        site.sign_in(client, site.token())
        assert client.get("/x").status_code == 200
        site.teams.write_text(CLOSED.replace("vera@", "another@"))
        assert client.get("/x").status_code == 403


def test_a_websocket_needs_a_sign_in(site: Served) -> None:
    address = f"ws://{site.host}/graphql"
    with pytest.raises(InvalidStatus) as refused, connect(address):
        pass
    assert refused.value.response.status_code == 403
    bearer = {"Authorization": f"Bearer {site.token()}"}
    with connect(address, additional_headers=bearer) as socket:
        assert json.loads(socket.recv(5))["name"] == "vera@example.com"


def test_a_websocket_of_another_site_cannot_use_the_session(site: Served) -> None:
    with site.client() as client:
        site.sign_in(client, site.token())
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
    address = f"ws://{site.host}/graphql"
    with connect(address, additional_headers=cookie, origin=Origin(site.url)) as socket:
        assert json.loads(socket.recv(5))["way"] == "token"
    foreign = ["https://evil.example", "null", f"{site.url}.evil.example", f"{site.url}0", None]
    for origin in foreign:
        said = Origin(origin) if origin else None
        with (
            pytest.raises(InvalidStatus) as refused,
            connect(address, additional_headers=cookie, origin=said),
        ):
            pass
        assert refused.value.response.status_code == 403


def test_an_open_websocket_ends_with_the_token_that_it_was_opened_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sales_assets.platform.signing_in.watching._SECONDS", 0.0)
    with served(tmp_path) as site:
        entry, token = site.tokens.create("vera@example.com", timedelta(hours=1))
        bearer = {"Authorization": f"Bearer {token}"}
        with connect(f"ws://{site.host}/graphql", additional_headers=bearer) as socket:
            socket.recv(5)
            socket.send("still there")
            assert socket.recv(5) == "still there"
            site.tokens.revoke(entry.id)
            socket.send("still there")
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(5)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008


def test_a_form_of_another_site_cannot_use_the_session(site: Served) -> None:
    with site.client() as client:
        site.sign_in(client, site.token())
        own = {"Origin": site.url, "Sec-Fetch-Site": "same-origin"}
        assert client.post("/graphql", headers=own).status_code == 200
        for foreign in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": f"http://evil@{site.host}"},
            {"Origin": f"{site.url}/"},
            {"Origin": site.url.replace("127.0.0.1", "127.0.0.2")},
            {"Origin": site.url, "Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {},
        ):
            assert client.post("/graphql", headers=foreign).status_code == 403
    bearer = {"Authorization": f"Bearer {site.token()}"}
    with site.client() as client:
        assert client.post("/graphql", headers=bearer).status_code == 200


def test_a_request_may_not_be_larger_than_the_limit(tmp_path: Path) -> None:
    with served(tmp_path, request_megabytes=1) as site, site.client() as client:
        client.headers["Authorization"] = f"Bearer {site.token()}"
        assert client.post("/x", content=b"a" * 1_000_000).json()["size"] == 1_000_000
        assert client.post("/x", content=b"a" * 1_000_001).status_code == 413
        parts = (b"a" * 100_000 for _ in range(11))
        assert client.post("/x", content=parts).status_code == 413
