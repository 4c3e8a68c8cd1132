"""The days of a drop: their lines are counted, staged for days asked for, and compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.contracts import parquet
from sales_assets.contracts.drop_files import expected_lines
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import DropError
from sales_assets_tests.contracts.builders import DAY, Desk, Judged, contract, csv_bytes
from sales_assets_tests.contracts.small_drops import (
    COLUMNS,
    DAILY,
    HEADER,
    MANY,
    MAPPINGS,
    line_numbers,
    on,
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
