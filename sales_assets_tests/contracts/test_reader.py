"""Two readers of whole files that have to agree: DuckDB's, and the one that splits every line."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.contracts import copying
from sales_assets.contracts.days import DayFromColumn
from sales_assets.contracts.drop_files import drop_files
from sales_assets.contracts.model import Dialect
from sales_assets_tests.contracts.builders import DAY, Desk, column, contract, csv_bytes
from sales_assets_tests.contracts.readers import ABC, GOOD, HEADER, careful, copied, fast

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
