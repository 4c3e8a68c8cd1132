"""Warehouses of every product and catalogues, empty, and staged files to load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sales_assets.contracts.load import load_contract
from sales_assets.contracts.model import SourceContract
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.sql_warehouse import SqlWarehouse
from sales_assets_tests.harness import SHOP, TILL
from sales_assets_tests.resources.catalogue_scene import Scene
from sales_assets_tests.resources.staged import Stage, stage_in
from sales_assets_tests.services import database
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


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    with database(request.param, tmp_path / "new" / "catalogue.sqlite") as address:
        yield Scene(tmp_path, address)


@pytest.fixture(scope="module")
def shop() -> SourceContract:
    """One file for each day."""
    return load_contract(SHOP)


@pytest.fixture(scope="module")
def till() -> SourceContract:
    """Files whose lines say the day."""
    return load_contract(TILL)
