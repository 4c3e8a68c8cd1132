"""Two readers of whole files that have to agree: DuckDB's, and the one that splits every line."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sales_assets.contracts import copying
from sales_assets.contracts.days import DayFromColumn
from sales_assets.contracts.drop_files import drop_files
from sales_assets.contracts.model import Dialect, SourceContract
from sales_assets.contracts.reader import DropFile, fast_lines
from sales_assets.errors import DropError
from sales_assets_tests.contracts.builders import DAY, Desk, column, contract, csv_bytes, desk

ABC = contract([column("a"), column("b"), column("c")])
HEADER = b"a,b,c\n"
GOOD = b"1,2,3\n"

Row = tuple[Any, ...]


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("reader")) as made:
        yield made


def fast(tools: Desk, contract: SourceContract, *files: DropFile) -> list[Row]:
    """(file, line, why malformed, its text, fields...) as DuckDB reads them."""
    return sorted(tools.connection.execute(fast_lines(contract, files)).fetchall())


def copied(
    tools: Desk, contract: SourceContract, *files: DropFile, every_line: bool = False
) -> list[Row]:
    """The same from scratch copies of the files, numbered in Python."""
    with tools.stager._reader.lines(contract, [], files, every_line=every_line) as lines:
        names = ["file_no", "line", "malformed", "malformed_text"]
        names += [f'"{column.name}__text"' for column in contract.columns]
        return sorted(
            tools.connection.execute(f"SELECT {', '.join(names)} FROM {lines}").fetchall()
        )


def careful(tools: Desk, contract: SourceContract, *files: DropFile) -> list[Row]:
    """The same with every line looked at by itself."""
    return copied(tools, contract, *files, every_line=True)


FIELD = st.one_of(
    st.sampled_from(["", "x", "NA", '"', ",", "a b", "é", " ", "5.00"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=4),
)
ROWS = st.lists(st.tuples(FIELD, FIELD, FIELD), max_size=8)


@settings(deadline=None, max_examples=40)
@given(
    ROWS,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_both_readers_give_the_fields_of_every_well_formed_file(
    tools: Desk,
    rows: list[tuple[str, str, str]],
    end: str,
    delimiter: str,
    quote_all: bool,
    last_end: bool,
    packed: bool,
) -> None:
    read = contract(ABC.columns, dialect=Dialect(delimiter, missing_values=("", "NA")))
    content = csv_bytes([("a", "b", "c"), *rows], end=end, delimiter=delimiter, quote_all=quote_all)
    content = content if last_end else content.removesuffix(end.encode())
    name = f"{DAY}.csv.gz" if packed else f"{DAY}.csv"
    file = tools.drop(read, gzip.compress(content) if packed else content, name)

    expected = [
        (0, line, None, None, *(None if text in {"", "NA"} else text for text in row))
        for line, row in enumerate(rows, start=2)
    ]
    assert file.lines == len(rows)
    assert careful(tools, read, file) == sorted(expected)
    assert copied(tools, read, file) == sorted(expected)
    if file.plain:
        assert fast(tools, read, file) == sorted(expected)


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


def test_columns_are_found_by_their_headers_in_any_order_among_others(tools: Desk) -> None:
    read = contract([column("b", header="Betrag, netto"), column("a", header='das "A"')])
    content = csv_bytes(
        [("x", 'das "A"', "y", "Betrag, netto"), ("1", "2", "3", "4"), ("5", "6", "7", "8")]
    )
    file = tools.drop(read, content)

    expected = [(0, 2, None, None, "4", "2"), (0, 3, None, None, "8", "6")]
    assert careful(tools, read, file) == expected
    assert fast(tools, read, file) == expected


def test_files_of_different_headers_are_read_together(tools: Desk) -> None:
    contents = [
        b"a,b,c\n1,2,3\n4,5,6\n",
        b"c,b,a\n3,2,1\n",
        b"a,b,c\n",
        b"a,b,c\n7,8,9\n",
        b"x,c,a,b\n0,3,1,2\n0,6,4,5\n\n",
        b"\xef\xbb\xbfa,b,c\r\n1,2,3\r\n",
    ]
    files = [tools.drop(ABC, content, f"{DAY}.{no}.csv", no) for no, content in enumerate(contents)]

    expected = [
        (0, 2, None, None, "1", "2", "3"),
        (0, 3, None, None, "4", "5", "6"),
        (1, 2, None, None, "1", "2", "3"),
        (3, 2, None, None, "7", "8", "9"),
        (4, 2, None, None, "1", "2", "3"),
        (4, 3, None, None, "4", "5", "6"),
        (5, 2, None, None, "1", "2", "3"),
    ]
    assert careful(tools, ABC, *files) == expected
    assert fast(tools, ABC, *files) == expected


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.permutations(["a", "b", "c"]), st.integers(0, 300), st.sampled_from(["\n", "\r\n"])
        ),
        min_size=1,
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_every_line_of_many_files_has_the_number_that_an_editor_shows(
    tools: Desk, parts: list[tuple[list[str], int, str]], random: Any
) -> None:
    files = []
    expected = []
    for no, (header, lines, end) in enumerate(parts):
        rows = [
            {"a": f"{no}-{line}", "b": "x" * random.randrange(9), "c": 'y,"z'}
            for line in range(2, lines + 2)
        ]
        content = csv_bytes([header, *([row[name] for name in header] for row in rows)], end=end)
        files.append(tools.drop(ABC, content, f"{DAY}.{no}.csv", no))
        expected += [
            (no, line, None, None, row["a"], row["b"] or None, row["c"])
            for line, row in enumerate(rows, start=2)
        ]
    random.shuffle(files)

    assert fast(tools, ABC, *files) == sorted(expected)


@pytest.mark.parametrize(
    "name", ["[2024-03-05].csv", "2024-03-05*.csv", "2024-03-05?.csv", "it's 2024-03-05 {1}.csv"]
)
def test_a_file_whose_name_looks_like_a_pattern_is_read_alone(tools: Desk, name: str) -> None:
    file = tools.drop(ABC, HEADER + GOOD, name)
    for other in ("2.csv", "2024-03-05x.csv", "2024-03-05.csv"):
        (file.path.parent / other).write_bytes(HEADER + b"7,8,9\n")

    assert fast(tools, ABC, file) == [(0, 2, None, None, "1", "2", "3")]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 7), ROWS)
def test_the_careful_reader_gives_the_same_in_small_batches(
    tools: Desk, size: int, rows: list[tuple[str, str, str]]
) -> None:
    file = tools.drop(ABC, csv_bytes([("a", "b", "c"), *rows]))
    whole = careful(tools, ABC, file)
    before = copying.BATCH_LINES
    try:
        copying.BATCH_LINES = size
        assert careful(tools, ABC, file) == whole
    finally:
        copying.BATCH_LINES = before


def test_a_field_longer_than_the_limit_of_pythons_csv_is_read_by_both(tools: Desk) -> None:
    long = "x" * 200_000
    file = tools.drop(ABC, csv_bytes([("a", "b", "c"), ("1", f'{long},"', "3")]))

    assert careful(tools, ABC, file) == [(0, 2, None, None, "1", f'{long},"', "3")]
    assert fast(tools, ABC, file) == careful(tools, ABC, file)


def test_days_are_not_asked_of_the_readers(tools: Desk) -> None:
    read = contract([column("a"), column("b"), column("c")], day=DayFromColumn("a"))
    path, found = tools.inspect(read, HEADER + GOOD, "till.csv")
    (file,) = drop_files(read, path, "till.csv", found, 3)

    assert (
        fast(tools, read, file) == careful(tools, read, file) == [(3, 2, None, None, "1", "2", "3")]
    )
