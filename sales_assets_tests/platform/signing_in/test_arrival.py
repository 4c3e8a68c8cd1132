"""What a request says of its way here is believed of a proxy alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sales_assets_tests.platform.signing_in.served import Served, served

FORWARDED = {
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "dagster.example",
    "X-Request-ID": "from-the-proxy.1",
}


PROXIED_BROWSER = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "dagster.example"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("arrival"), trusted_proxies="127.0.0.1,10.0.0.0/8") as made:
        yield made


@pytest.fixture
def bearer(site: Served) -> dict[str, str]:
    return {"Authorization": f"Bearer {site.token()}"}


def test_a_proxy_says_where_a_request_comes_from(site: Served, bearer: dict[str, str]) -> None:
    answer = site.get(headers={**bearer, **FORWARDED})
    seen = answer.json()
    assert (seen["address"], seen["url"], seen["request_id"]) == (
        "198.51.100.7",
        "https://dagster.example/x",
        "from-the-proxy.1",
    )
    assert answer.headers["x-request-id"] == "from-the-proxy.1"
    assert "strict-transport-security" in answer.headers


def test_anybody_else_says_nothing_of_it(site: Served, bearer: dict[str, str]) -> None:
    answer = site.get(headers={**bearer, **FORWARDED}, source="127.0.0.2")
    seen = answer.json()
    assert (seen["address"], seen["url"]) == ("127.0.0.2", f"{site.url}/x")
    assert uuid.UUID(seen["request_id"])
    assert not [name for name in seen["headers"] if name.startswith("x-forwarded")]
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize(
    ("passed", "address"),
    [
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("no address, 198.51.100.7, 10.1.2.3", "198.51.100.7"),
        ("198.51.100.7,::ffff:10.0.0.1", "198.51.100.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_the_client_is_the_last_address_that_is_no_proxy_s(
    passed: str, address: str, site: Served, bearer: dict[str, str]
) -> None:
    seen = site.get(headers={**bearer, "X-Forwarded-For": passed}).json()
    assert seen["address"] == address


@pytest.mark.parametrize(
    "wrong",
    [
        {"X-Forwarded-For": "198.51.100.7, <script>"},
        {"X-Forwarded-Proto": "javascript"},
        {"X-Forwarded-Proto": "https,http"},
        {"X-Forwarded-Host": "a@b"},
        {"X-Forwarded-Host": "a/b"},
        {"X_Forwarded_Proto": "https"},
    ],
)
def test_a_proxy_that_says_it_wrongly_is_refused(
    wrong: dict[str, str], site: Served, bearer: dict[str, str]
) -> None:
    assert site.get(headers={**bearer, **wrong}).status_code == 400


@pytest.mark.parametrize("wrong", ["", "a b", "x" * 65, 'a"b', "a%0Ab"])
def test_an_id_that_is_not_well_formed_is_not_taken(
    wrong: str, site: Served, bearer: dict[str, str]
) -> None:
    seen = site.get(headers={**bearer, "X-Request-ID": wrong}).json()
    assert uuid.UUID(seen["request_id"])


def test_without_trusted_proxies_not_even_this_machine_is_one(tmp_path: Path) -> None:
    """Uvicorn by itself would believe the headers that come from loopback."""
    with served(tmp_path) as site:
        bearer = {"Authorization": f"Bearer {site.token()}"}
        seen = site.get(headers={**bearer, **FORWARDED}).json()
        assert (seen["address"], seen["url"]) == ("127.0.0.1", f"{site.url}/x")
        assert uuid.UUID(seen["request_id"])


def test_behind_a_proxy_browsers_sign_in_and_change_things_by_its_name(site: Served) -> None:
    own = {**PROXIED_BROWSER, "Origin": "https://dagster.example"}
    with site.client() as client:
        signed = client.post("/sign-in", data={"token": site.token()}, headers=own)
        assert signed.status_code == 303
        cookie = {"Cookie": signed.headers["set-cookie"].partition(";")[0]}
        assert client.post("/graphql", headers={**own, **cookie}).status_code == 200
        for origin in (site.url, "https://evil.example", "null"):
            foreign = {**own, **cookie, "Origin": origin}
            assert client.post("/graphql", headers=foreign).status_code == 403
