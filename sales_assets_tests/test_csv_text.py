"""CSV in which no text is a formula, and from which every text can be had back."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sales_assets.csv_text import harmless, write_csv

PLAIN_NUMBER = r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"
TEXTS = st.text() | st.text("=+-@;,\t\r\n\"'` \u200b\ufeff\uff1d\uff0d0a")
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=4) | st.integers()


def cells(text: str) -> list[str]:
    """What a spreadsheet may make of a text: it begins cells at breaks and at semicolons."""
    return re.split(r"[;\t\r\n]", text)


def is_computed(cell: str) -> bool:
    """Whether a spreadsheet that is as lenient as can be takes a cell for a formula."""
    for character in unicodedata.normalize("NFKC", cell):
        if character in "\"'" and character != "'":
            continue
        if character.isspace() or unicodedata.category(character) in {"Cf", "Cc"}:
            continue
        return character in "=+-@"
    return False


def written(*rows: list[str], raw: bool = False) -> str:
    stream = io.StringIO(newline="")
    write_csv(stream, ["name"], rows, raw=raw)
    return stream.getvalue()


def as_it_was(text: str) -> str:
    """A harmless text back: an apostrophe goes where one would be put before what is left."""
    parts = re.split(r"([;\t\r\n\v\f])", text)
    first = parts[0][1:]
    if len(parts) > 1 and parts[0].startswith("'") and set(first) <= set("\"'`"):
        parts[0] = first
    before = "x;" if len(parts) > 1 else ""  # in a longer text a number is a cell like any other
    for at in range(0, len(parts), 2):
        cell = parts[at][1:]
        if parts[at].startswith("'") and harmless(before + cell) == before + parts[at]:
            parts[at] = cell
    return "".join(parts)


@given(TEXTS)
@example("=1+1")
@example("\uff1dcmd|' /C calc'!A0")
@example("\t=1+1")
@example('"=1+1')
@example("a;=1+1")
@example("\u00ad@SUM(1)")
@example("-1+1")
def test_no_cell_of_a_text_is_computed(text: str) -> None:
    shown = harmless(text)
    assert re.fullmatch(PLAIN_NUMBER, shown) or not any(map(is_computed, cells(shown)))
    assert not shown.startswith(("\t", "\r", "\n"))


@given(TEXTS)
@example("'=1")
@example("''\t=1")
@example("\r-0")
def test_every_text_can_be_had_back(text: str) -> None:
    assert as_it_was(harmless(text)) == text


@given(NUMBERS)
def test_numbers_stay_as_they_are(number: Decimal | int) -> None:
    assert harmless(f"{number:f}" if isinstance(number, Decimal) else str(number)) in {
        f"{number:f}",
        str(number),
    }


@pytest.mark.parametrize("text", ["-12.50", "+3", "0.0000000000", "-1e-07", "2024-01-01", "a=b"])
def test_what_is_no_formula_is_left_alone(text: str) -> None:
    assert harmless(text) == text


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=1)))
def test_what_is_written_is_read_as_the_same_cells(rows: list[list[str]]) -> None:
    expected = [["name"], *([harmless(cell) for cell in row] for row in rows)]
    assert list(csv.reader(io.StringIO(written(*rows), newline=""))) == expected


def test_raw_changes_nothing() -> None:
    assert written(["=1+1"], raw=True) == "name\r\n=1+1\r\n"
    assert written(["=1+1"]) == "name\r\n'=1+1\r\n"


def test_a_header_is_a_text_too() -> None:
    stream = io.StringIO(newline="")
    write_csv(stream, ["=1+1"], [])
    assert stream.getvalue() == "'=1+1\r\n"
