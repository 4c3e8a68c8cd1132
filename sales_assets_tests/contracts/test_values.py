"""Booleans, blanks and rules of columns: how text is a value, and every reason why it is none."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import Column
from sales_assets_tests.contracts.builders import Desk, column
from sales_assets_tests.contracts.column_values import reasons, values


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("TRUE", True), ("False", False), ("1", None), ("yes", None), ("t", None)],
)
def test_a_boolean_is_true_or_false(tools: Desk, text: str, value: bool | None) -> None:
    flag = column("flag", LogicalType.BOOLEAN)

    assert values(tools, flag, text) == [value]
    assert reasons(tools, flag, text) == (
        [f"flag: '{text}' is no boolean"] if value is None else []
    )


def test_blank_is_no_value_and_wrong_only_where_one_is_required(tools: Desk) -> None:
    for logical in LogicalType:
        free = column("c", logical)
        due = column("c", logical, required=True)

        assert values(tools, free, None) == [None]
        assert reasons(tools, free, None) == []
        assert reasons(tools, due, None) == ["c: is required and blank"]


@pytest.mark.parametrize(
    ("of", "right", "wrong", "told"),
    [
        (
            column("c", enum=("a", "it's")),
            ["a", "it's"],
            ["A", "a ", "b"],
            "is not one of a, it's",
        ),
        (
            column("c", LogicalType.NUMBER, minimum="0.5"),
            ["0.5", "0.5001", "7"],
            ["0.4999", "-1"],
            "is below 0.5",
        ),
        (
            column("c", LogicalType.NUMBER, maximum="0.5"),
            ["0.5", "-7"],
            ["0.5001"],
            "is above 0.5",
        ),
        (
            column("c", LogicalType.NUMBER, exclusive_minimum="0"),
            ["0.0001"],
            ["0", "-0.0001"],
            "is not above 0",
        ),
        (
            column("c", LogicalType.INTEGER, exclusive_maximum="10"),
            ["9", "-10"],
            ["10", "11"],
            "is not below 10",
        ),
        (
            column("c", LogicalType.DATE, minimum="2021-01-01"),
            ["2021-01-01"],
            ["2020-12-31"],
            "is below 2021-01-01",
        ),
        (
            column("c", LogicalType.TIMESTAMP, maximum="2021-01-01 00:00:00"),
            ["2021-01-01 00:00:00"],
            ["2021-01-01 00:00:01"],
            "is above 2021-01-01 00:00:00",
        ),
        (
            column("c", LogicalType.TIME, maximum="20:00:00"),
            ["20:00:00"],
            ["20:00:01"],
            "is above 20:00:00",
        ),
        (
            column("c", pattern="[A-Z]'?[0-9]+"),
            ["A1", "B'22"],
            ["a1", "A1 ", "xA1", ""],
            "does not match [A-Z]'?[0-9]+",
        ),
        (column("c", min_length=2), ["ab", "éé"], ["a", "é"], "is shorter than 2"),
        (column("c", max_length=2), ["ab", "éé", "a"], ["abc"], "is longer than 2"),
    ],
)
def test_a_value_has_to_fulfil_its_columns_rule(
    tools: Desk, of: Column, right: list[str], wrong: list[str], told: str
) -> None:
    for text in right:
        assert reasons(tools, of, text) == []
    for text in wrong:
        assert reasons(tools, of, text) == [f"c: '{text}' {told}"]


def test_every_reason_is_kept(tools: Desk) -> None:
    of = column(
        "c", LogicalType.INTEGER, enum=("1", "2"), minimum="0", pattern="[0-9]", max_length=1
    )

    assert reasons(tools, of, "-10") == [
        "c: '-10' is not one of 1, 2",
        "c: '-10' does not match [0-9]",
        "c: '-10' is below 0",
        "c: '-10' is longer than 1",
    ]


@settings(deadline=None, max_examples=30)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20))
@example("it's")
@example("'; DROP TABLE revenue; --")
def test_any_text_of_a_contract_or_a_drop_is_only_text(tools: Desk, text: str) -> None:
    of = column("c", enum=(text + "x",), header=text)

    assert values(tools, of, text) == [text]
    assert reasons(tools, of, text) == [f"c: '{text}' is not one of {text}x"]
    assert reasons(tools, of, text + "x") == []
