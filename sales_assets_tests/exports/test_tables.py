"""What the specs of the prepared dbt project say of a table."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg
import pytest

from sales_assets.assets.exports import MARTS
from sales_assets.dbt_manifest import read_specs
from sales_assets.dbt_specs import DbtSpecs
from sales_assets.exports.tables import Table, is_decimal
from sales_assets.settings import Settings


@pytest.fixture(scope="module")
def specs() -> DbtSpecs:
    return read_specs(Settings.load().dbt_prepared)


@pytest.fixture(scope="module")
def tables(specs: DbtSpecs) -> Mapping[str, Table]:
    return {spec.key.path[-1]: Table.of(spec) for spec in specs.assets}


def test_a_table_has_the_key_and_the_constraints_that_dbt_tests(
    tables: Mapping[str, Table],
) -> None:
    table = tables["daily_revenue"]
    assert table.keys == ["source", "order_date", "currency"]
    nullable = {column.name: column.constraints.nullable for column in table.columns}
    assert (nullable["net_revenue"], nullable["reporting_net_revenue"]) == (False, True)


def test_every_mart_has_a_key_whose_columns_are_never_empty(tables: Mapping[str, Table]) -> None:
    for name in MARTS:
        required = {one.name for one in tables[name].columns if not one.constraints.nullable}
        assert tables[name].keys
        assert required.issuperset(tables[name].keys)


def test_a_table_is_unloaded_in_the_order_of_its_key_as_the_types_that_it_has(
    tables: Mapping[str, Table],
) -> None:
    query = tables["daily_revenue"].unload.query
    assert "CAST(net_revenue AS decimal(38,4)) AS net_revenue" in query
    assert query.endswith("FROM daily_revenue ORDER BY source, order_date, currency")


def test_amounts_and_units_are_decimal_and_counts_are_not(tables: Mapping[str, Table]) -> None:
    found = {column.name: is_decimal(column) for column in tables["daily_revenue"].columns}
    assert (found["net_revenue"], found["units"], found["lines"]) == (True, True, False)


def test_a_check_says_what_its_test_says(specs: DbtSpecs) -> None:
    told = {check.asset_key: check.description or "" for check in specs.checks}
    daily = told[dg.AssetKey(["marts", "daily_revenue"])]
    assert daily.startswith("No key twice, gross less returned is net")
