"""A JWT counts if its issuer made it for us, and not otherwise."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sales_assets.errors import UsageError
from sales_assets.platform.signing_in import signing_keys
from sales_assets.settings import Settings
from sales_assets_tests.platform.signing_in.served import (
    Key,
    Served,
    running,
    served,
    usual_claims,
)

KEY, OTHER, ELSEWHERE = Key("one"), Key("two"), Key("one")
NESTED = base64.urlsafe_b64encode(b"[" * 5000).decode().rstrip("=")
ISSUER = {"jwt_issuer": "https://issuer.example", "jwt_audience": "sales"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("jwts")
    keys = folder / "keys.json"
    keys.write_text(json.dumps({"keys": [KEY.jwk(), OTHER.jwk()]}))
    with served(folder / "home", jwt_keys_file=keys, sign_in_attempts=1000, **ISSUER) as made:
        yield made


def ask(site: Served, token: str) -> tuple[int, dict[str, Any]]:
    answer = site.get(headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


def test_a_token_of_the_issuer_says_who_and_in_which_groups(site: Served) -> None:
    claims = usual_claims(email="Vera@Example.com", groups=["Ops", "data"], email_verified=True)
    for key in (KEY, OTHER):
        status, seen = ask(site, key.sign(claims))
        assert (status, seen["name"], seen["groups"], seen["way"]) == (
            200,
            "vera@example.com",
            ["data", "ops"],
            "jwt",
        )


def test_a_clock_that_is_a_little_off_does_no_harm(site: Served) -> None:
    now = int(time.time())
    assert ask(site, KEY.sign(usual_claims(exp=now - 10)))[0] == 200
    assert ask(site, KEY.sign(usual_claims(nbf=now + 10)))[0] == 200


def test_an_issuer_may_leave_out_whether_an_address_is_verified_and_may_not_deny_it(
    tmp_path: Path,
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [KEY.jwk()]}))
    options: dict[str, Any] = {"jwt_keys_file": keys, "claim_needs_verified_email": False, **ISSUER}
    with served(tmp_path / "home", **options) as site:
        assert ask(site, KEY.sign(usual_claims(email_verified=None)))[0] == 200
        assert ask(site, KEY.sign(usual_claims(email_verified=False)))[0] == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 1_700_000_000},
        {"exp": None},
        {"exp": "never"},
        {"exp": float("inf")},
        {"exp": [1]},
        {"nbf": 4_000_000_000},
        {"nbf": None},
        {"iss": "https://issuer.example/"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another", "more"]},
        {"aud": None},
        {"email": None},
        {"email": 7},
        {"email": ["vera@example.com"]},
        {"email": "machine:alpha_ci"},
        {"email": "vera@example.com root@example.com"},
        {"email": "\u212aate@example.com"},
        {"email_verified": None},
        {"email_verified": False},
        {"email_verified": "false"},
        {"email_verified": 0},
        {"groups": {"ops": True}},
        {"groups": [7]},
    ],
)
def test_a_claim_that_is_not_as_it_should_be_is_refused(
    changed: dict[str, Any], site: Served
) -> None:
    claims = {name: value for name, value in usual_claims(**changed).items() if value is not None}
    assert ask(site, KEY.sign(claims))[0] == 401


def test_a_token_that_is_signed_by_nobody_or_by_another_is_refused(site: Served) -> None:
    claims = usual_claims(email="root@example.com")
    head, body, signature = KEY.sign(claims).split(".")
    other = KEY.sign(usual_claims()).split(".")[2]
    for token in (
        ELSEWHERE.sign(claims),
        OTHER.sign(claims, kid="one"),
        f"{head}.{body}.{other}",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{signature[:-8]}AAAAAAAA",
        jwt.encode(claims, "", "none", {"kid": "one"}),
        jwt.encode(claims, KEY.private, "RS512", {"kid": "one"}),
        jwt.encode(claims, KEY.private, "PS256", {"kid": "one"}),
        "x" * 20_000,
        "a.b.c",
        f"{NESTED}.{body}.{signature}",
        f"{head}.{NESTED}.{signature}",
    ):
        assert ask(site, token)[0] == 401


def test_the_public_key_is_no_secret_to_sign_with(site: Served) -> None:
    """HS256 with the public key as its secret, which libraries once took."""
    head = {"alg": "HS256", "typ": "JWT", "kid": "one"}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in (head, usual_claims(email="root@example.com"))
    ]
    for secret in (KEY.public_pem, KEY.public_pem.strip(), json.dumps(KEY.jwk()).encode()):
        mac = hmac.digest(secret, b".".join(parts), hashlib.sha256)
        signed = b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")])
        assert ask(site, signed.decode())[0] == 401


@pytest.mark.parametrize(
    "headers",
    [
        *({"kid": kid} for kid in ("", "three", "../../../dev/null", "one' or '1'='1", "one\x00")),
        {"kid": "x", "jku": "https://evil.example/keys"},
        {"kid": "x", "x5u": "https://evil.example/keys"},
        {"kid": "x", "jwk": ELSEWHERE.jwk()},
        {"kid": "one", "jwk": ELSEWHERE.jwk()},
        {"kid": "one", "crit": ["b64"], "b64": False},
    ],
)
def test_a_token_cannot_bring_its_key_along_nor_say_where_it_is(
    headers: dict[str, Any], site: Served
) -> None:
    assert ask(site, ELSEWHERE.sign(usual_claims(), **headers))[0] == 401


def test_a_token_that_names_no_key_is_refused(site: Served) -> None:
    assert ask(site, jwt.encode(usual_claims(), KEY.private, "RS256"))[0] == 401


def test_only_asymmetric_ways_of_signing_can_be_allowed() -> None:
    for name in ("HS256", "none", "RS256,HS512", ""):
        with pytest.raises(ValueError, match="jwt_algorithms"):
            Settings(jwt_algorithms=name)


def test_some_issuers_never_say_from_when(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [KEY.jwk()]}))
    options: dict[str, Any] = {"jwt_keys_file": keys, "jwt_needs_nbf": False, **ISSUER}
    with served(tmp_path / "home", **options) as site:
        assert ask(site, KEY.sign(usual_claims(nbf=None)))[0] == 200
        assert ask(site, KEY.sign(usual_claims(nbf=4_000_000_000)))[0] == 401


def test_a_file_that_holds_no_keys_is_an_error(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    for text in ("", "[]", "{}", '{"keys": [{"kty": "RSA"}]}'):
        keys.write_text(text)
        with pytest.raises(UsageError, match=r"keys\.json: holds no keys"):
            signing_keys.FileKeys(keys)


class Publisher:
    """An issuer that publishes keys, and counts who asks."""

    def __init__(self) -> None:
        self.keys = [KEY.jwk()]
        self.up = True
        self.asked = 0

    async def answer(self, _: Request) -> Response:
        self.asked += 1
        return JSONResponse({"keys": self.keys}, 200 if self.up else 500)


def test_an_outage_of_the_issuer_keeps_the_keys_and_new_ones_are_fetched_at_most_once_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer, clock = Publisher(), [1000.0]
    ours = SimpleNamespace(monotonic=lambda: clock[0])
    for module in ("jwt.jwks_client", "jwt.jwk_set_cache", "jwt.api_jwk", signing_keys.__name__):
        monkeypatch.setattr(f"{module}.time", ours)
    app = Starlette(routes=[Route("/keys", issuer.answer)])
    with running(app) as address:
        keys = signing_keys.IssuerKeys(f"{address}/keys")
        keys.get_signing_key("one")
        issuer.keys = [OTHER.jwk()]
        for _ in range(20):
            with pytest.raises(jwt.PyJWKClientError):
                keys.get_signing_key("two")
        assert issuer.asked == 1, "whoever invents key ids does not make us ask"
        clock[0] += 61
        keys.get_signing_key("two")
        assert issuer.asked == 2
        issuer.up = False
        clock[0] += 7200
        for _ in range(20):
            keys.get_signing_key("two")
        assert issuer.asked == 3
        clock[0] += 61
        for _ in range(20):
            with pytest.raises(jwt.PyJWKClientError):
                keys.get_signing_key("three")
        assert issuer.asked == 4


def test_an_issuer_that_never_answered_lets_nobody_in(tmp_path: Path) -> None:
    options = {"jwt_keys_url": "http://127.0.0.1:9/keys", **ISSUER}
    with served(tmp_path, **options) as site:
        assert ask(site, KEY.sign(usual_claims()))[0] == 401
