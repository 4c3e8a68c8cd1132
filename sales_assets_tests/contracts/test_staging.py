"""Whole drops: every line ends in exactly one place, with the number an editor shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sales_assets.contracts import parquet
from sales_assets.contracts.canonical import REJECTED_COLUMNS
from sales_assets.contracts.days import DayFromColumn
from sales_assets.contracts.drop_files import expected_lines
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import Dialect, SourceContract
from sales_assets.errors import DropError
from sales_assets_tests.contracts.builders import (
    DAY,
    Desk,
    Judged,
    column,
    contract,
    csv_bytes,
    desk,
)


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("staging")) as made:
        yield made


COLUMNS = [
    column("day", LogicalType.DATE, required=True),
    column("item"),
    column("price", LogicalType.NUMBER, required=True),
]
MAPPINGS = {"order_date": "day", "product": "item", "amount": "price", "net_amount": "price"}
DAILY = contract(COLUMNS, MAPPINGS)
MANY = contract(COLUMNS, MAPPINGS, day=DayFromColumn("day"))
HEADER = b"day,item,price\n"


def on(day: int) -> date:
    return date(2024, 3, day)


def line_numbers(found: Judged) -> list[tuple[str, int]]:
    """The lines that were judged, of both kinds."""
    return sorted((row["file"], row["line"]) for row in (*found.accepted, *found.rejected))


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


def test_undated_lines_of_a_file_with_many_days_are_rejected_on_its_first_day(
    tools: Desk,
) -> None:
    content = (
        HEADER
        + b"2024-03-07,a,1\n"
        + b",b,2\n"
        + b"2024-03-06,c,3\n"
        + b"2024-3-8,d,4\n"
        + b"2024-03-07,e,5\n"
        + b"too,many,fields,here\n"
    )

    found = tools.judge(MANY, content)

    assert [(row["partition_date"], row["line"]) for row in found.accepted] == [
        (on(6), 4),
        (on(7), 2),
        (on(7), 6),
    ]
    assert [(row["partition_date"], row["line"], row["reasons"]) for row in found.rejected] == [
        (on(6), 3, ["day: is required and blank"]),
        (on(6), 5, ["day: '2024-3-8' is no date of the form yyyy-MM-dd"]),
        (on(6), 7, ["the line has 4 fields, the header 3"]),
    ]


@pytest.mark.parametrize("body", [b",a,1\n", b"05.03.2024,a,1\n06.03.2024,b,2\n", b",,\n,,\n"])
def test_a_file_none_of_whose_lines_has_a_day_is_refused(tools: Desk, body: bytes) -> None:
    with pytest.raises(DropError) as caught:
        tools.judge(MANY, {"shop/till.csv": HEADER + body})

    lines = body.count(b"\n")
    assert str(caught.value) == (
        f"shop/till.csv: none of its {lines} lines has a date of the form yyyy-MM-dd in column "
        "'day', so their days are unknown"
    )


def test_a_file_of_a_header_alone_has_no_days(tools: Desk) -> None:
    path, found = tools.inspect(MANY, HEADER, "till.csv")

    assert tools.stager.count_days(MANY, path, "till.csv", found).days == {}


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.one_of(st.none(), st.integers(1, 28)), min_size=1, max_size=40),
    st.booleans(),
)
def test_the_days_of_a_file_are_counted_and_the_undated_lines_apart(
    tools: Desk, days: list[int | None], with_malformed: bool
) -> None:
    rows = [("" if day is None else on(day).isoformat(), "x", "1") for day in days]
    content = csv_bytes([("day", "item", "price"), *rows])
    if with_malformed:
        content += b"x,y\n"
    dated = Counter(on(day) for day in days if day is not None)
    path, found = tools.inspect(MANY, content, "till.csv")
    undated = found.lines - sum(dated.values())
    if not dated:
        with pytest.raises(DropError):
            tools.stager.count_days(MANY, path, "till.csv", found)
        return

    found = tools.stager.count_days(MANY, path, "till.csv", found)
    assert (found.days, found.undated) == (dated, undated)


def test_only_the_days_that_are_asked_for_are_staged(tools: Desk) -> None:
    content = HEADER + b"2024-03-05,a,1\n2024-03-06,b,2\n2024-03-07,c,3\n2024-03-06,d,4\n"

    found = tools.judge(MANY, content, on(6))

    assert [(row["line"], row["product"]) for row in found.accepted] == [(3, "b"), (5, "d")]
    assert [day.day for day in found.days] == [on(6)]


def forced(tools: Desk, read: SourceContract, content: bytes, **changes: Any) -> Judged:
    """Stage a drop of which something else is known than what inspection finds."""
    path, found = tools.inspect(read, content)
    if read is MANY:
        found = tools.stager.count_days(read, path, path.name, found)
    wanted = changes.pop("days", found.days)
    file = tools.drop(read, content)
    expected = expected_lines([file], found, wanted)
    tools.stager.stage(read, [replace(file, **changes)], expected)
    staged = tools.stager.write(read, sorted(wanted))
    return Judged(
        staged,
        list(tools._rows(day.accepted_file for day in staged)),
        list(tools._rows(day.rejected_file for day in staged)),
    )


JOINED = (
    HEADER
    + b"2024-03-05,a,0\n"
    + b'2024-03-05,"b\nstill b",1\n'
    + b"2024-03-06,c,2\n"
    + b"2024-03-06,d,wrong\n"
    + b"2024-03-06,e,4\n"
)


@pytest.mark.parametrize("days", [[5, 6], [6]])
def test_lines_that_duckdb_joins_are_noticed_and_numbered_rightly(
    tools: Desk, days: list[int]
) -> None:
    # Inspection would see the odd quotes; here nothing but the count of the records tells.
    found = forced(tools, MANY, JOINED, plain=True, days=[on(day) for day in days])

    first = [(2, "a")] if 5 in days else []
    assert [(row["line"], row["product"]) for row in found.accepted] == [
        *first,
        (5, "c"),
        (7, "e"),
    ]
    assert [row["line"] for row in found.rejected] == ([3, 4, 6] if 5 in days else [6])


def test_a_file_that_changed_since_it_was_counted_is_refused(tools: Desk) -> None:
    content = HEADER + b"2024-03-05,a,1\n2024-03-05,b,2\n"
    file = tools.drop(DAILY, content)
    file.path.write_bytes(content + b"2024-03-05,c,3\n")

    with pytest.raises(DropError) as caught:
        tools.stager.stage(DAILY, [file], {(0, DAY): 2})

    assert str(caught.value) == (
        "2024-03-05.csv: 2 lines of 2024-03-05 were counted in the file, but 3 read; "
        "materialise its raw asset again"
    )


def test_a_day_that_the_file_does_not_hold_is_noticed(tools: Desk) -> None:
    file = tools.drop(MANY, HEADER + b"2024-03-05,a,1\n")

    with pytest.raises(DropError, match=r"1 lines of 2024-03-06 were counted .* but 0 read"):
        tools.stager.stage(MANY, [file], {(0, on(5)): 1, (0, on(6)): 1})


@pytest.mark.parametrize("large", [0, 10**9], ids=["a statement for each day", "one for all"])
def test_large_and_small_days_are_written_alike(
    tools: Desk, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "LARGE_DAY", large)
    rows = [
        (on(1 + n % 20).isoformat(), f"item {n}", "wrong" if n % 7 == 0 else f"{n}.{n % 10}")
        for n in range(400)
    ]

    found = tools.judge(MANY, csv_bytes([("day", "item", "price"), *rows]))

    assert len(found.days) == 20
    for day in found.days:
        own = [(n, row) for n, row in enumerate(rows) if row[0] == day.day.isoformat()]
        amounts = [Decimal(price) for _, (_, _, price) in own if price != "wrong"]
        assert (day.accepted, day.rejected) == (len(amounts), len(own) - len(amounts))
        assert day.amount == day.net_amount == sum(amounts)
    assert [line for _, line in line_numbers(found)] == list(range(2, 402))
    for day in found.days:
        for file in (day.accepted_file, day.rejected_file):
            assert file is None or tools.connection.execute(
                "SELECT DISTINCT partition_date FROM read_parquet(?)", [str(file)]
            ).fetchall() == [(day.day,)]


def test_the_days_may_be_written_in_parts(tools: Desk) -> None:
    content = HEADER + b"".join(b"2024-03-%02d,x,%d\n" % (day, day) for day in (1, 2, 3, 5, 8))
    file = tools.drop(MANY, content)
    days = [on(day) for day in (1, 2, 3, 5, 8)]
    tools.stager.stage(MANY, [file], {(0, day): 1 for day in days})

    parts = [tools.stager.write(MANY, days[:3]), tools.stager.write(MANY, days[3:])]

    assert [day.amount for part in parts for day in part] == [1, 2, 3, 5, 8]


def test_a_late_line_stays_on_the_day_of_the_drop_that_brought_it(tools: Desk) -> None:
    read = contract(COLUMNS, MAPPINGS, late_tolerance=timedelta(days=3))

    found = tools.judge(read, HEADER + b"2024-03-02,a,1\n2024-03-01,b,2\n2024-03-05,c,3\n")

    assert [(row["partition_date"], row["order_date"]) for row in found.accepted] == [
        (DAY, on(2)),
        (DAY, on(5)),
    ]
    assert [(row["partition_date"], row["line"]) for row in found.rejected] == [(DAY, 3)]


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
