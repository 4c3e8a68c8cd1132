"""The lines of a text that are data, and whether all of them are plain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sales_assets.contracts.lines import DataLines
from sales_assets.contracts.model import Dialect

COMMA = Dialect(header=False)


def blocks(content: bytes, size: int) -> Iterator[bytes]:
    """Blocks of whole lines of at least some bytes."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start + size - 1) + 1 or len(content)
        yield content[start:end]
        start = end


def walked(content: bytes, dialect: Dialect = COMMA, size: int = 1 << 20) -> tuple[int, bool]:
    """The number of data lines in a text without a header, and whether it is plain."""
    data = DataLines(("a", "b"), dialect, blocks(content, size), 1, b"")
    lines = sum(block.count for block in data)
    return lines, data.plain


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
    assert walked(content)[0] == naive(content)


@settings(deadline=None, max_examples=150)
@given(NASTY, st.integers(1, 9))
def test_the_size_of_the_blocks_changes_no_count_and_makes_nothing_plain(
    content: bytes, size: int
) -> None:
    lines, plain = walked(content)
    parts, parts_plain = walked(content, size=size)

    assert parts == lines
    assert parts_plain <= plain


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
    assert walked(content) == (lines, plain)


def test_the_dialects_own_signs_decide_what_is_plain() -> None:
    dialect = Dialect(";", "'")

    assert walked(b'a"b; "c\n', dialect) == (1, True)
    assert walked(b"a; 'b'\n", dialect) == (1, False)
    assert walked(b"a'b;c\n", dialect) == (1, False)


PIECES = [
    b"1,2\n",
    b"1,2\r\n",
    b'"x","y"\n',
    b'1,"p\nq"\n',
    b'"',
    b"# c\n",
    b"T,1\n",
    b"\n",
    b"\xff",
]


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join),
    st.booleans(),
    st.sampled_from(["", "#"]),
    st.sampled_from([None, "T"]),
    st.sampled_from([(), (2,), (3, 9)]),
)
@example(b'1,"p\nq"\n' * 20, True, "", None, ())
def test_where_blocks_end_changes_no_record(
    content: bytes, joined: bool, comment: str, footer: str | None, rows: tuple[int, ...]
) -> None:
    dialect = Dialect(
        header=False,
        quoted_newlines=joined,
        comment_char=comment,
        footer=footer,
        comment_rows=rows,
    )
    # A footer has to lie within the last two blocks; none here is longer than that.
    sizes = [1 << 20, 200] if footer else [1 << 20, 1, 7, 30]

    found = [records(content, dialect, size) for size in sizes]

    assert all(other == found[0] for other in found)


def records(content: bytes, dialect: Dialect, size: int) -> list[tuple[int, bytes]]:
    """The data records of a text with their numbers."""
    result: list[tuple[int, bytes]] = []
    for block in DataLines(("a", "b"), dialect, blocks(content, size), 1, b"a,b"):
        if block.records is None:
            lines = block.text.removesuffix(b"\n").split(b"\n")
            result += enumerate(lines, start=block.first)
        else:
            result += block.records
    return result
