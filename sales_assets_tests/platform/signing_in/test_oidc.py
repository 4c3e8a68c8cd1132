"""A sign-in at an issuer, as a browser does it, and the ways to cheat at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from sales_assets_tests.platform.signing_in.issuer import CLIENT, SECRET, Issuer
from sales_assets_tests.platform.signing_in.served import (
    CLOSED,
    PAGE,
    Key,
    Served,
    running,
    served,
)
from sales_assets_tests.platform.small import TEAMS

PUBLIC = "http://dagster.example"
CALLBACK = "/sign-in/oidc/callback"


@contextmanager
def signing_in_at(
    issuer: Issuer, home: Path, teams: str = TEAMS, **settings: Any
) -> Iterator[Served]:
    with running(issuer.app()) as address:
        options = {
            "oidc_issuer": address,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
            "public_url": PUBLIC,
            **settings,
        }
        with served(home, teams, **options) as site:
            yield site


KEY, OTHER_KEY = Key(), Key()


@dataclass
class Both:
    """An issuer, and the webserver where people sign in at it."""

    issuer: Issuer
    site: Served


@pytest.fixture(scope="module")
def running_both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    issuer = Issuer(key=KEY)
    home = tmp_path_factory.mktemp("oidc")
    with signing_in_at(issuer, home, sign_in_attempts=1000) as site:
        yield Both(issuer, site)


@pytest.fixture
def both(running_both: Both) -> Iterator[Both]:
    """An honest issuer, and an empty audit log."""
    running_both.site.recorder.intents.clear()
    yield running_both
    honest = Issuer(key=KEY)
    for name in ("person", "cheat", "signs", "seen"):
        setattr(running_both.issuer, name, getattr(honest, name))


def at_issuer(client: httpx.Client, goes_to: str = "/") -> str:
    """Go to the issuer; the path with which it sends the browser back."""
    away = client.get("/sign-in/oidc", params={"next": goes_to})
    assert away.status_code == 303
    back = httpx.get(away.headers["location"])
    assert back.headers["location"].startswith(f"{PUBLIC}{CALLBACK}?")
    return str(back.headers["location"]).removeprefix(PUBLIC)


def changed(path: str, **values: str | None) -> str:
    """The path with other values in its query; without those that are None."""
    query = {name: value[0] for name, value in parse_qs(urlsplit(path).query).items()}
    kept = {name: value for name, value in (query | values).items() if value is not None}
    return f"{CALLBACK}?{urlencode(kept)}"


def test_who_signs_in_at_the_issuer_comes_back_to_the_page_that_they_wanted(both: Both) -> None:
    issuer, site = both.issuer, both.site
    issuer.person = {"email": "Vera@Example.com", "groups": ["Ops"], "email_verified": True}
    with site.client() as client:
        assert "Sign in at 127.0.0.1" in client.get("/sign-in?next=/runs").text
        path = at_issuer(client, "/runs?x=1")
        answer = client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/runs?x=1")
        seen = client.get("/x").json()
        assert (seen["name"], seen["groups"], seen["way"]) == ("vera@example.com", ["ops"], "oidc")
        assert set(client.cookies) == {"sales_assets_session"}, "the flow's is gone"
        assert site.recorder.entries() == [("sign-in", "oidc", "vera@example.com", "succeeded")]
        [asked] = issuer.seen
        assert asked["code_challenge_method"] == "S256"
        assert asked["response_type"] == "code"
        assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3


def test_an_answer_counts_once(both: Both) -> None:
    site = both.site
    with site.client() as client:
        path = at_issuer(client)
        flow = dict(client.cookies)
        assert client.get(path).status_code == 303
        with site.client(cookies=flow) as again:
            assert again.get(path).status_code == 403
            assert "sales_assets_session" not in again.cookies
        assert site.recorder.ends[1][1] == "the answer was used before"


def test_an_answer_counts_for_the_browser_alone_that_went_there(both: Both) -> None:
    """Else an attacker would have a victim's browser sign in as the attacker."""
    site = both.site
    with site.client() as attacker, site.client() as victim:
        path = at_issuer(attacker)
        assert victim.get(path).status_code == 403, "a browser that went nowhere"
        at_issuer(victim)
        assert victim.get(path).status_code == 403, "one that went there for itself"
        assert "sales_assets_session" not in victim.cookies


@pytest.mark.parametrize(
    "values",
    [
        {"state": "another"},
        {"state": None},
        {"state": ""},
        {"state": "\u00e9"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"iss": ""},
        {"code": None},
        {"code": "guessed"},
        {"error": "access_denied"},
    ],
)
def test_an_answer_that_is_not_the_issuer_s_to_us_is_refused(
    values: dict[str, str | None], both: Both
) -> None:
    site = both.site
    with site.client() as client:
        path = at_issuer(client)
        assert client.get(changed(path, **values)).status_code == 403
        assert not client.cookies
        assert [entry[3] for entry in site.recorder.entries()] == ["denied"]


