"""Whole drops: every line ends in exactly one place, with the number an editor shows."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sales_assets.contracts.canonical import REJECTED_COLUMNS
from sales_assets.contracts.days import DayFromColumn
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import Dialect, SourceContract
from sales_assets.errors import DropError
from sales_assets_tests.contracts.builders import DAY, Desk, column, contract
from sales_assets_tests.contracts.small_drops import (
    COLUMNS,
    DAILY,
    HEADER,
    MANY,
    MAPPINGS,
    line_numbers,
    on,
)


def counted(content: bytes) -> list[int]:
    """The numbers of a file's lines, as an editor shows them, without header and blank ones."""
    return [
        number
        for number, line in enumerate(content.split(b"\n"), start=1)
        if number > 1 and line.strip(b"\r")
    ]


PIECES = [b"2024-03-05", b"2024-03-04", b"x", b"1.50", b"1.555555", b",", b",", b",", b'"', b" "]
BREAKS = [b"\n", b"\n", b"\r\n", b"\r", b"\xff", b"\0", b'"a\nb"', b",,"]
SOUND = [b"2024-03-05,tea,2.50\n", b'2024-03-04,"a, ""b""",1\n', b"2024-03-05,,\n"]
DROPS = st.lists(st.sampled_from([*PIECES, *BREAKS, *SOUND, *SOUND]), max_size=14).map(b"".join)


@settings(deadline=None, max_examples=80)
@given(DROPS)
@example(b'2024-03-05,"a\nb",1\n2024-03-05,c,2\n')
@example(b"2024-03-05,a,1\n\n\n2024-03-05,b,2")
@example(b"2024-03-05,a,1,\n2024-03-05,b,\xff\n2024-03-05,c,3\n")
@pytest.mark.parametrize("read", [DAILY, MANY], ids=["a day a file", "many days a file"])
def test_lines_in_are_accepted_and_rejected_lines(
    tools: Desk, read: SourceContract, body: bytes
) -> None:
    content = HEADER + body
    try:
        found = tools.judge(read, content)
    except DropError as error:
        refused = ("malformed, so the file is refused whole", "so their days are unknown")
        assert any(told in str(error) for told in refused)  # noqa: PT017
        return

    assert [line for _, line in line_numbers(found)] == counted(content)
    assert sum(day.accepted for day in found.days) == len(found.accepted)
    assert sum(day.rejected for day in found.days) == len(found.rejected)
    assert all(row["reasons"] for row in found.rejected)
    assert sum((day.amount for day in found.days), Decimal(0)) == sum(
        (row["amount"] for row in found.accepted), Decimal(0)
    )


def test_a_malformed_line_is_rejected_as_it_stands_and_the_others_are_kept(tools: Desk) -> None:
    content = (
        HEADER
        + b"2024-03-05,tea,1\n"
        + b"\n"
        + b'2024-03-05,"mug,2\n'
        + b"2024-03-05,caf\xe9,3\n"
        + b"2024-03-05,pot,4\r\n"
        + b'2024-03-05,"a ""b"", c",5'
    )

    found = tools.judge(DAILY, content)

    assert [(row["line"], row["product"]) for row in found.accepted] == [
        (2, "tea"),
        (6, "pot"),
        (7, 'a "b", c'),
    ]
    assert [(row["line"], row["text"], row["reasons"]) for row in found.rejected] == [
        (4, '2024-03-05,"mug,2', ["a quote is not closed"]),
        (5, "2024-03-05,caf\\xe9,3", ["the line is not UTF-8 at byte 15"]),
    ]
    assert list(found.rejected[0]) == [c.name for c in REJECTED_COLUMNS]


def test_one_file_of_several_is_malformed_and_costs_the_others_nothing(tools: Desk) -> None:
    found = tools.judge(
        DAILY,
        {
            "2024-03-05.1.csv": HEADER + b"2024-03-05,tea,1\n2024-03-05,mug,2\n",
            "2024-03-05.2.csv": b"price,day,item\n1,2024-03-05,a\nonly one field\n3,2024-03-05,c\n",
            "2024-03-06.csv": HEADER,
            "2024-03-07.csv": b"item,price,day\r\nx,9,2024-03-07\r\n",
        },
    )

    assert line_numbers(found) == [
        ("2024-03-05.1.csv", 2),
        ("2024-03-05.1.csv", 3),
        ("2024-03-05.2.csv", 2),
        ("2024-03-05.2.csv", 3),
        ("2024-03-05.2.csv", 4),
        ("2024-03-07.csv", 2),
    ]
    assert [(row["file"], row["line"]) for row in found.rejected] == [("2024-03-05.2.csv", 3)]
    assert [(day.day, day.accepted, day.rejected, day.amount) for day in found.days] == [
        (on(5), 4, 1, Decimal(7)),
        (on(6), 0, 0, Decimal(0)),
        (on(7), 1, 0, Decimal(9)),
    ]
    assert [
        (day.accepted_file is not None, day.rejected_file is not None) for day in found.days
    ] == [(True, True), (False, False), (True, False)]


