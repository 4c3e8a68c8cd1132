"""The fields of one line."""

from __future__ import annotations

import csv
import io
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.contracts.model import Dialect
from sales_assets.contracts.text import split_line

COMMA = Dialect()


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("", [""]),
        (",", ["", ""]),
        ("a,b", ["a", "b"]),
        ('"a","b"', ["a", "b"]),
        ('"a,b",c', ["a,b", "c"]),
        ('"say ""hi""",c', ['say "hi"', "c"]),
        ('""', [""]),
        ('"",""', ["", ""]),
        ('""""', ['"']),
        ('a,"b",', ["a", "b", ""]),
        ('5" x 7",c', ['5" x 7"', "c"]),
        ('a""b,c', ['a""b', "c"]),
        (" a , b ", [" a ", " b "]),
        ('"x\ry",c', ["x\ry", "c"]),
        ("\\,b", ["\\", "b"]),
    ],
)
def test_a_line_is_split_by_rfc_4180(line: str, fields: list[str]) -> None:
    assert split_line(COMMA, line) == fields


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('"a,b', "a quote is not closed"),
        ('a"b,c', "a quote is not closed"),
        ('a"b,"c', "a quote is not closed"),
        ('"a"b",c"', "field 1 goes on after its closing quote"),
        ('x,"a" ,b', "field 2 goes on after its closing quote"),
        ('x, "a",b', "field 2 has a blank before its quote"),
        ("x,a\rb", "field 2 holds a carriage return"),
    ],
)
def test_a_line_that_cannot_be_split_says_why(line: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}$"):
        split_line(COMMA, line)


def test_the_dialect_says_what_delimits_and_quotes() -> None:
    assert split_line(Dialect(";", "'"), "'a;b';\"c\";d,e") == ["a;b", '"c"', "d,e"]


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n")), min_size=1, max_size=6
    ),
    st.booleans(),
)
def test_what_python_writes_on_one_line_is_split_into_the_same_fields(
    fields: list[str], quote_all: bool
) -> None:
    out = io.StringIO(newline="")
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(out, lineterminator="", quoting=quoting).writerow(fields)

    assert split_line(COMMA, out.getvalue()) == fields


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from('ab,"" \té'), max_size=12))
def test_where_pythons_strict_reader_takes_a_line_the_fields_are_the_same(line: str) -> None:
    try:
        expected = next(csv.reader([line], strict=True)) or [""]
        found = split_line(COMMA, line)
    except (csv.Error, ValueError):
        return  # either may refuse more than the other
    assert found == expected
