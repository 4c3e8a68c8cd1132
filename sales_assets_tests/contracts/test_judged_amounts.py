"""The amounts of a line: computed exactly, and otherwise a reason against the line."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import SourceContract
from sales_assets_tests.contracts.builders import Desk, column, contract, csv_bytes

MONEY = Decimal("0.0001")


def priced(expression: str = "qty * price", **rest: Any) -> SourceContract:
    """A contract that computes its amounts from a quantity and a price."""
    return contract(
        [
            column("qty", LogicalType.INTEGER, required=True),
            column("price", LogicalType.NUMBER, required=True),
        ],
        {"amount": expression, "net_amount": expression, **rest.pop("mappings", {})},
        **rest,
    )


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.integers(-1000, 1000),
            st.decimals(Decimal(-99999), Decimal(99999), places=4),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_sums_are_those_of_exact_decimals(tools: Desk, lines: list[tuple[int, Decimal]]) -> None:
    content = csv_bytes([("qty", "price"), *((str(qty), f"{price:f}") for qty, price in lines)])

    found = tools.judge(priced(mappings={"net_amount": "qty * price - price"}), content)

    (day,) = found.days
    assert day.accepted == len(lines)
    assert day.amount == sum((qty * price for qty, price in lines), Decimal(0))
    assert day.net_amount == sum((qty * price - price for qty, price in lines), Decimal(0))
    assert [row["amount"] for row in found.accepted] == [qty * price for qty, price in lines]


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.decimals(Decimal(-(10**9)), Decimal(10**9), places=4),
            st.decimals(Decimal(-(10**9)), Decimal(10**9), places=4),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_an_amount_that_does_not_fit_exactly_is_rejected_and_never_rounded(
    tools: Desk, lines: list[tuple[Decimal, Decimal]]
) -> None:
    goods = contract(
        [column("weight", LogicalType.NUMBER), column("price", LogicalType.NUMBER)],
        {"amount": "CAST(weight AS DECIMAL(19,4)) * price"},
    )
    content = csv_bytes([("weight", "price"), *((f"{w:f}", f"{p:f}") for w, p in lines)])

    found = tools.judge(goods, content)

    with localcontext(prec=60):
        exact = {line: w * p for line, (w, p) in enumerate(lines, start=2)}
    fits = {
        line: value
        for line, value in exact.items()
        if value == value.quantize(MONEY) and abs(value) < 10**14
    }
    assert {row["line"]: row["amount"] for row in found.accepted} == fits
    for row in found.rejected:
        (reason,) = row["reasons"]
        assert reason == f"amount: {exact[row['line']]:.8f} does not fit DECIMAL(18,4) exactly"


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("price * 1.005", "amount: 2.5126005 does not fit DECIMAL(18,4) exactly"),
        (
            "CAST(price AS DECIMAL(38,4)) * 100000000000000",
            "amount: 250010000000000.0000 does not fit DECIMAL(18,4) exactly",
        ),
        (
            "CAST(price AS DECIMAL(38,0)) * CAST('9' || repeat('0', 37) AS DECIMAL(38,0))",
            "amount: the contract's expression over price gave no value",
        ),
        ("CAST('x' || qty AS INTEGER)", "amount: the contract's expression over qty gave no value"),
        ("NULLIF(price, price)", "amount: the contract's expression over price gave no value"),
    ],
)
def test_an_amount_that_cannot_be_kept_is_a_reason(tools: Desk, expression: str, told: str) -> None:
    goods = priced(expression, mappings={"net_amount": "0"})

    assert tools.judge(goods, b"qty,price\n1,2.5001\n").reasons == [[told]]


def test_an_error_in_what_two_expressions_share_costs_its_line_alone(tools: Desk) -> None:
    # DuckDB 2.0.0 would compute the shared part outside of both TRY.
    goods = contract(
        [column("text"), column("note")],
        {
            "quantity": "CAST(text AS DECIMAL(18,4)) + 1",
            "amount": "CAST(text AS DECIMAL(18,4))",
            "net_amount": "-CAST(text AS DECIMAL(18,4))",
        },
    )

    found = tools.judge(goods, b"text,note\n1.5,a\nx,b\n2.5,c\n")

    assert [row["net_amount"] for row in found.accepted] == [Decimal("-1.5"), Decimal("-2.5")]
    assert found.reasons == [
        [
            "quantity: the contract's expression over text failed",
            "amount: the contract's expression over text gave no value",
            "net_amount: the contract's expression over text gave no value",
        ]
    ]


def test_a_quantity_or_unit_price_that_does_not_fit_is_rejected_too(tools: Desk) -> None:
    goods = priced("0", mappings={"unit_price": "price * 0.5", "quantity": "qty * 1.0000"})

    found = tools.judge(goods, b"qty,price\n1,0.0003\n1,0.0002\n9223372036854775807,1\n")

    assert [row["unit_price"] for row in found.accepted] == [Decimal("0.0001")]
    assert found.reasons == [
        ["unit_price: 0.00015 does not fit DECIMAL(18,4) exactly"],
        ["quantity: 9223372036854775807.0000 does not fit DECIMAL(18,4) exactly"],
    ]


@pytest.mark.parametrize(
    ("canonical", "expression"),
    [
        ("ordered_at", "CAST(note AS TIMESTAMP)"),
        ("quantity", "CAST(note AS DECIMAL(18,4))"),
        ("line_number", "CAST(note AS BIGINT)"),
    ],
)
def test_an_expression_of_an_optional_column_that_fails_is_a_reason(
    tools: Desk, canonical: str, expression: str
) -> None:
    till = contract([column("note"), column("id")], {canonical: expression})

    found = tools.judge(till, b"id,note\n1,x\n2,\n3,2024\n" + b"4,y\n")

    broken = [row["line"] for row in found.rejected]
    assert {2, 5} <= set(broken)
    assert 3 not in broken, "a blank gives no value, which is allowed"
    assert found.reasons[0] == [f"{canonical}: the contract's expression over note failed"]
