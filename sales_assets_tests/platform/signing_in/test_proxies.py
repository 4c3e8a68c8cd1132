"""A proxy is believed if it is one, and nobody else is taken for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sales_assets_tests.platform.signing_in.served import Served, served

SECRET = "a secret of the proxy"
VERA = {"X-Auth-Request-Email": "Vera@Example.com", "X-Auth-Request-Groups": "Ops, data ,"}
FROM_PROXY = {**VERA, "X-Proxy-Secret": SECRET}
OUTSIDE = "127.0.0.2"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(
        tmp_path_factory.mktemp("proxies"),
        trusted_proxies="192.0.2.0/24, 127.0.0.1",
        proxy_secret=SECRET,
        sign_in_attempts=1000,
    ) as made:
        yield made


def test_the_proxy_says_who_it_is_and_what_it_came_with_goes_no_further(site: Served) -> None:
    told = len(site.recorder.intents)
    answer = site.get(headers=FROM_PROXY).json()
    assert (answer["name"], answer["groups"], answer["way"]) == (
        "vera@example.com",
        ["data", "ops"],
        "proxy",
    )
    assert not {name.lower() for name in FROM_PROXY} & set(answer["headers"])
    assert len(site.recorder.intents) == told, "a request is no sign-in"


def test_from_another_address_the_headers_say_nothing(site: Served) -> None:
    assert site.get(headers=VERA, source=OUTSIDE).status_code == 401
    assert "email" not in site.get(headers=VERA, source=OUTSIDE).text
    bearer = {"Authorization": f"Bearer {site.token('lars@example.com')}"}
    answer = site.get(headers={**VERA, **bearer}, source=OUTSIDE).json()
    assert (answer["name"], answer["groups"]) == ("lars@example.com", [])


def test_without_the_secret_the_headers_say_nothing(site: Served) -> None:
    told = len(site.recorder.intents)
    assert site.get(headers=VERA).status_code == 401
    assert len(site.recorder.intents) == told


@pytest.mark.parametrize("source", ["127.0.0.1", OUTSIDE])
@pytest.mark.parametrize("secret", ["sesame", f"{SECRET}x", SECRET[:-1], SECRET.upper()])
def test_a_wrong_secret_is_a_forgery_from_everywhere(
    source: str, secret: str, site: Served
) -> None:
    told = len(site.recorder.intents)
    bearer = {"Authorization": f"Bearer {site.token()}"}
    forged = {**VERA, **bearer, "X-Proxy-Secret": secret}
    assert site.get(headers=forged, source=source).status_code == 401
    assert site.recorder.entries(told) == [("sign-in", "proxy", "Vera@Example.com", "denied")]
    assert site.recorder.intents[-1].address == source
    assert secret not in str(site.recorder)


def test_the_right_secret_from_another_address_is_a_forgery(site: Served) -> None:
    assert site.get(headers=FROM_PROXY, source=OUTSIDE).status_code == 401
    forwarded = {**FROM_PROXY, "X-Forwarded-For": "127.0.0.1"}
    assert site.get(headers=forwarded, source=OUTSIDE).status_code == 401


@pytest.mark.parametrize(
    "more",
    [
        [("X-Auth-Request-Email", "root@example.com")],
        [("X_Auth_Request_Email", "root@example.com")],
        [("X-Auth_Request-Groups", "admins")],
        [("x-auth-request-groups", "admins")],
        [("X-Proxy-Secret", SECRET)],
        [("X_Proxy_Secret", SECRET)],
    ],
)
def test_a_header_that_is_there_twice_or_spelled_otherwise_is_refused(
    more: list[tuple[str, str]], site: Served
) -> None:
    assert site.get(headers=[*FROM_PROXY.items(), *more]).status_code == 401


@pytest.mark.parametrize(
    "name",
    [
        *("", "machine:alpha_ci", "group:ops", "vera@example.com,root@example.com", "a b@c"),
        *("x" * 255, "a\tb"),
    ],
)
def test_a_name_that_no_person_has_is_refused(name: str, site: Served) -> None:
    headers = {**FROM_PROXY, "X-Auth-Request-Email": name}
    assert site.get(headers=headers).status_code == 401


def test_who_has_not_signed_in_at_the_proxy_may_bring_a_token(site: Served) -> None:
    bearer = {"Authorization": f"Bearer {site.token()}", "X-Proxy-Secret": SECRET}
    assert site.get(headers=bearer).json()["way"] == "token"


def test_a_page_of_another_site_cannot_use_the_proxy_s_sign_in(site: Served) -> None:
    with site.client(headers=FROM_PROXY) as client:
        assert (
            client.post("/graphql", headers={"Origin": "https://evil.example"}).status_code == 403
        )
        assert client.post("/graphql", headers={"Origin": site.url}).status_code == 200
        assert client.post("/graphql").status_code == 200, "a program behind the proxy"


def test_headers_that_are_refused_do_not_fill_the_audit_log(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "trusted_proxies": "192.0.2.1",
        "proxy_secret": SECRET,
        "sign_in_attempts": 2,
    }
    with served(tmp_path, **options) as site:
        for forged in ({"X_Proxy_Secret": "x"}, {"X-Proxy-Secret": "x"}):
            found = [site.get(headers=forged).status_code for _ in range(3)]
            assert found[-1] == 429
        assert len(site.recorder.intents) == 2