def test_a_value_that_is_there_twice_is_refused(both: Both) -> None:
    site = both.site
    with site.client() as client:
        path = at_issuer(client)
        assert client.get(f"{path}&iss=https://evil.example").status_code == 403


def test_a_code_of_another_browser_s_flow_does_not_fit(both: Both) -> None:
    """A code that was stolen is of no use: its verifier and its nonce are another browser's."""
    site = both.site
    with site.client() as attacker, site.client() as victim:
        [stolen] = parse_qs(urlsplit(at_issuer(victim)).query)["code"]
        assert attacker.get(changed(at_issuer(attacker), code=stolen)).status_code == 403


def _without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def _with(**values: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: claims | values


@pytest.mark.parametrize(
    "cheat",
    [
        *(_without(name) for name in ("nonce", "exp", "iat", "sub", "iss", "aud", "email")),
        _without("email_verified"),
        *(_with(nonce=value) for value in ("another", "", 7, None)),
        *(_with(aud=value) for value in ("another", [CLIENT, "another"])),
        *(_with(**values) for values in ({"iss": "https://evil.example"}, {"azp": "another"})),
        *(_with(**values) for values in ({"exp": 1}, {"email_verified": False})),
        _with(email="machine:alpha_ci"),
    ],
)
def test_an_id_token_that_is_not_as_it_should_be_is_refused(
    cheat: Callable[[dict[str, Any]], dict[str, Any]], both: Both
) -> None:
    both.issuer.cheat = cheat
    with both.site.client() as client:
        assert client.get(at_issuer(client)).status_code == 403
        assert not client.cookies
    assert both.site.recorder.ends[0][1] not in {"", "the issuer did not take the code"}


def test_an_id_token_that_another_key_signed_is_refused(both: Both) -> None:
    both.issuer.signs = OTHER_KEY
    with both.site.client() as client:
        assert client.get(at_issuer(client)).status_code == 403


def test_a_token_for_several_clients_says_that_it_was_made_for_us(both: Both) -> None:
    both.issuer.cheat = _with(aud=[CLIENT, "another"], azp=CLIENT)
    with both.site.client() as client:
        assert client.get(at_issuer(client)).status_code == 303


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
def test_an_issuer_that_says_it_is_another_is_not_used(
    about: dict[str, Any], tmp_path: Path
) -> None:
    with signing_in_at(Issuer(key=KEY, about=about), tmp_path) as site:
        answer = site.get("/sign-in/oidc", headers=PAGE)
        assert answer.status_code == 503
        assert "does not answer" in answer.text


def test_an_issuer_that_does_not_answer_is_asked_again_later(tmp_path: Path) -> None:
    issuer = Issuer(key=KEY, up=False)
    with signing_in_at(issuer, tmp_path) as site, site.client() as client:
        assert client.get("/sign-in/oidc").status_code == 503
        assert client.get("/sign-in").status_code == 200, "the rest works"
        issuer.up = True
        assert client.get("/sign-in/oidc").status_code == 503, "not at each click"


def test_who_is_in_no_team_gets_no_session(tmp_path: Path) -> None:
    issuer = Issuer(key=KEY, person={"email": "olaf@example.com"})
    with signing_in_at(issuer, tmp_path, CLOSED) as site, site.client() as client:
        answer = client.get(at_issuer(client))
        assert answer.status_code == 403
        assert "root@example.com" in answer.text
        assert not client.cookies


def test_failed_answers_have_to_wait(tmp_path: Path) -> None:
    with (
        signing_in_at(Issuer(key=KEY), tmp_path, sign_in_attempts=2) as site,
        site.client() as client,
    ):
        found = [client.get(f"{CALLBACK}?code=x&state=y").status_code for _ in range(3)]
        assert found == [403, 403, 429]
        assert client.get("/sign-in/oidc").status_code == 429


def test_the_sign_in_at_the_issuer_leads_to_no_other_site(both: Both) -> None:
    site = both.site
    with site.client() as client:
        path = at_issuer(client, "//evil.example")
        assert client.get(path).headers["location"] == "/"


def test_a_public_client_has_no_secret_but_the_proof_of_each_code(tmp_path: Path) -> None:
    issuer = Issuer(key=KEY, client_has_secret=False)
    with (
        signing_in_at(issuer, tmp_path, oidc_client_secret=None) as site,
        site.client() as client,
    ):
        assert client.get(at_issuer(client)).status_code == 303
