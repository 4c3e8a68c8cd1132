"""Every column of every asset is described, and leads back to the columns of the CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import pytest

from sales_assets.assets.columns import COLUMN_SCHEMA, lineage_in
from sales_assets.assets.costs import COSTS
from sales_assets.build import build_definitions
from sales_assets.contracts.load import load_contracts
from sales_assets.contracts.model import SourceContract
from sales_assets.settings import Settings

NO_TABLES = {dg.AssetKey(["reports", "sales_report"]), COSTS}
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
    return {key: spec.metadata for key, spec in specs.items() if key not in NO_TABLES}


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


def test_the_lineage_of_every_model_is_known_for_each_of_its_columns(columns: Columns) -> None:
    models = [key for key in columns if key.path[0] in {"staging", "core", "marts"}]
    assert len(models) == 8
    for key in models:
        assert lineage_in(columns[key]).keys() == set(names(columns, key)), key


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


def test_all_staged_columns_have_an_origin_but_those_that_the_pipeline_writes(
    columns: Columns, contracts: Mapping[str, SourceContract]
) -> None:
    for contract in contracts.values():
        key = dg.AssetKey([contract.team, contract.source, "staged"])
        mapped = {mapping.name for mapping in contract.mappings if mapping.sources}
        without = {name for name in names(columns, key) if not origins(columns, key, name)}
        extra = {column.name for column in contract.extra_columns}
        assert not without & (mapped | extra)
        assert without >= WRITTEN_BY_THE_PIPELINE