def test_a_mostly_malformed_file_is_refused_whole_with_its_first_offenders(tools: Desk) -> None:
    content = HEADER.replace(b",", b";") + b"2024-03-05;tea;1\n"
    wrong = HEADER + b"2024-03-05;tea;1\n2024-03-05;mug;2\n2024-03-05,pot,3\n"

    with pytest.raises(DropError, match="the header lacks 'day', 'item', 'price'"):
        tools.judge(DAILY, content)
    for read in (DAILY, MANY):
        with pytest.raises(DropError) as caught:
            tools.judge(read, wrong)
        assert str(caught.value) == (
            "2024-03-05.csv: 2 of 3 lines are malformed, so the file is refused whole. "
            "Is the delimiter ','? First of them:\n"
            "  line 2: the line has 1 fields, the header 3: 2024-03-05;tea;1\n"
            "  line 3: the line has 1 fields, the header 3: 2024-03-05;mug;2"
        )


def test_the_parquet_keeps_exact_types(tools: Desk) -> None:
    (day,) = tools.judge(DAILY, HEADER + b"2024-03-05,a,1.5\n").days

    types = dict(
        tools.connection.execute(
            "SELECT column_name, column_type FROM "
            "(DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning = false))",
            [str(day.accepted_file)],
        ).fetchall()
    )

    assert types["amount"] == types["net_amount"] == "DECIMAL(18,4)"
    assert types["order_date"] == types["partition_date"] == "DATE"
    assert types["line"] == "BIGINT"
    assert "__day" not in types


def test_one_bad_value_below_a_cast_does_not_abort_the_scan(tools: Desk) -> None:
    # DuckDB 2.0.0 moves TRY_CAST into the reader, where it is a cast, unless it is told not to.
    path, _ = tools.inspect(contract([column("seen")]), b"seen\n2024-03-05\nnever\n")

    found = tools.connection.execute(
        "SELECT TRY_CAST(seen AS DATE) FROM read_csv(?, auto_detect = false, header = true, "
        "columns = {'seen': 'VARCHAR'})",
        [str(path)],
    ).fetchall()

    assert found == [(DAY,), (None,)]


def test_a_footer_that_looks_like_a_line_of_another_day_shifts_no_numbers(tools: Desk) -> None:
    read = contract(
        [column("day", LogicalType.DATE, required=True), column("v")],
        {"order_date": "day"},
        day=DayFromColumn("day"),
        dialect=Dialect(footer=r"\d{4}-\d\d-\d\d,TOTAL"),
    )
    drops = {
        "a.csv": b"day,v\n2024-03-01,1\n2024-03-02,2\n2024-03-31,TOTAL\n",
        "b.csv": b"day,v\n2024-04-01,1\n2024-04-02,2\n",
    }

    found = tools.judge(read, drops)

    assert line_numbers(found) == [("a.csv", 2), ("a.csv", 3), ("b.csv", 2), ("b.csv", 3)]


@pytest.mark.parametrize("quoted", [False, True])
def test_a_line_of_some_mebibytes_is_read(tools: Desk, quoted: bool) -> None:
    long = b"x" * 3_000_000
    long = b'"' + long + b'"' if quoted else long

    found = tools.judge(DAILY, HEADER + b"2024-03-05,a,1\n2024-03-05," + long + b",2\n")

    assert [(row["line"], len(row["product"])) for row in found.accepted] == [
        (2, 1),
        (3, 3_000_000),
    ]


@pytest.mark.parametrize("end", [b",,\n" * 2_000_000, b",,\n" + b"\n" * 3_000_000])
def test_a_footer_that_is_longer_than_what_is_looked_at_is_refused(tools: Desk, end: bytes) -> None:
    read = contract(COLUMNS, MAPPINGS, dialect=Dialect(footer=",,"))

    with pytest.raises(DropError, match="its footer is longer"):
        tools.judge(read, HEADER + b"2024-03-05,a,1\n" + end)
