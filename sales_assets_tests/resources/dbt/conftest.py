"""The toy project, parsed once for all tests, and a warehouse with good rows."""

from pathlib import Path

import pytest

from sales_assets.dbt_manifest import DbtLocation, prepare
from sales_assets_tests.resources.dbt.toy import GOOD_ROWS, Toy, locate, write_project


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> DbtLocation:
    folder = tmp_path_factory.mktemp("dbt")
    location = locate(write_project(folder / "project"), folder / "prepared", Path("sales.duckdb"))
    assert prepare(location)
    return location


@pytest.fixture
def warehouse(tmp_path: Path, prepared: DbtLocation) -> Toy:
    return Toy(tmp_path, prepared).fill(GOOD_ROWS)
