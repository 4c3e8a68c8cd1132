"""Dagster's page says who has signed in and how to sign out, if there is a session to end."""

from __future__ import annotations

from pathlib import Path

import dagster_webserver
import pytest
from starlette.authentication import AuthCredentials
from starlette.requests import Request
from starlette.responses import HTMLResponse

from sales_assets.platform.people import Person
from sales_assets.platform.signing_in.signed_in_bar import STYLE_PATH, with_bar

POLICY = {"Content-Security-Policy": "style-src 'self'", "Cache-Control": "no-store"}
INDEX = Path(dagster_webserver.__file__).parent / "webapp" / "build" / "index.html"


def shown(name: str, *scopes: str) -> HTMLResponse:
    """Dagster's page, for somebody who came in that way."""
    scope = {"type": "http", "user": Person(name), "auth": AuthCredentials(list(scopes))}
    page = HTMLResponse(INDEX.read_text(encoding="utf-8"), headers=POLICY)
    return with_bar(Request(scope), page)


def test_the_bar_stands_beside_dagster_s_own_part_of_the_page() -> None:
    own = INDEX.read_text(encoding="utf-8")
    page = shown("vera@example.com", "authenticated", "session")
    text = bytes(page.body).decode()
    bar = text[text.index("<nav") : text.index("</nav>") + len("</nav>")]
    assert "Signed in as vera@example.com" in bar
    assert '<form method="post" action="/sign-out">' in bar
    link = f'<link rel="stylesheet" href="{STYLE_PATH}">'
    assert text.replace(bar, "").replace(link, "").split() == own.split(), "the rest is as it was"
    assert text.index(link) < text.index("</head>")
    assert text.index('<div id="root"></div></div>') < text.index("<nav") < text.index("</body>")
    assert "style=" not in bar
    assert "script" not in bar


def test_the_page_keeps_its_headers_and_has_its_own_length() -> None:
    page = shown("vera@example.com", "session")
    assert page.headers["content-security-policy"] == POLICY["Content-Security-Policy"]
    assert page.headers["cache-control"] == "no-store"
    assert page.headers.getlist("content-length") == [str(len(page.body))]
    assert page.headers.getlist("content-type") == ["text/html; charset=utf-8"]


@pytest.mark.parametrize("scopes", [(), ("authenticated",)])
def test_without_a_session_there_is_nothing_to_sign_out_of(scopes: tuple[str, ...]) -> None:
    page = shown("vera@example.com", *scopes)
    assert bytes(page.body).decode() == INDEX.read_text(encoding="utf-8")


def test_a_name_cannot_break_out_of_the_bar() -> None:
    text = bytes(shown('"><script>alert(1)</script>&', "session").body).decode()
    assert "<script>alert" not in text
    assert text.count("&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;") == 2
