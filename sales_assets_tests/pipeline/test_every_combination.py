"""The same tables, row by row, wherever objects and revenue lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sales_assets.resources.warehouse_tables import TABLES
from sales_assets_tests.harness import SAMPLE, UCI_CONTRACT, Installation
from sales_assets_tests.s3 import new_bucket
from sales_assets_tests.snowflake.running import SnowflakeServer, serving

pytestmark = pytest.mark.long
ROWS = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Sales:
    """A data set: its source, its days and its net revenue."""

    source: str
    first: str
    last: str
    net: Decimal


PIZZAS = Sales("pizzaplace", "2015-01-01", "2015-12-31", Decimal("817860.05"))
GLOBAL = Sales("global_sales", "2021-01-01", "2023-12-31", Decimal("222159013.63"))
SHOP = Sales("uci_online_retail", "2010-12-01", "2011-02-28", Decimal("1807019.93"))


@pytest.fixture
def snowflake(endpoint: str, tmp_path: Path) -> Iterator[SnowflakeServer]:
    """A Snowflake stand-in that can reach the buckets of the S3 stand-in."""
    with serving(tmp_path / "snowflake", "--s3-endpoint-url", endpoint) as server:
        yield server


def on_s3(endpoint: str) -> dict[str, Any]:
    return {
        "object_store": "s3",
        "s3_bucket": new_bucket(),
        "s3_prefix": "staged",
        "s3_region": "us-east-1",
        "s3_endpoint_url": endpoint,
    }


def tables(home: Path, sales: Sales, files: list[Path], **settings: Any) -> ROWS:
    """Every row of every table after one run of all days."""
    contracts = [UCI_CONTRACT] if sales is SHOP else None
    with Installation(
        home,
        contracts,
        dbt_prepared_path=home / "prepared" if "warehouse" in settings else None,
        **settings,
    ) as installation:
        installation.land(sales.source, *files)
        installation.materialize(sales.first, sales.last, [sales.source])
        return installation.tables()


@pytest.mark.parametrize(
    "sales",
    [
        pytest.param(PIZZAS, marks=pytest.mark.longest),
        pytest.param(GLOBAL, marks=pytest.mark.longest),
        SHOP,
    ],
    ids=lambda sales: sales.source,
)
def test_the_tables_are_the_same_on_every_object_store_and_warehouse(
    tmp_path: Path,
    endpoint: str,
    snowflake: SnowflakeServer,
    sales: Sales,
    request: pytest.FixtureRequest,
) -> None:
    files = [SAMPLE / f"{sales.source}.csv.gz"]
    if sales is SHOP:
        files = request.getfixturevalue("uci_files")
    expected = tables(tmp_path / "home", sales, files)
    net = [name for name, *_ in TABLES["revenue"]].index("net_amount")
    assert sum(row[net] for row in expected["main.revenue"]) == sales.net

    bucket = on_s3(endpoint)
    staged = {**bucket, **snowflake.settings(), "snowflake_stage": "main.objects"}
    warehouse = snowflake.warehouse(staged["snowflake_database"])
    with warehouse._write() as session:
        session.query(f"CREATE STAGE main.objects URL = 's3://{bucket['s3_bucket']}/staged/'")
    combinations = {
        "S3 and DuckDB": on_s3(endpoint),
        "directory and Snowflake": snowflake.settings(),
        "S3 and Snowflake by upload": {**on_s3(endpoint), **snowflake.settings()},
        "S3 and Snowflake by an external stage": staged,
    }
    for name, settings in combinations.items():
        found = tables(tmp_path / name, sales, files, **settings)
        for table, rows in expected.items():
            assert found[table] == rows, f"{table}: {name}"
