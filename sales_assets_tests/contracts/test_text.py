"""Lines and fields of a drop's text."""

from __future__ import annotations

import csv
import io
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sales_assets.contracts import text as module
from sales_assets.contracts.model import Dialect
from sales_assets.contracts.text import count_lines, split_line

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


def naive(content: bytes) -> int:
    """Lines as an editor counts them, without the blank ones."""
    return sum(1 for line in content.split(b"\n") if line.strip(b"\r"))


NASTY = st.lists(
    st.sampled_from(
        [b"a", b",", b'"', b"\n", b"\n", b"\r\n", b"\r", b" ", b"\0", b"\xff", "é".encode(), b"1,2"]
    ),
    max_size=40,
).map(b"".join)


@settings(deadline=None, max_examples=400)
@given(st.one_of(NASTY, st.binary(max_size=80)))
@example(b"\r")
@example(b"a\n\r")
@example(b"a\n\r\r\n")
@example(b"\n\n\n")
@example(b"a")
def test_lines_are_counted_as_an_editor_counts_them(content: bytes) -> None:
    assert count_lines(io.BytesIO(content), COMMA)[0] == naive(content)


@settings(deadline=None, max_examples=150)
@given(NASTY, st.integers(1, 9))
def test_the_size_of_the_blocks_changes_neither_count_nor_verdict(
    content: bytes, size: int
) -> None:
    whole = count_lines(io.BytesIO(content), COMMA)
    before = module.BLOCK
    try:
        module.BLOCK = size
        parts = count_lines(io.BytesIO(content), COMMA)
    finally:
        module.BLOCK = before

    assert parts == whole


@pytest.mark.parametrize(
    ("content", "lines", "plain"),
    [
        (b"a,b\nc,d\n", 2, True),
        (b"a,b\nc,d", 2, True),
        (b"a,b\r\nc,d\r\n", 2, True),
        (b"a,b\n\n\n", 1, True),
        (b"a,b\r\n\r\n", 1, True),
        (b"a,b\n\nc,d\n", 2, False),
        (b"a,b\r\n\r\nc,d", 2, False),
        (b"\na,b\n", 1, False),
        (b"", 0, True),
        (b"\n", 0, True),
        (b'"a,b","c ""d"""\n', 1, True),
        (b'"Smith, John", x\n', 1, True),
        (b'"a"," ","  "\n', 1, True),
        (b'"say ""a"" ""b""",c\n', 1, True),
        (b'"a, ""b""",c\n', 1, True),
        (b'" "', 1, True),
        (b'"a\nb"\n', 2, False),
        (b'a"b,c\n', 1, False),
        (b'a,"b\n', 1, False),
        (b'a, "b"\n', 1, False),
        (b'a,   "b"\n', 1, False),
        (b' "a",b\n', 1, False),
        (b'x,y\n "a",b\n', 2, False),
        (b'"a" ,b\n', 1, False),
        (b'a,"b" \n', 1, False),
        (b'a,"b" ', 1, False),
        (b'a,"b" \r\n', 1, False),
        (b'"a" "b",c\n', 1, False),
        (b"a,b\0\n", 1, False),
        (b"a,b\xff\n", 1, False),
        (b"a,b\rc,d\n", 1, False),
        (b"a,b\rc,d\r", 1, False),
        ("é,ü\n".encode(), 1, True),
    ],
)
def test_text_that_duckdb_may_take_otherwise_is_not_plain(
    content: bytes, lines: int, plain: bool
) -> None:
    assert count_lines(io.BytesIO(content), COMMA) == (lines, plain)


def test_the_dialects_own_signs_decide_what_is_plain() -> None:
    dialect = Dialect(";", "'")

    assert count_lines(io.BytesIO(b'a"b; "c\n'), dialect) == (1, True)
    assert count_lines(io.BytesIO(b"a; 'b'\n"), dialect) == (1, False)
    assert count_lines(io.BytesIO(b"a'b;c\n"), dialect) == (1, False)
