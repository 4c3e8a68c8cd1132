"""From the fields of a line to a canonical row, or to every reason why it is none."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from sales_assets.contracts.canonical import REVENUE_COLUMNS
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import Dialect
from sales_assets_tests.contracts.builders import DAY, Desk, column, contract, csv_bytes


def test_a_line_becomes_a_canonical_row_with_its_provenance(tools: Desk) -> None:
    till = contract(
        [
            column("receipt", required=True),
            column("position", LogicalType.INTEGER),
            column("sold_at", LogicalType.TIMESTAMP, time_zone="Europe/Berlin"),
            column("csv_product", header="product"),
            column("price", LogicalType.NUMBER),
            column("note"),
        ],
        {
            "order_id": "receipt",
            "line_number": "position",
            "order_date": "CAST(sold_at AS DATE)",
            "ordered_at": "sold_at",
            "product": "upper(csv_product)",
            "unit_price": "price",
            "amount": "price * 2",
            "net_amount": "-price",
            "kind": "CASE WHEN note = 'back' THEN 'return' ELSE 'sale' END",
        },
        late_tolerance=timedelta(days=1),
    )
    content = csv_bytes(
        [
            ("receipt", "position", "sold_at", "product", "price", "note"),
            ("R1", "7", "2024-03-05 00:30:00", "tea", "2.5", ""),
            ("R2", "", "2024-03-05 12:00:00", "mug", "0.0001", "back"),
        ]
    )

    found = tools.judge(till, content)

    file = {"source": "team/source", "partition_date": DAY, "file": "2024-03-05.csv"}
    assert found.rejected == []
    assert found.accepted == [
        file
        | {
            "order_id": "R1",
            "line_number": 7,
            "order_date": date(2024, 3, 4),
            "ordered_at": datetime(2024, 3, 4, 23, 30),  # noqa: DTZ001
            "product": "TEA",
            "category": None,
            "customer_id": None,
            "region": None,
            "quantity": None,
            "unit_price": Decimal("2.5000"),
            "amount": Decimal("5.0000"),
            "net_amount": Decimal("-2.5000"),
            "currency": "EUR",
            "kind": "sale",
            "file_sha256": found.accepted[0]["file_sha256"],
            "line": 2,
            "csv_product": "tea",
            "note": None,
        },
        file
        | {
            "order_id": "R2",
            "line_number": None,
            "order_date": date(2024, 3, 5),
            "ordered_at": datetime(2024, 3, 5, 11, 0),  # noqa: DTZ001
            "product": "MUG",
            "category": None,
            "customer_id": None,
            "region": None,
            "quantity": None,
            "unit_price": Decimal("0.0001"),
            "amount": Decimal("0.0002"),
            "net_amount": Decimal("-0.0001"),
            "currency": "EUR",
            "kind": "return",
            "file_sha256": found.accepted[0]["file_sha256"],
            "line": 3,
            "csv_product": "mug",
            "note": "back",
        },
    ]


def test_the_columns_of_the_parquet_are_the_canonical_ones_and_then_the_sources_own(
    tools: Desk,
) -> None:
    till = contract([column("b"), column("a"), column("product")], {"product": "product"})

    (row,) = tools.judge(till, b"a,b,product\n1,2,tea\n").accepted

    assert list(row) == [*(c.name for c in REVENUE_COLUMNS), "b", "a"]


@pytest.mark.parametrize(
    ("kind", "currency", "told"),
    [
        ("sale", "EUR", None),
        ("return", "USD", None),
        ("cancellation", "GBP", None),
        ("gift", "EUR", ["kind: 'gift' is not one of sale, return, cancellation"]),
        ("sale", "eur", ["currency: 'eur' is no ISO 4217 code"]),
        ("sale", "EURO", ["currency: 'EURO' is no ISO 4217 code"]),
        (
            "Sale",
            "€",
            [
                "kind: 'Sale' is not one of sale, return, cancellation",
                "currency: '€' is no ISO 4217 code",
            ],
        ),
        (
            "",
            "",
            [
                "currency: the contract's expression over cur gave no value",
                "kind: the contract's expression over what gave no value",
            ],
        ),
    ],
)
def test_kind_and_currency_have_to_be_known(
    tools: Desk, kind: str, currency: str, told: list[str] | None
) -> None:
    till = contract(
        [column("what"), column("cur"), column("id")], {"kind": "what", "currency": "cur"}
    )

    found = tools.judge(till, csv_bytes([("id", "what", "cur"), ("1", kind, currency)]))

    assert found.reasons == ([told] if told else [])


def test_every_reason_of_a_line_is_kept_those_of_the_columns_and_of_the_row(tools: Desk) -> None:
    till = contract(
        [
            column("day", LogicalType.DATE),
            column("size", enum=("S", "M")),
            column("price", LogicalType.NUMBER, required=True, minimum="0"),
            column("cur", pattern="[A-Z]+"),
        ],
        {"order_date": "day", "amount": "price", "net_amount": "price", "currency": "cur"},
    )

    found = tools.judge(
        till,
        b"day,size,price,cur\n"
        b"2024-03-05,XL,-1,eur\n"
        b"2024-03-09,XL,,EURO\n"
        b"2024-3-5,S,1,EUR\n"
        b"2024-03-05,S,1.00005,EUR\n",
    )

    assert found.accepted == []
    assert found.reasons == [
        [
            "size: 'XL' is not one of S, M",
            "price: '-1' is below 0",
            "cur: 'eur' does not match [A-Z]+",
            "currency: 'eur' is no ISO 4217 code",
        ],
        [
            "size: 'XL' is not one of S, M",
            "price: is required and blank",
            "currency: 'EURO' is no ISO 4217 code",
            "order_date: 2024-03-09 is not in the file's day 2024-03-05 (late lines: 0 days)",
        ],
        ["day: '2024-3-5' is no date of the form yyyy-MM-dd"],
        ["price: '1.00005' is no number with at most 4 decimals"],
    ]


@pytest.mark.parametrize("tolerance", [0, 1, 30])
def test_late_lines_are_kept_within_the_tolerance_and_rejected_beyond(
    tools: Desk, tolerance: int
) -> None:
    till = contract(
        [column("day", LogicalType.DATE)],
        {"order_date": "day"},
        late_tolerance=timedelta(days=tolerance),
    )
    days = [DAY + timedelta(days=n) for n in (1, 0, -1, -2, -29, -30, -31)]

    found = tools.judge(till, csv_bytes([("day",), *((day.isoformat(),) for day in days)]))

    assert [row["order_date"] for row in found.accepted] == [
        day for day in days if DAY - timedelta(days=tolerance) <= day <= DAY
    ]
    assert {row["partition_date"] for row in found.accepted} == {DAY}
    assert found.reasons == [
        [f"order_date: {day} is not in the file's day {DAY} (late lines: {tolerance} days)"]
        for day in days
        if not DAY - timedelta(days=tolerance) <= day <= DAY
    ]


def test_the_text_of_a_rejected_line_is_quoted_as_it_has_to_be(tools: Desk) -> None:
    till = contract(
        [column("a"), column("b"), column("n", LogicalType.INTEGER)],
        dialect=Dialect(missing_values=("", "NA")),
    )
    content = csv_bytes([("a", "b", "n"), ('say "hi"', "x,y", "one"), ("NA", " ", "two")])

    found = tools.judge(till, content)

    assert [row["text"] for row in found.rejected] == ['"say ""hi""","x,y",one', ", ,two"]


