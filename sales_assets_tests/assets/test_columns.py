"""What a contract says of its columns is what the columns of its assets say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.assets.columns import (
    COLUMN_SCHEMA,
    lineage_in,
    lineage_metadata,
    raw_columns,
    rejected_columns,
    revenue_columns,
    staged_columns,
)
from sales_assets.contracts import model
from sales_assets.contracts.days import AcrossDays, DayFromColumn
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import Dialect, Reference, SourceContract
from sales_assets_tests.contracts.builders import column, contract, csv_bytes, desk

NUMBER, RECEIPT = column("qty", LogicalType.INTEGER), column("receipt", required=True)
SOLD_ON = column("sold_on", LogicalType.DATE, format="dd.MM.yyyy")
E_MAIL = column("e_mail", header="E-Mail", classification="personal", enum=("a@b.example",))
PRICES = Reference(
    name="prices",
    path="prices.csv",
    dialect=Dialect(),
    columns=(column("item"), column("price", LogicalType.NUMBER, minimum="0")),
    column="receipt",
    key="item",
)


def columns_in(metadata: Mapping[str, Any]) -> dict[str, dg.TableColumn]:
    schema = metadata[COLUMN_SCHEMA].value
    assert isinstance(schema, dg.TableSchema)
    return {one.name: one for one in schema.columns}


def raw_of(metadata: Mapping[str, Any], name: str) -> list[str]:
    """The columns of the CSV that a column comes from."""
    deps = lineage_in(metadata).get(name, ())
    assert all(dep.asset_key == dg.AssetKey(["team", "source", "raw"]) for dep in deps)
    return sorted(dep.column_name for dep in deps)


def mapped(of: SourceContract, name: str, expression: str, *sources: str) -> SourceContract:
    """The contract with another mapping of one canonical column."""
    own = model.Mapping(name, expression, sources, "As agreed.")
    rest = [one for one in of.mappings if one.name != name]
    return replace(of, mappings=(*rest, own))


@pytest.mark.parametrize(
    "read",
    [
        contract([RECEIPT, NUMBER], {"order_id": "receipt"}),
        contract([RECEIPT, NUMBER, SOLD_ON], day=DayFromColumn("sold_on")),
        contract([RECEIPT, NUMBER], keys=(("receipt",),), across_days=AcrossDays.EARLIEST),
    ],
    ids=["plain", "day from a column", "unique across days"],
)
def test_the_staged_columns_that_are_described_are_those_of_the_parquet(
    read: SourceContract, tmp_path: Path
) -> None:
    values = {"receipt": "r1", "qty": "2", "sold_on": "05.03.2024"}
    rows = [[one.header for one in read.columns], [values[one.name] for one in read.columns]]
    with desk(tmp_path) as tools:
        found = tools.judge(read, csv_bytes(rows))
    assert list(found.accepted[0]) == list(columns_in(staged_columns(read)))


def test_a_computed_column_says_how_and_from_what() -> None:
    read = mapped(contract([RECEIPT, NUMBER]), "amount", "qty * 2", "qty")
    told = staged_columns(read)
    assert (columns_in(told)["amount"].description or "").endswith(
        "As agreed. Computed as `` qty * 2 ``."
    )
    assert raw_of(told, "amount") == ["qty"]
    assert columns_in(revenue_columns(read))["amount"] == columns_in(told)["amount"]


def test_a_column_of_a_reference_is_called_by_its_name() -> None:
    read = replace(contract([RECEIPT, NUMBER]), references=(PRICES,))
    read = mapped(read, "amount", 'qty * "prices.price"', "qty", "prices.price")
    assert raw_of(staged_columns(read), "amount") == ["prices.price", "qty"]
    told = columns_in(raw_columns(read))
    assert list(told) == ["receipt", "qty", "prices.item", "prices.price"]
    assert told["prices.item"].constraints.unique
    assert told["prices.price"].constraints.other == [">= 0"]


def test_the_day_of_a_line_comes_from_the_column_that_says_it() -> None:
    read = contract([RECEIPT, SOLD_ON], day=DayFromColumn("sold_on"))
    for told in (staged_columns(read), rejected_columns(read)):
        assert raw_of(told, "partition_date") == ["sold_on"]
    assert not raw_of(staged_columns(contract([RECEIPT, SOLD_ON])), "partition_date")


def test_a_rejected_text_comes_from_all_columns() -> None:
    told = rejected_columns(contract([RECEIPT, NUMBER, E_MAIL]))
    assert raw_of(told, "text") == raw_of(told, "reasons") == ["E-Mail", "qty", "receipt"]
    assert columns_in(told)["reasons"].type == "VARCHAR[]"


def test_the_columns_of_a_csv_carry_the_contracts_rules() -> None:
    rules: dict[str, Any] = {
        "enum": ("1", "2"),
        "minimum": "0",
        "exclusive_maximum": "10",
        "pattern": "[0-9]",
        "min_length": 1,
        "max_length": 3,
    }
    strict = column("code", header="Code", required=True, classification="internal", **rules)
    told = columns_in(
        raw_columns(contract([strict, SOLD_ON, NUMBER], keys=(("code",), ("qty", "code"))))
    )
    assert told["Code"].constraints == dg.TableColumnConstraints(
        nullable=False,
        unique=True,
        other=[
            *("one of 1, 2", ">= 0", "< 10", "matches [0-9]"),
            *("at least 1 characters", "at most 3 characters"),
        ],
    )
    assert told["Code"].tags == {"classification": "internal"}
    assert told["sold_on"].constraints.other == ["format dd.MM.yyyy"]
    assert told["qty"].constraints == dg.TableColumnConstraints()


def test_personal_values_are_not_told() -> None:
    read = contract([RECEIPT, E_MAIL], {"customer_id": "e_mail"})
    read = mapped(read, "customer_id", "CASE WHEN e_mail = 'a@b.example' THEN 'x' END", "e_mail")
    metadata = [raw_columns(read), staged_columns(read), revenue_columns(read)]
    assert not any("a@b.example" in str(columns_in(told)) for told in metadata)
    customer = columns_in(metadata[1])["customer_id"].description or ""
    assert customer.endswith("As agreed. A pseudonym of e_mail.")
    assert columns_in(metadata[0])["E-Mail"].tags == {"classification": "personal"}


def test_a_column_without_a_name_is_shown_as_one() -> None:
    read = contract([column("first", header=""), NUMBER], {"order_id": "first"})
    assert list(columns_in(raw_columns(read))) == ["(no name)", "qty"]
    assert raw_of(staged_columns(read), "order_id") == ["(no name)"]


def test_origins_are_a_table_with_links_for_people() -> None:
    deps: Sequence[dg.TableColumnDep] = [
        dg.TableColumnDep(dg.AssetKey(["a team", "till"]), "Qty|Units"),
        dg.TableColumnDep(dg.AssetKey(["core"]), "net"),
    ]
    told = lineage_metadata({"amount": deps, "lines": []})["column_origins"]
    assert isinstance(told, dg.MarkdownMetadataValue)
    assert told.md_str == (
        "| column | comes from |\n| --- | --- |\n"
        "| `amount` | [a team/till](/assets/a%20team/till): `` Qty\\|Units ``, "
        "[core](/assets/core): `` net `` |"
    )


def test_columns_that_come_from_nowhere_have_no_lineage() -> None:
    assert lineage_metadata({"lines": []}) == {}
    assert lineage_in(raw_columns(contract([RECEIPT]))) == {}
