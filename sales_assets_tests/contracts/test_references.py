"""Lines that refer to another file: joined with it, rejected without it, and its own judgement."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.contracts.drop_files import drop_files
from sales_assets.contracts.inspection import inspect
from sales_assets.contracts.judging import judged_query
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.reference_files import reading
from sales_assets.errors import ContractError, RefusedDropError
from sales_assets_tests.contracts.builders import (
    DAY,
    GONE,
    TILL,
    Desk,
    Judged,
    changed,
    csv_bytes,
    load,
)

PRODUCTS: dict[str, Any] = {
    "name": "products",
    "physicalType": "file",
    "physicalName": "shop/products.csv",
    "properties": [
        {"name": "product_id", "logicalType": "string", "required": True, "primaryKey": True},
        {"name": "price", "logicalType": "number", "required": True},
        {"name": "sold_since", "logicalType": "date"},
    ],
}
LINES = [
    {
        "name": "product_id",
        "logicalType": "string",
        "relationships": [{"type": "foreignKey", "to": "products.product_id"}],
    },
    {"name": "qty", "logicalType": "integer", "required": True},
    {"name": "paid", "logicalType": "number", "required": True},
]
REVENUE = [
    {"name": "order_date", "logicalType": "date", "transformLogic": f"DATE '{DAY}'"},
    {"name": "product", "logicalType": "string", "transformLogic": "product_id"},
    {"name": "amount", "logicalType": "number", "transformLogic": "qty * products.price"},
    {"name": "net_amount", "logicalType": "number", "transformLogic": "paid"},
    {"name": "currency", "logicalType": "string", "transformLogic": "'EUR'"},
    {"name": "kind", "logicalType": "string", "transformLogic": "'sale'"},
]


def content(**of_lines: Any) -> dict[str, Any]:
    lines = {"name": "lines", "properties": LINES, **of_lines}
    schema = [lines, {"name": "revenue", "properties": REVENUE}, PRODUCTS]
    return changed("schema", schema)


PRICED = content(
    quality=[
        {
            "name": "paid_in_full",
            "type": "sql",
            "query": "SELECT COUNT(*) FROM ${object} WHERE lines.paid <> qty * products.price",
            "mustBe": 0,
        }
    ]
)
PRICES = b"product_id,price,sold_since\na,1.50,2024-01-01\nb,20,\n"


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> SourceContract:
    return load(tmp_path_factory.mktemp("contract"), PRICED)


def take(tools: Desk, contract: SourceContract, prices: bytes) -> None:
    """Load a reference's file as the staging area does."""
    described = reading(contract, contract.references[0])
    path, _ = tools.inspect(contract, b"product_id,qty,paid\n")
    path = path.with_name("products.csv")
    path.write_bytes(prices)
    found = inspect(described, path, "shop/products.csv")
    files = drop_files(described, path, "shop/products.csv", found)
    tools.stager.load_reference(described, files)


def judge(tools: Desk, contract: SourceContract, lines: bytes, prices: bytes = PRICES) -> Judged:
    take(tools, contract, prices)
    return tools.judge(contract, b"product_id,qty,paid\n" + lines)


def test_lines_take_values_of_the_row_that_they_refer_to(
    tools: Desk, priced: SourceContract
) -> None:
    found = judge(tools, priced, b"a,2,3.00\nb,1,20\n")

    assert [(row["product"], row["amount"]) for row in found.accepted] == [
        ("a", Decimal("3.0000")),
        ("b", Decimal(20)),
    ]
    assert found.rejected == []


@pytest.mark.parametrize(
    ("line", "reasons"),
    [
        (b"X9,1,1", ["product_id: 'X9' is not in products (shop/products.csv)"]),
        (b"A,1,1", ["product_id: 'A' is not in products (shop/products.csv)"]),
        (
            b",1,1",
            [
                "amount: the contract's expression over qty, products.price gave no value",
            ],
        ),
        (b"a,2,3.01", ["paid_in_full: paid in full"]),
        (b"a,x,3", ["qty: 'x' is no integer"]),
    ],
)
def test_a_line_that_does_not_fit_the_reference_is_rejected_with_the_reason(
    tools: Desk, priced: SourceContract, line: bytes, reasons: list[str]
) -> None:
    found = judge(tools, priced, b"a,2,3\n" + line + b"\n")

    assert len(found.accepted) == 1
    [told] = found.reasons
    assert len(told) == len(reasons)
    assert all(part in whole for part, whole in zip(reasons, told, strict=True))


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        (b"a,1,\nb,free,\n", "line 3: price: 'free' is no number"),
        (b"a,1,\nb,1,\na,2,\n", "line 4: product_id: the same as in line 2"),
        (b"a,1,\n,2,\n", "line 3: product_id: is required and blank"),
        (b"a,1,\nb,1\n", "line 3: the line has 2 fields, the header 3"),
    ],
)
def test_a_reference_with_a_wrong_line_is_refused_whole_with_line_and_reason(
    tools: Desk, priced: SourceContract, prices: bytes, told: str
) -> None:
    with pytest.raises(RefusedDropError) as caught:
        take(tools, priced, b"product_id,price,sold_since\n" + prices)

    assert str(caught.value).startswith("shop/products.csv: is refused whole as the reference")
    assert told in str(caught.value)


