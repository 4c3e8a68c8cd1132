"""The models as assets: what Dagster is told of them before anything runs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_shared.record import replace as record

from sales_assets.dbt_lineage import column_origins
from sales_assets.dbt_manifest import (
    DbtLocation,
    DbtNotPreparedError,
    compiled_models,
    read_manifest,
    read_specs,
)
from sales_assets.dbt_specs import DbtSpecs
from sales_assets.dbt_translation import HomelessTestError, translate
from sales_assets_tests.resources.dbt.toy import DAILY, FACTS, PRODUCTS, REVENUE, STAGING, Toy


def test_models_are_assets_by_folder_that_depend_on_every_revenue_asset(
    warehouse: Toy,
) -> None:
    specs = {spec.key: spec for spec in warehouse.marts.specs}

    assert set(specs) == {STAGING, FACTS, DAILY, PRODUCTS}
    assert {dep.asset_key for dep in specs[STAGING].deps} == set(REVENUE)
    assert {dep.asset_key for dep in specs[DAILY].deps} == {FACTS}
    checked_with = {
        check.key.to_user_string(): {dep.asset_key for dep in check.additional_deps}
        for check in warehouse.marts.check_specs
    }
    assert checked_with == {
        "staging/stg_sales:a_product_is_named": set(),
        "core/fct_sales:an_amount_is_stated": set(),
        "marts/daily_revenue:daily_revenue_adds_up": {FACTS, *REVENUE},
    }


def test_group_owner_tags_kinds_and_columns_come_from_the_dbt_project(
    warehouse: Toy,
) -> None:
    spec = warehouse.marts.get_asset_spec(DAILY)

    assert (spec.group_name, spec.owners) == ("marts", ["team:analytics"])
    assert (spec.kinds, spec.tags["money"]) == ({"dbt", "duckdb"}, "")
    columns = spec.metadata["dagster/column_schema"].columns
    assert [(column.name, column.type, column.description) for column in columns] == [
        ("day", "date", "The day of the sale."),
        ("revenue", "smallint", ""),
    ]


def test_a_test_of_the_shared_revenue_table_is_refused(prepared: DbtLocation) -> None:
    manifest = read_manifest(prepared.prepared_dir)
    test = next(node for node in manifest["nodes"].values() if node["name"] == "a_product_is_named")
    test["attached_node"] = None
    test["depends_on"]["nodes"] = ["source.toy.warehouse.revenue"]

    with pytest.raises(HomelessTestError, match="a_product_is_named"):
        translate(manifest, {})


def test_the_specs_that_were_kept_are_those_that_dagster_dbt_makes_of_the_manifest(
    prepared: DbtLocation,
) -> None:
    def ordered(deps: Iterable[dg.AssetDep]) -> list[dg.AssetDep]:  # dagster-dbt has them in sets
        return sorted(deps, key=lambda dep: dep.asset_key)

    def comparable(specs: DbtSpecs) -> list[Any]:
        assets = sorted(specs.assets, key=lambda spec: spec.key)
        checks = sorted(specs.checks, key=lambda check: check.name)
        return [
            *((spec.replace_attributes(deps=[]), ordered(spec.deps)) for spec in assets),
            *(
                (record(check, additional_deps=[]), ordered(check.additional_deps))
                for check in checks
            ),
        ]

    manifest = read_manifest(prepared.prepared_dir)
    made = translate(manifest, column_origins(manifest, compiled_models(prepared, "main")))

    assert comparable(read_specs(prepared.prepared_dir)) == comparable(made)


def test_specs_of_another_version_of_dagster_are_refused(
    prepared: DbtLocation, tmp_path: Path
) -> None:
    text = (prepared.prepared_dir / "specs.json").read_text()
    assert DbtSpecs.from_json(text)
    (tmp_path / "specs.json").write_text(text.replace(dg.__version__, "1.0.0"))

    with pytest.raises(DbtNotPreparedError, match=r"another version of Dagster.*sales-assets prep"):
        read_specs(tmp_path)
