"""Metrics and exposures are described, and exposures are the assets that they say they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pytest

from sales_assets.build import build_definitions
from sales_assets.dbt_manifest import read_manifest, read_specs
from sales_assets.settings import Settings

Nodes = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def manifest() -> Mapping[str, Nodes]:
    return read_manifest(Settings.load().dbt_prepared)


@pytest.fixture(scope="module")
def specs() -> Mapping[dg.AssetKey, dg.AssetSpec]:
    graph = build_definitions(Settings.load()).resolve_all_asset_specs()
    return {spec.key: spec for spec in graph}


def test_a_metric_says_what_it_is_its_unit_and_whose(manifest: Mapping[str, Nodes]) -> None:
    assert {metric["name"] for metric in manifest["metrics"].values()} >= {
        *("net_revenue", "reporting_net_revenue", "orders", "average_order_value", "return_rate"),
    }
    for metric in manifest["metrics"].values():
        assert metric["label"] != metric["name"], metric["name"]
        assert metric["description"].strip().endswith("."), metric["name"]
        assert metric["config"]["meta"]["unit"], metric["name"]
        assert metric["config"]["meta"]["owner"].startswith("team:"), metric["name"]


def test_what_metrics_are_computed_from_and_split_by_is_described(
    manifest: Mapping[str, Nodes],
) -> None:
    [sales] = manifest["semantic_models"].values()
    for part in (sales, *sales["dimensions"], *sales["measures"]):
        assert part["description"].strip().endswith("."), part["name"]
    for named in (sales, *sales["dimensions"]):
        assert named["label"], named["name"]


def test_an_exposure_is_an_asset_that_depends_on_the_same_models(
    manifest: Mapping[str, Nodes], specs: Mapping[dg.AssetKey, dg.AssetSpec]
) -> None:
    assert manifest["exposures"]
    for exposure in manifest["exposures"].values():
        assert exposure["label"] != exposure["name"]
        assert exposure["description"].strip().endswith("."), exposure["name"]
        assert exposure["maturity"], exposure["name"]

        asset = specs[dg.AssetKey.from_user_string(exposure["config"]["meta"]["asset"])]
        assert asset.key.path[-1] == exposure["name"]
        assert asset.owners == [f"team:{exposure['owner']['name']}"]
        read = {tuple(node.split(".")[2:]) for node in exposure["depends_on"]["nodes"]}
        assert read == {tuple(dep.asset_key.path[1:]) for dep in asset.deps}, exposure["name"]


def test_every_report_is_an_exposure(
    manifest: Mapping[str, Nodes], specs: Mapping[dg.AssetKey, dg.AssetSpec]
) -> None:
    reports = {key.to_user_string() for key, spec in specs.items() if spec.group_name == "reports"}
    exposed = {one["config"]["meta"]["asset"] for one in manifest["exposures"].values()}
    assert exposed == reports


def test_models_are_assets_and_neither_metrics_exposures_nor_the_calendar_are() -> None:
    prepared = read_specs(Settings.load().dbt_prepared)
    assert {spec.key.to_user_string() for spec in prepared.assets} == {
        *("staging/stg_sales", "staging/stg_exchange_rates", "core/fct_sales"),
        *("marts/daily_revenue", "marts/revenue_by_product", "marts/revenue_by_region"),
        *("marts/customer_value", "marts/revenue_by_team"),
    }
