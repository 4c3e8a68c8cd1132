"""Every answer tells browsers what not to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster_webserver
import pytest

from sales_assets.platform.signing_in.secure_headers import strengthened
from sales_assets_tests.platform.signing_in.served import PAGE, Served, served


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("headers")) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *(("/sign-in", 200), ("/healthz", 200), ("/sign-out", 200), ("/x", 200)),
        *(("/raises", 500), ("/closed", 401), ("/closed page", 303)),
    ],
)
def test_every_answer_has_them(path: str, status: int, site: Served) -> None:
    headers = {"Authorization": f"Bearer {site.token()}"} if "closed" not in path else {}
    answer = site.get(path, headers=headers | (PAGE if "page" in path else {}))
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers


def test_a_policy_of_the_application_stays_and_gets_what_it_lacks(site: Served) -> None:
    bearer = {"Authorization": f"Bearer {site.token()}"}
    answer = site.get("/framed", headers=bearer)
    assert answer.headers["content-security-policy"] == (
        "base-uri 'none'; script-src 'nonce-abc' 'strict-dynamic'; frame-ancestors 'none'; "
        "form-action 'self'"
    )


def test_the_policy_of_dagster_s_own_page_stays_as_it_is() -> None:
    own = Path(dagster_webserver.__file__).parent / "webapp" / "build" / "csp-header.txt"
    policy = own.read_text(encoding="utf-8")
    parts = [part.strip() for part in policy.split(";") if part.strip()]
    stronger = strengthened(policy).split("; ")
    assert stronger[: len(parts)] == parts
    assert stronger[len(parts) :] == ["frame-ancestors 'none'", "form-action 'self'"]


def test_only_files_whose_names_change_with_them_are_kept_by_browsers(site: Served) -> None:
    bearer = {"Authorization": f"Bearer {site.token()}"}
    hashed = "/_next/static/chunks/webpack-46d49d2e83566446.js"
    kept = site.get(hashed, headers=bearer).headers["cache-control"]
    assert kept == "private, max-age=31536000, immutable"
    assert site.get(hashed).headers["cache-control"] == "no-store", "a refusal is not kept"
    for path in ("/_next/static/x.js", "/graphql", "/x-46d49d2e83566446.js"):
        assert site.get(path, headers=bearer).headers["cache-control"] == "no-store"


def test_the_sign_in_page_is_complete_in_itself(site: Served) -> None:
    answer = site.get("/sign-in?next=/runs")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script" not in policy
    for word in ("<script", "src=", "onclick", "@import", "url("):
        assert word not in answer.text
    assert '<html lang="en-GB">' in answer.text
    assert 'value="/runs"' in answer.text
