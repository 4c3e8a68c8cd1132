"""Every column of every asset is described, and leads back to the columns of the CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import pytest

from sales_assets.assets.columns import (
    COLUMN_SCHEMA,
    lineage_in,
    raw_columns,
    rejected_columns,
    staged_columns,
)
from sales_assets.build import build_definitions
from sales_assets.contracts.load import load_contracts
from sales_assets.contracts.model import SourceContract
from sales_assets.settings import Settings

REPORT = dg.AssetKey(["reports", "sales_report"])
NET_REVENUE = (dg.AssetKey(["marts", "daily_revenue"]), "net_revenue")
WRITTEN_BY_THE_PIPELINE = {"source", "file", "file_sha256", "line"}

Columns = Mapping[dg.AssetKey, Mapping[str, Any]]
"""Asset -> its metadata."""


@pytest.fixture(scope="module")
def specs() -> Mapping[dg.AssetKey, dg.AssetSpec]:
    graph = build_definitions(Settings.load()).resolve_all_asset_specs()
    return {spec.key: spec for spec in graph}


@pytest.fixture(scope="module")
def columns(specs: Mapping[dg.AssetKey, dg.AssetSpec]) -> Columns:
    return {key: spec.metadata for key, spec in specs.items() if key != REPORT}


@pytest.fixture(scope="module")
def contracts() -> Mapping[str, SourceContract]:
    loaded = load_contracts([Settings.load().contracts_folder])
    return {contract.source: contract for contract in loaded}


def described(metadata: Mapping[str, Any]) -> Sequence[dg.TableColumn]:
    """The columns that metadata describes."""
    told = metadata[COLUMN_SCHEMA]
    schema = told.value if isinstance(told, dg.MetadataValue) else told
    assert isinstance(schema, dg.TableSchema)
    return schema.columns


def names(columns: Columns, key: dg.AssetKey) -> list[str]:
    return [column.name for column in described(columns[key])]


def origins(columns: Columns, key: dg.AssetKey, name: str) -> Sequence[dg.TableColumnDep]:
    return lineage_in(columns[key]).get(name, ())


def beginnings(columns: Columns, key: dg.AssetKey, name: str) -> Iterator[tuple[dg.AssetKey, str]]:
    """The columns that a column comes from in the end."""
    deps = origins(columns, key, name)
    if not deps:
        yield key, name
    for dep in deps:
        yield from beginnings(columns, dep.asset_key, dep.column_name)


def test_every_asset_says_what_it_is_whose_it_is_and_what_it_is_made_of(
    specs: Mapping[dg.AssetKey, dg.AssetSpec],
) -> None:
    lacking = {
        (key.to_user_string(), what)
        for key, spec in specs.items()
        for what in ("description", "owners", "group_name", "kinds")
        if not getattr(spec, what)
    }
    assert not lacking


def test_every_column_of_every_asset_has_a_type_and_a_description(columns: Columns) -> None:
    lacking = [
        f"{key.to_user_string()}.{column.name}"
        for key, told in columns.items()
        for column in described(told)
        if not column.description or not column.type or column.type == "string"
    ]
    assert not lacking


def test_every_origin_of_a_column_is_a_column_of_an_asset(columns: Columns) -> None:
    for key, told in columns.items():
        for name in lineage_in(told):
            assert name in names(columns, key)
            for dep in origins(columns, key, name):
                assert dep.column_name in names(columns, dep.asset_key), (key, name, dep)


def test_net_revenue_of_the_mart_leads_back_to_columns_of_each_source(
    columns: Columns, contracts: Mapping[str, SourceContract]
) -> None:
    found = set(beginnings(columns, *NET_REVENUE))
    for contract in contracts.values():
        raw = dg.AssetKey([contract.team, contract.source, "raw"])
        [mapping] = [one for one in contract.mappings if one.name == "net_amount"]
        wanted = {(raw, contract.column(name).header) for name in mapping.sources}
        assert wanted
        assert {place for place in found if place[0] == raw} == wanted


def test_amounts_in_the_reporting_currency_come_from_rates_too(columns: Columns) -> None:
    found = set(beginnings(columns, NET_REVENUE[0], "reporting_net_revenue"))
    assert (dg.AssetKey(["rates", "exchange_rates"]), "rate") in found


def test_all_columns_of_revenue_have_an_origin_but_those_that_the_pipeline_writes(
    columns: Columns, contracts: Mapping[str, SourceContract]
) -> None:
    for contract in contracts.values():
        key = dg.AssetKey([contract.team, contract.source, "staged"])
        mapped = {mapping.name for mapping in contract.mappings if mapping.sources}
        without = {name for name in names(columns, key) if not origins(columns, key, name)}
        extra = {column.name for column in contract.extra_columns}
        assert not without & (mapped | extra)
        assert without >= WRITTEN_BY_THE_PIPELINE


def test_a_text_that_was_rejected_comes_from_all_columns_of_the_csv(
    contracts: Mapping[str, SourceContract],
) -> None:
    contract = contracts["pizzaplace"]
    told = {dep.column_name for dep in lineage_in(rejected_columns(contract))["text"]}
    assert told == set(contract.required_headers)


def test_the_columns_of_a_csv_are_called_as_in_its_header_and_carry_the_contracts_rules(
    contracts: Mapping[str, SourceContract],
) -> None:
    for contract in contracts.values():
        for told, column in zip(described(raw_columns(contract)), contract.columns, strict=False):
            assert (told.name, told.description) == (column.header, column.description)
            assert told.constraints.nullable is not column.required
            assert all(
                any(value in rule for rule in told.constraints.other) for value in column.enum
            )


def test_a_computed_column_says_how_the_contract_computes_it(
    contracts: Mapping[str, SourceContract],
) -> None:
    for contract in contracts.values():
        told = {
            column.name: column.description or "" for column in described(staged_columns(contract))
        }
        for mapping in contract.mappings:
            assert mapping.description in told[mapping.name]
            assert mapping.direct or f"`{mapping.expression}`" in told[mapping.name]


def test_origins_are_a_table_with_links_for_people(contracts: Mapping[str, SourceContract]) -> None:
    contract = contracts["pizzaplace"]
    told = staged_columns(contract)["column_origins"]
    assert isinstance(told, dg.MarkdownMetadataValue)
    link = f"[{contract.name}/raw](/assets/{contract.team}/{contract.source}/raw)"
    assert told.md_str is not None
    assert f"| {link}: " in told.md_str
