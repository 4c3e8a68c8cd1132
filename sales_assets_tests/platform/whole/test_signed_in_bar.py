"""The served UI says to each person who has signed in, and signs out whom a session let in."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest

from sales_assets_tests.platform.whole.persons import PERSONS, Who
from sales_assets_tests.platform.whole.stack import Stack

pytestmark = pytest.mark.long
BAR = 'id="signed-in"'
STYLE = "/signed-in.css"


@pytest.mark.parametrize("who", PERSONS.values(), ids=list(PERSONS))
def test_only_who_has_a_session_is_offered_to_sign_out(whole: Stack, who: Who) -> None:
    for path in ("/", "/runs", "/locations/alpha"):
        page = whole.of(who).get(path, headers={"Accept": "text/html"})
        assert (BAR in page.text) is (who.way == "session"), path
        assert page.headers["cache-control"] == "no-store"
        if who.way == "session":
            assert f"Signed in as {who.name}</span>" in page.text
    style = whole.of(who).get(STYLE)
    assert style.status_code == (200 if who.is_in else 401)
    if who.is_in:
        assert style.headers["content-type"].startswith("text/css")


def test_the_page_s_policy_lets_the_bar_s_style_and_form_be_used(whole: Stack) -> None:
    policy = whole.of(PERSONS["boris"]).get("/").headers["content-security-policy"]
    said = {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}
    assert "'self'" in said["style-src"]
    assert said["form-action"] == ["'self'"]


def test_the_bar_is_whose_session_it_is_and_goes_with_the_session(whole: Stack) -> None:
    with closing(whole.client("127.0.0.21", headers={"Origin": whole.url})) as client:
        for name in ("vera@example.com", "lars@example.com"):
            token = whole.tokens.create(name, timedelta(hours=1))[1]
            assert client.post("/sign-in", data={"token": token}).status_code == 303
            text = client.get("/").text
            assert f"Signed in as {name}" in text
            assert text.count("Signed in as") == 1
        assert client.post("/sign-out").headers["location"] == "/sign-in"
        assert client.get("/").status_code == 401
