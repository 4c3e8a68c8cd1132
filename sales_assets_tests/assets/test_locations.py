"""Every asset says where its data are kept, and which code and contract make them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sales_assets.assets.locations import CODE, TABLE_NAME, URI
from sales_assets.build import build_definitions
from sales_assets.contracts.load import load_contracts
from sales_assets.settings import Settings

PIZZAPLACE = "retail/pizzaplace"


def metadata_of(settings: Settings) -> Mapping[str, Mapping[str, Any]]:
    specs = build_definitions(settings).resolve_all_asset_specs()
    return {spec.key.to_user_string(): spec.metadata for spec in specs}


def text(value: object) -> object:
    return value.value if isinstance(value, dg.MetadataValue) else value


def files(metadata: Mapping[str, Any]) -> list[Path]:
    """The files that the metadata of an asset refers to."""
    references = metadata[CODE]
    assert isinstance(references, dg.CodeReferencesMetadataValue)
    found = references.code_references
    assert all(isinstance(one, dg.LocalFileCodeReference) for one in found)
    return [Path(one.file_path) for one in found if isinstance(one, dg.LocalFileCodeReference)]


@pytest.fixture(scope="module")
def assets() -> Mapping[str, Mapping[str, Any]]:
    return metadata_of(Settings.load())


def test_every_asset_says_where_its_data_are(assets: Mapping[str, Mapping[str, Any]]) -> None:
    assert not [name for name, told in assets.items() if not told.keys() & {URI, TABLE_NAME}]


def test_every_asset_refers_to_code_that_is_there(assets: Mapping[str, Mapping[str, Any]]) -> None:
    for name, told in assets.items():
        assert files(told), name
        assert all(file.is_file() for file in files(told)), name


def test_the_code_of_a_model_is_its_sql(assets: Mapping[str, Mapping[str, Any]]) -> None:
    [file] = files(assets["marts/daily_revenue"])
    assert file.match("dbt_project/models/marts/daily_revenue.sql")


def test_all_assets_of_a_source_refer_to_its_contract(
    assets: Mapping[str, Mapping[str, Any]],
) -> None:
    for contract in load_contracts([Settings.load().contracts_folder]):
        for layer in ("raw", "staged", "revenue", "rejected"):
            assert contract.file in files(assets[f"{contract.name}/{layer}"])


def test_data_in_folders_are_at_their_paths_and_those_in_the_warehouse_in_its_tables(
    tmp_path: Path,
) -> None:
    assets = metadata_of(Settings(home=tmp_path, warehouse_path=tmp_path / "sales.duckdb"))
    assert text(assets[f"{PIZZAPLACE}/raw"][URI]) == f"{tmp_path}/landing/retail/pizzaplace/*.csv*"
    assert text(assets[f"{PIZZAPLACE}/staged"][URI]) == (
        f"{tmp_path}/objects/accepted/retail/pizzaplace"
    )
    assert text(assets[f"{PIZZAPLACE}/revenue"][TABLE_NAME]) == "sales.main.revenue"
    assert text(assets["reports/sales_report"][URI]) == f"{tmp_path}/report/sales_report.html"
    assert text(assets["reports/marts_sqlite"][URI]) == f"{tmp_path}/report/marts.sqlite"
    assert text(assets["reports/marts_parquet"][URI]) == f"{tmp_path}/report/parquet"


def test_data_in_buckets_are_at_their_s3_addresses(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        landing_zone="s3://drops/sales",
        object_store="s3",
        s3_bucket="staged",
        s3_prefix="v1",
        pseudonym_keys=tmp_path,
    )
    assets = metadata_of(settings)
    assert str(text(assets[f"{PIZZAPLACE}/raw"][URI])).startswith("s3://drops/sales/retail/")
    staged = str(text(assets[f"{PIZZAPLACE}/staged"][URI]))
    assert staged.startswith("s3://staged/v1/accepted/retail/pizzaplace")