def test_personal_values_of_a_rejected_line_are_masked(tools: Desk) -> None:
    people = contract(
        [
            column("email", classification="personal", max_length=5),
            column("n", LogicalType.INTEGER),
            column("note", classification="internal"),
        ]
    )
    lines = [("email", "n", "note"), ("ann@example.org", "one", "x"), ("", "two", "y")]
    content = csv_bytes(lines) + b"bob@example.org;3,4\n"

    found = tools.judge(people, content)

    assert "example.org" not in str(found.rejected)
    assert [row["text"] for row in found.rejected][:2] == ["***,one,x", ",two,y"]
    assert found.rejected[2]["text"].startswith("(withheld")
    assert "email: *** is not what the contract describes" in found.rejected[0]["reasons"]


def test_an_accepted_line_has_no_text_or_reasons(tools: Desk) -> None:
    (row,) = tools.judge(contract([column("a")]), b"a\nx\n").accepted

    assert not {"text", "reasons"} & set(row)


@pytest.mark.parametrize(
    "name",
    [
        *("day", "days", "lines", "files", "judged", "typed", "c0", "ordinal", "order", "select"),
        *("file_index", "known", "records", "sha256", "date", "timestamp", "values", "read"),
    ],
)
def test_a_column_may_have_any_name_that_a_contract_can_give_it(tools: Desk, name: str) -> None:
    till = contract([column(name), column("other", LogicalType.INTEGER)], {"product": name})

    found = tools.judge(till, f"other,{name}\n1,x\nwrong,y\n".encode())

    assert [row["product"] for row in found.accepted] == ["x"]
    assert [row["other"] for row in found.accepted] == [1]
    assert found.reasons == [["other: 'wrong' is no integer"]]
