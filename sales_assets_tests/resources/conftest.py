"""Warehouses of every product, empty, and staged files to load into them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.sql_warehouse import SqlWarehouse
from sales_assets_tests.resources.staged import Stage, stage_in
from sales_assets_tests.snowflake.account import account_warehouse
from sales_assets_tests.snowflake.running import SnowflakeServer


@pytest.fixture(
    params=[
        "duckdb",
        pytest.param("snowflake", marks=pytest.mark.long),
        pytest.param("account", marks=[pytest.mark.long, pytest.mark.snowflake]),
    ]
)
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> SqlWarehouse:
    if request.param == "duckdb":
        return DuckDBWarehouse(path=str(tmp_path / "warehouse" / "sales.duckdb"), lock_timeout=60)
    if request.param == "account":
        return account_warehouse(tmp_path)
    server: SnowflakeServer = request.getfixturevalue("snowflake_server")
    return server.warehouse()


@pytest.fixture
def embedded(tmp_path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(path=str(tmp_path / "warehouse" / "sales.duckdb"), lock_timeout=60)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return stage_in(tmp_path)
