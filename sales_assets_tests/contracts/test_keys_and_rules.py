"""Rules over whole lines: conditions on several columns, and keys that are unique within a day."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.contracts.days import AcrossDays, DayFromColumn
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import LineRule
from sales_assets.errors import ContractError
from sales_assets_tests.contracts.builders import (
    Desk,
    changed,
    column,
    contract,
    csv_bytes,
    load,
)

COLUMNS = [
    column("order_no", required=True),
    column("item"),
    column("units", LogicalType.INTEGER),
    column("price", LogicalType.NUMBER),
    column("total", LogicalType.NUMBER),
]
HEADER = b"order_no,item,units,price,total\n"
SUMS = LineRule(
    "total_is_price_times_units",
    "The total is the price times the units, to the cent.",
    'abs("total" - "price" * "units") > 0.01',
    ("total", "price", "units"),
)
WIDE = LineRule("no_overflow", "Units can be multiplied.", '"units" * "units" < 0', ("units",))


def test_a_line_that_breaks_a_rule_of_several_columns_is_rejected_with_its_words(
    tools: Desk,
) -> None:
    read = contract(COLUMNS, line_rules=(SUMS,))

    found = tools.judge(read, HEADER + b"1,a,2,1.50,3.00\n2,b,2,1.50,3.01\n3,c,2,1.50,3.02\n")

    assert [row["line"] for row in found.accepted] == [2, 3]
    assert found.reasons == [
        ["total_is_price_times_units: The total is the price times the units, to the cent."]
    ]


def test_a_rule_says_nothing_of_a_blank_or_unreadable_value_and_the_other_reasons_stay(
    tools: Desk,
) -> None:
    read = contract(COLUMNS, line_rules=(SUMS,))

    found = tools.judge(read, HEADER + b"1,a,,1.50,3.00\n,b,two,1.50,3.00\n,c,1,1,9\n")

    assert [row["line"] for row in found.accepted] == [2]
    assert found.reasons == [
        ["order_no: is required and blank", "units: 'two' is no integer"],
        [
            "order_no: is required and blank",
            "total_is_price_times_units: The total is the price times the units, to the cent.",
        ],
    ]


def test_a_rule_that_cannot_be_computed_for_a_line_rejects_it(tools: Desk) -> None:
    read = contract(COLUMNS, line_rules=(WIDE,))

    found = tools.judge(read, HEADER + b"1,a,9223372036854775807,,\n2,b,3,,\n")

    assert [row["line"] for row in found.accepted] == [3]
    assert found.reasons == [["no_overflow: Units can be multiplied."]]


def test_of_lines_with_the_same_key_the_first_file_s_first_line_counts(tools: Desk) -> None:
    read = contract(COLUMNS, keys=(("order_no", "item"),))
    drops = {
        "b 2024-03-05.csv": HEADER + b"1,a,1,,\n2,a,1,,\n",
        "a 2024-03-05.csv": HEADER + b"1,a,2,,\n1,b,2,,\n1,a,3,,\n",
    }

    found = tools.judge(read, drops)

    assert sorted((row["file"][0], row["line"]) for row in found.accepted) == [
        ("a", 2),
        ("a", 3),
        ("b", 3),
    ]
    assert sorted((row["file"][0], row["line"], row["text"]) for row in found.rejected) == [
        ("a", 4, "1,a,3,,"),
        ("b", 2, "1,a,1,,"),
    ]
    assert {tuple(reasons) for reasons in found.reasons} == {
        ("order_no, item: the same as in line 2 of a 2024-03-05.csv",)
    }


def test_a_rejected_line_takes_no_key_and_a_blank_is_the_same_as_nothing(tools: Desk) -> None:
    read = contract(COLUMNS, keys=(("item",),))

    found = tools.judge(read, HEADER + b",a,1,,\n1,a,1,,\n2,,1,,\n3,,1,,\n4,a,1,,\n")

    assert [row["line"] for row in found.accepted] == [3, 4, 5]
    assert found.reasons == [
        ["order_no: is required and blank"],
        ["item: the same as in line 3 of 2024-03-05.csv"],
    ]


def test_every_key_that_a_line_repeats_is_told(tools: Desk) -> None:
    read = contract(COLUMNS, keys=(("order_no",), ("item",)))

    found = tools.judge(read, HEADER + b"1,a,1,,\n2,b,1,,\n1,b,1,,\n")

    assert found.reasons == [
        [
            "order_no: the same as in line 2 of 2024-03-05.csv",
            "item: the same as in line 3 of 2024-03-05.csv",
        ]
    ]


def test_the_same_key_on_another_day_is_no_double(tools: Desk) -> None:
    read = contract(
        [column("day", LogicalType.DATE, required=True), column("order_no")],
        {"order_date": "day"},
        day=DayFromColumn("day"),
        keys=(("order_no",),),
    )

    found = tools.judge(read, b"day,order_no\n2024-03-05,1\n2024-03-06,1\n2024-03-05,1\n")

    assert [row["line"] for row in found.accepted] == [2, 3]
    assert [(row["partition_date"], row["line"]) for row in found.rejected] == [
        (date(2024, 3, 5), 4)
    ]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["", "x", "y"])), max_size=12))
def test_accepted_keys_are_unique_and_no_key_is_lost(
    tools: Desk, rows: Sequence[tuple[str, str]]
) -> None:
    read = contract([column("a"), column("b")], keys=(("a", "b"),))

    found = tools.judge(read, csv_bytes([("a", "b"), *rows]))

    first: dict[tuple[str, str], int] = {}
    expected = []
    for line, row in enumerate(rows, start=2):
        if not row[1] or first.setdefault(row, line) == line:
            expected.append(line)
    assert [row["line"] for row in found.accepted] == expected
    assert len(found.accepted) + len(found.rejected) == len(rows)


def test_a_key_that_is_unique_across_days_is_staged_as_a_hash_with_the_line_s_text(
    tools: Desk,
) -> None:
    read = contract(
        COLUMNS, keys=(("order_no", "item"),), across_days=AcrossDays.EARLIEST, mappings={}
    )

    found = tools.judge(read, HEADER + b'1,"2,3",1,1,1\n"1,2",3,1,1,1\n1,,1,1,1\n')

    keys = [row["line_key"] for row in found.accepted]
    assert len(set(keys)) == 3
    assert keys[0] == hashlib.sha256(b'["1","2,3"]').hexdigest()
    assert [row["text"] for row in found.accepted] == ['1,"2,3",1,1,1', '"1,2",3,1,1,1', "1,,1,1,1"]


def test_other_contracts_stage_neither_keys_nor_the_text_of_accepted_lines(tools: Desk) -> None:
    found = tools.judge(contract(COLUMNS, keys=(("order_no",),)), HEADER + b"1,a,1,1,1\n")

    assert not found.accepted[0].keys() & {"line_key", "text"}


@pytest.mark.parametrize("rule", list(AcrossDays))
def test_a_contract_says_which_day_counts_for_its_primary_key(
    tmp_path: Path, rule: AcrossDays
) -> None:
    keyed = changed("schema.0.properties.0.primaryKey", True)
    assert load(tmp_path, keyed).across_days is None
    stated = [{"property": "uniqueAcrossDays", "value": rule.value}]
    read = load(tmp_path, changed("schema.0.customProperties", stated, keyed))
    assert read.across_days is rule
    assert read.digest != load(tmp_path, keyed).digest


@pytest.mark.parametrize(
    ("value", "primary", "told"),
    [
        ("newest", True, "uniqueAcrossDays: is 'newest'; use earliest or latest"),
        (["latest"], True, "uniqueAcrossDays: is ['latest']; use earliest or latest"),
        ("latest", False, "uniqueAcrossDays: says nothing without a primary key"),
    ],
)
def test_a_rule_across_days_that_cannot_be_followed_is_refused(
    tmp_path: Path, value: object, primary: bool, told: str
) -> None:
    content = changed("schema.0.properties.0.primaryKey", primary)
    stated = [{"property": "uniqueAcrossDays", "value": value}]
    with pytest.raises(ContractError) as refused:
        load(tmp_path, changed("schema.0.customProperties", stated, content))
    assert told in str(refused.value)


def test_an_unknown_property_of_the_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="'uniqueOverDays' is unknown"):
        load(
            tmp_path,
            changed("schema.0.customProperties", [{"property": "uniqueOverDays", "value": "x"}]),
        )


def test_a_moment_in_a_key_counts_with_its_time(tools: Desk) -> None:
    at = column("sold_at", LogicalType.TIMESTAMP, required=True)
    read = contract(
        [column("order_no", required=True), at],
        {"order_date": "sold_at"},
        keys=(("order_no", "sold_at"),),
        across_days=AcrossDays.LATEST,
    )

    found = tools.judge(
        read,
        b"order_no,sold_at\n1,2024-03-05 10:00:00\n1,2024-03-05 11:00:00\n1,2024-03-05 10:00:00\n",
    )

    assert [row["line"] for row in found.accepted] == [2, 3]
    assert len({row["line_key"] for row in found.accepted}) == 2
