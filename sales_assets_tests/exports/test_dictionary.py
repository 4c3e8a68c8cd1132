"""The data dictionary of the real definitions: complete, in the words that are said elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg
import pytest

from sales_assets.assets.exports import MARTS
from sales_assets.build import build_definitions
from sales_assets.exports.dictionary import Entry, entries
from sales_assets.exports.tables import Table
from sales_assets.settings import Settings

TABLES = [*(f"marts/{name}" for name in MARTS), "core/fct_sales"]
REJECTED = ["retail/pizzaplace/rejected", "global/global_sales/rejected"]


@pytest.fixture(scope="module")
def specs() -> Mapping[dg.AssetKey, dg.AssetSpec]:
    found = build_definitions(Settings.load()).resolve_all_asset_specs()
    return {spec.key: spec for spec in found}


@pytest.fixture(scope="module")
def dictionary(specs: Mapping[dg.AssetKey, dg.AssetSpec]) -> Sequence[Entry]:
    def of(name: str) -> dg.AssetSpec:
        return specs[dg.AssetKey(name.split("/"))]

    tables = [*(Table.of(of(name)) for name in TABLES), Table.of(*map(of, REJECTED))]
    key = dg.AssetKey(["marts", "daily_revenue"])
    checks = [
        dg.AssetCheckSpec("sound", asset=key, description="No key twice."),
        dg.AssetCheckSpec("undescribed", asset=key),
    ]
    return entries(tables, specs, checks)


def entry(dictionary: Sequence[Entry], table: str, column: str = "") -> Entry:
    [found] = [one for one in dictionary if one[:2] == (table, column)]
    return found


def test_every_table_and_column_has_a_type_and_a_meaning(dictionary: Sequence[Entry]) -> None:
    assert {one.table_name for one in dictionary} == {*MARTS, "fct_sales", "rejected"}
    assert not [one for one in dictionary if not (one.data_type and one.meaning)]
    assert not [one for one in dictionary if "SQL" in one.meaning]


def test_everything_that_is_no_text_has_a_unit(dictionary: Sequence[Entry]) -> None:
    assert not [
        one
        for one in dictionary
        if one.column_name and bool(one.unit) != (not one.data_type.startswith(("varchar", "text")))
    ]


def test_a_column_is_explained_in_the_words_of_the_catalogue(
    dictionary: Sequence[Entry], specs: Mapping[dg.AssetKey, dg.AssetSpec]
) -> None:
    found = entry(dictionary, "daily_revenue", "net_revenue")
    assert found.meaning.startswith("Revenue after returns and cancellations, in `currency`")
    assert found[2:4] == ("decimal(38,4)", "money, in the row's currency")
    assert (found.rules, found.comes_from) == ("never empty", "fct_sales.net_amount")
    assert found.source_columns == "global/global_sales: revenue, status; retail/pizzaplace: price"


def test_amounts_in_the_reporting_currency_come_from_rates_too(dictionary: Sequence[Entry]) -> None:
    found = entry(dictionary, "daily_revenue", "reporting_net_revenue")
    assert "exchange_rates: " in found.source_columns
    assert found.unit == "money, in the reporting currency"
    assert found.rules == ""


def test_a_table_says_what_a_row_is_and_how_it_is_tested(dictionary: Sequence[Entry]) -> None:
    found = entry(dictionary, "daily_revenue")
    assert found.rules == ("One row for each source, order_date, currency. Tested: No key twice.")
    assert found.comes_from == "fct_sales"
    assert entry(dictionary, "daily_revenue", "source").rules == "part of the key, never empty"


def test_rejected_lines_come_from_the_files_of_all_sources(dictionary: Sequence[Entry]) -> None:
    found = entry(dictionary, "rejected", "text")
    assert found.comes_from == ""
    assert [of.partition(":")[0] for of in found.source_columns.split("; ")] == [
        "global/global_sales",
        "retail/pizzaplace",
    ]
