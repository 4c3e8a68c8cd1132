"""What the manifest says of every model and source: types, descriptions, and how it is built."""

from __future__ import annotations

from typing import Any

from sales_assets.resources.warehouse_tables import TABLES as PIPELINE_TABLES
from sales_assets_tests.dbt_project.built import TABLES


def test_every_table_is_incremental_by_the_window(manifest: dict[str, Any]) -> None:
    tables = [node for node in nodes_of(manifest) if node["schema"] != "staging"]
    assert len(tables) == len(TABLES)
    for node in tables:
        assert node["config"]["materialized"] == "incremental", node["name"]
        assert node["config"]["incremental_strategy"] == "replace_window", node["name"]
        assert node["config"]["meta"]["replace_by"], node["name"]
        if node["schema"] == "marts":  # the meta of model and project are merged
            assert node["config"]["meta"]["dagster"]["owners"] == ["team:analytics"], node["name"]


def test_every_column_has_a_type_and_a_description_and_no_amount_is_a_float(
    manifest: dict[str, Any],
) -> None:
    for node in nodes_of(manifest):
        assert node["config"]["contract"]["enforced"], node["name"]
        assert node["description"], node["name"]
        for name, column in node["columns"].items():
            assert column["description"], f"{node['name']}.{name}"
            assert column["data_type"].split("(")[0] in (
                *("varchar", "bigint", "date", "timestamp", "decimal", "boolean"),
            ), f"{node['name']}.{name}"


def test_the_source_is_the_table_that_the_pipeline_writes(manifest: dict[str, Any]) -> None:
    for source in manifest["sources"].values():
        declared = {name: column["data_type"] for name, column in source["columns"].items()}
        written = {name: kind.lower() for name, kind in PIPELINE_TABLES[source["name"]]}
        assert declared == written, source["name"]


def nodes_of(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
