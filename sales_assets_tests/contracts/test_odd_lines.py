"""Odd and malformed lines: what both readers take alike, and what costs a line or a file."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sales_assets.contracts.model import Dialect
from sales_assets.contracts.reader import DropFile
from sales_assets.errors import DropError
from sales_assets_tests.contracts.builders import Desk, contract
from sales_assets_tests.contracts.readers import ABC, GOOD, HEADER, careful, fast

LETTERS = [b"a", b"1", b" ", b"\t", b"\\", b"#", b"NA", "é".encode(), b"\xff", b"\0"]
STRUCTURE = [b",", b",", b",,", b'"', b'""', b'",', b',"', b"\r", b"\n", b"\n"]
LINES = [b"a,b,c\n", b'"a","b","c"\n', b"a,b,c,\n"]
SIGNS = st.lists(st.sampled_from([*LETTERS, *STRUCTURE, *LINES]), max_size=24).map(b"".join)


SOUND_FIELDS = ["a", "", "NA", '"x"', '""', '"x,y"', '"x ""q"" z"', " ", '" "', 'x"y"', "é", "\\"]
ODD_FIELDS = ['"x"" "', ' "x"', '"x" ', '"x"y', '"', '""x', '"x" "y"', '\t"x"', '"a\rb"', 'x "" y']
ODD_FIELD = st.sampled_from([*SOUND_FIELDS, *SOUND_FIELDS, *ODD_FIELDS])
ODD_LINES = st.lists(st.lists(ODD_FIELD, min_size=3, max_size=4).map(",".join), max_size=4).map(
    lambda lines: "\n".join(lines).encode()
)


@settings(deadline=None, max_examples=250)
@given(st.one_of(SIGNS, ODD_LINES))
@example(b'a,b,"c\nd",e,f\n')
@example(b'a, "b",c\n')
@example(b'a,"b" ,c\n')
@example(b'a,"b" "c",d\n')
@example(b"a,b,c,\n")
@example(b'a,b,c,"",\n')
@example(b"a,b,NA,NA\n")
@example(b"a,b\xff,c\n")
@example(b"a,b\0,c\n")
@example(b'1,y"z,"w\n4,5" ,6\n')
@example(b'a,5" pipe,c\n')
@example(b"a,b,c\r1,2,3\r\n")
@example(b"a,b,c\n\r\r\n1,2,3\n")
@example(b'a,b,c\n""\n')
def test_where_duckdb_gives_a_record_for_each_line_it_gives_what_the_careful_reader_gives(
    tools: Desk, body: bytes
) -> None:
    read = contract(ABC.columns, dialect=Dialect(missing_values=("", "NA")))
    file = tools.drop(read, HEADER + body)
    if not file.plain:
        return
    try:
        records = fast(tools, read, file)
    except duckdb.Error:
        return
    if len(records) == file.lines:
        assert records == careful(tools, read, DropFile(**{**vars(file), "lines": 10**9}))


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (b'a,5" w 6",c', ("a", '5" w 6"', "c")),
        (b'"a ""q"" b","x, y",""', ('a "q" b', "x, y", None)),
        (b'x"",""""""," "', ('x""', '""', " ")),
        (b'" ","  ",""" """', (" ", "  ", '" "')),
        (b" a , b ,  ", (" a ", " b ", "  ")),
        (b'\t"a"," b ",#', ('\t"a"', " b ", "#")),
        ("\u2028,\x0b\x0c,\x85".encode(), ("\u2028", "\x0b\x0c", "\x85")),
        (b"\\,NULL,null", ("\\", "NULL", "null")),
    ],
)
def test_both_readers_take_odd_but_sound_lines_alike(
    tools: Desk, line: bytes, fields: tuple[str | None, ...]
) -> None:
    file = tools.drop(ABC, HEADER + GOOD + line + b"\n" + GOOD)

    good = (None, None, "1", "2", "3")
    expected = [(0, 2, *good), (0, 3, None, None, *fields), (0, 4, *good)]
    assert file.plain
    assert careful(tools, ABC, file) == expected
    assert fast(tools, ABC, file) == expected


@settings(deadline=None, max_examples=150)
@given(st.one_of(SIGNS, ODD_LINES))
def test_the_careful_reader_gives_one_row_for_each_line_that_was_counted(
    tools: Desk, body: bytes
) -> None:
    file = tools.drop(ABC, HEADER + body)

    try:
        rows = careful(tools, ABC, file)
    except DropError as error:
        assert "are malformed, so the file is refused whole" in str(error)  # noqa: PT017
        return

    lines = (HEADER + body).split(b"\n")
    assert [row[1] for row in rows] == [
        number
        for number, line in enumerate(lines, start=1)
        if line.strip(b"\r") and line.rstrip(b"\r") != HEADER.rstrip()
    ]
    assert len(rows) == file.lines


@pytest.mark.parametrize(
    ("line", "reason", "text"),
    [
        (b"1,2\n", "the line has 2 fields, the header 3", "1,2"),
        (b"1,2,3,4\n", "the line has 4 fields, the header 3", "1,2,3,4"),
        (b"   \n", "the line has 1 fields, the header 3", "   "),
        (b'1,"2,3\n', "a quote is not closed", '1,"2,3'),
        (b'1,2" x,3\n', "a quote is not closed", '1,2" x,3'),
        (b'1,"2"x,3\n', "field 2 goes on after its closing quote", '1,"2"x,3'),
        (b'1, "2",3\n', "field 2 has a blank before its quote", '1, "2",3'),
        (b"1,2\r4,3\n", "field 2 holds a carriage return", "1,2\r4,3"),
        (b"1,\xe9,3\n", "the line is not UTF-8 at byte 3", "1,\\xe9,3"),
        (b"1,2\x00,3\r\n", "the line holds a NUL byte", "1,2\\0,3"),
    ],
)
def test_a_malformed_line_costs_itself_alone(
    tools: Desk, line: bytes, reason: str, text: str
) -> None:
    file = tools.drop(ABC, HEADER + GOOD + b"\n" + line + GOOD)

    assert careful(tools, ABC, file) == [
        (0, 2, None, None, "1", "2", "3"),
        (0, 4, reason, text, None, None, None),
        (0, 5, None, None, "1", "2", "3"),
    ]


@pytest.mark.parametrize("extra", [b",", b",,,", b',""', b",NA", b',"",NA,'])
def test_empty_fields_beyond_the_header_are_none(tools: Desk, extra: bytes) -> None:
    read = contract(ABC.columns, dialect=Dialect(missing_values=("", "NA")))
    file = tools.drop(read, HEADER + b"1,2,3" + extra + b"\n1,2,\n")

    expected = [(0, 2, None, None, "1", "2", "3"), (0, 3, None, None, "1", "2", None)]
    assert careful(tools, read, file) == expected
    assert fast(tools, read, file) == expected


def test_a_file_of_mostly_malformed_lines_is_refused_with_the_first_of_them(tools: Desk) -> None:
    read = contract(ABC.columns, dialect=Dialect())
    body = b"".join(b"%d;2;3\n" % n for n in range(5)) + GOOD * 4
    file = tools.drop(read, HEADER + body, "2024-03-05.csv")

    with pytest.raises(DropError) as caught:
        careful(tools, read, file)

    assert str(caught.value) == (
        "2024-03-05.csv: 5 of 9 lines are malformed, so the file is refused whole. "
        "Is the delimiter ','? First of them:\n"
        "  line 2: the line has 1 fields, the header 3: 0;2;3\n"
        "  line 3: the line has 1 fields, the header 3: 1;2;3\n"
        "  line 4: the line has 1 fields, the header 3: 2;2;3"
    )


def test_half_of_the_lines_may_be_malformed(tools: Desk) -> None:
    file = tools.drop(ABC, HEADER + b"1;2;3\n" * 4 + GOOD * 4)

    assert sum(row[2] is not None for row in careful(tools, ABC, file)) == 4
