"""The page of the data dictionary: complete, by itself, and only text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from sales_assets.exports.dictionary import Entry
from sales_assets.exports.page import render

FACTS = {"made_at": "2024-01-02T03:04:05Z", "made_by": "us", "source_of_truth": "The warehouse."}
TABLE = Entry(
    "mart", "", "table", "", "All <b>sales</b> of `a` & b.", "One row for each a.", "fct", ""
)
COLUMN = Entry("mart", "net", "decimal(38,4)", "money", "In `currency`.", "", "", "x: <script>")
OTHER = Entry("fct", "", "table", "", "Lines.", "", "", "")


class Ids(HTMLParser):
    """The ids of a page, and the ids that it links to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(
        self,
        tag: str,  # noqa: ARG002  # whatever it is
        attrs: list[tuple[str, str | None]],
    ) -> None:
        given = dict(attrs)
        self.ids += [of for of in [given.get("id")] if of]
        self.links += [of for of in [given.get("href")] if of]


def page() -> str:
    return render([TABLE, COLUMN, OTHER], ["mart"], FACTS)


def test_every_text_is_escaped_and_names_are_marked() -> None:
    assert "All &lt;b&gt;sales&lt;/b&gt; of <code>a</code> &amp; b." in page()
    assert "x: &lt;script&gt;" in page()
    assert "<script" not in page()


def test_every_table_and_column_can_be_linked_to() -> None:
    found = Ids(page())
    assert found.ids == ["mart", "mart.net", "fct"]
    assert found.links == ["#mart", "#fct"]


def test_what_is_not_exported_is_said_to_be_in_the_warehouse_only() -> None:
    assert len(re.findall("in the warehouse only", page())) == 1


def test_the_page_needs_nothing_from_elsewhere_and_knows_light_and_dark() -> None:
    assert "default-src 'none'" in page()
    assert not re.findall(r"(?:src|href)=\"(?!#)|url\(|@import", page())
    assert "prefers-color-scheme: dark" in page()
