"""After a sign-in the browser stays with us."""

from __future__ import annotations

from urllib.parse import quote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.platform.signing_in.local_path import local_path

OWN = "https://dagster.example"


@pytest.mark.parametrize("path", ["/", "/runs", "/assets/a%2Fb?x=1&next=//y#z", "/a/b/c?d=e:f@g"])
def test_a_path_of_ours_is_taken(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        *("//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example"),
        *("https://evil.example", "///evil.example", "/\t/evil.example", "/\n/evil.example"),
        *("/\x00/evil", " //evil.example", "/ /evil", "javascript:alert(1)", "data:text/html,x"),
        *("", "runs", "?next", "#x", "/.//evil.example", "/..//evil.example", "/a\r\nSet-Cookie:x"),
        *("/\u2028/evil", "/\uff0fevil.example", "/sign-in?next=/sign-in", "/sign-out", "/é"),
        "/" + "x" * 2000,
    ],
)
def test_everything_else_becomes_the_home_page(text: str) -> None:
    assert local_path(text) == "/"
    assert local_path(None) == "/"


_PARTS = st.sampled_from(
    [
        "/",
        "\\",
        ".",
        "..",
        "//",
        "evil.example",
        "https:",
        "@",
        "%2f",
        "%5c",
        "%09",
        "\t",
        "\n",
        ":",
    ]
)


@given(st.one_of(st.text(), st.lists(_PARTS).map("".join)))
def test_a_browser_that_follows_it_is_still_with_us(text: str) -> None:
    """As a browser reads it: it skips tabs and line ends, and takes a backslash for a slash."""
    path = local_path(text)
    read = path.translate({9: None, 10: None, 13: None}).replace("\\", "/").strip()
    there = urlsplit(urljoin(f"{OWN}/sign-in", read))
    assert (there.scheme, there.netloc) == ("https", "dagster.example")
    assert not there.path.startswith("//")
    assert quote(path, safe=":/%#?=@[]!$&'()*+,;~\"<>^`{|}-._") == path