KEYS = st.sampled_from(["a", "b", "c", "d", "e"])


@settings(deadline=None, max_examples=25)
@given(
    st.dictionaries(KEYS, st.integers(0, 999), min_size=1),
    st.lists(st.tuples(KEYS, st.integers(0, 9)), max_size=12),
)
def test_every_line_is_priced_by_its_own_row_or_rejected(
    tools: Desk, priced: SourceContract, prices: Mapping[str, int], lines: list[tuple[str, int]]
) -> None:
    rows = [(key, str(qty), str(qty * prices.get(key, 0))) for key, qty in lines]
    reference = [("product_id", "price", "sold_since")]
    reference += [(key, str(price), "") for key, price in prices.items()]

    found = judge(tools, priced, csv_bytes(rows), csv_bytes(reference))

    assert [(row["product"], row["amount"]) for row in found.accepted] == [
        (key, qty * prices[key]) for key, qty in lines if key in prices
    ]
    assert len(found.rejected) == sum(key not in prices for key, _ in lines)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("schema.2.physicalName", GONE, "schema[2].name: 'products' is not read"),
        ("schema.2.physicalName", "/etc/products.csv", "schema.products.physicalName: is '/etc"),
        (
            "schema.2.physicalName",
            TILL["servers"][0]["path"],
            "physicalName: 'shop/till/*.csv*' is that of the drops or of another reference",
        ),
        (
            "schema.+",
            {**PRODUCTS, "name": "others"},
            "'shop/products.csv' is that of the drops or of another reference",
        ),
        ("schema.2.properties.0.primaryKey", GONE, "schema.products: has 0 primary keys"),
        ("schema.2.properties.0.required", GONE, "schema.products.product_id.primaryKey: is of a"),
        ("schema.2.properties.0.logicalType", "integer", "products.product_id is integer"),
        ("schema.0.properties.0.relationships", GONE, "0 columns of lines refer to it"),
        (
            "schema.0.properties.0.relationships.0.to",
            "products.price",
            "'products.price' is no primary key of a reference; use products.product_id",
        ),
        (
            "schema.2.properties.1.relationships",
            [{"type": "foreignKey", "to": "products.product_id"}],
            "schema.products.price.relationships: is not enforced",
        ),
        ("schema.1.properties.2.transformLogic", "qty * products.cost", "without a table"),
        ("schema.1.properties.2.transformLogic", "qty * sold.price", "without a table"),
        ("schema.1.properties.2.transformLogic", "qty || products.price", "is of type VARCHAR"),
        (
            "schema.2.customProperties",
            [{"property": "delimiter", "value": "--"}],
            "schema.products.customProperties.delimiter: is '--'",
        ),
    ],
)
def test_a_wrong_reference_is_told_with_its_field(
    tmp_path: Path, path: str, value: Any, told: str
) -> None:
    with pytest.raises(ContractError) as caught:
        load(tmp_path, changed(path, value, PRICED))

    assert told in str(caught.value)


def test_a_reference_may_be_laid_out_otherwise_than_the_drops(tools: Desk, tmp_path: Path) -> None:
    own = [
        {"property": "delimiter", "value": ";"},
        {"property": "decimalChar", "value": ","},
        {"property": "encoding", "value": "windows-1252"},
    ]
    contract = load(tmp_path, changed("schema.2.customProperties", own, PRICED))
    prices = "product_id;price;sold_since\nä;1,50;\n".encode("windows-1252")

    found = judge(tools, contract, "ä,2,3.00\n".encode(), prices)

    assert [row["amount"] for row in found.accepted] == [Decimal(3)]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema.2.physicalName", "shop/prices.csv"),
        ("schema.2.customProperties", [{"property": "delimiter", "value": ";"}]),
        ("schema.2.properties.1.physicalType", "DECIMAL(12,2)"),
    ],
)
def test_the_digest_changes_with_the_reference(
    priced: SourceContract, tmp_path: Path, path: str, value: Any
) -> None:
    assert load(tmp_path, changed(path, value, PRICED)).digest != priced.digest


def test_a_contract_without_references_joins_nothing(tmp_path: Path) -> None:
    assert "LEFT JOIN" not in judged_query(load(tmp_path, TILL), "lines", "files")


def test_a_key_that_two_files_of_an_archive_have_in_the_same_line_is_refused(
    tools: Desk, tmp_path: Path
) -> None:
    archive = tmp_path / "products.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.csv", "product_id,price,sold_since\na,1,\n")
        packed.writestr("b.csv", "product_id,price,sold_since\na,2,\nb,3,\n")
    zipped = load(tmp_path, changed("schema.2.physicalName", "shop/products.zip", PRICED))
    described = reading(zipped, zipped.references[0])
    found = inspect(described, archive, "shop/products.zip")

    with pytest.raises(RefusedDropError) as refused:
        tools.stager.load_reference(
            described, drop_files(described, archive, "shop/products.zip", found)
        )

    assert "line 2: product_id: the same as in line 2 of shop/products.zip/a.csv" in str(
        refused.value
    )
