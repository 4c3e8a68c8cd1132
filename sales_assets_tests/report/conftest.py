"""The fixture that the tests of the report share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets_tests.report.filled import LEDGER, MARTS, Fill, insert


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """Make a warehouse with these lines and everything that follows from them."""

    def filled(
        sales: Sequence[dict[str, Any]],
        rejected: Sequence[tuple[str, int, list[str]]] = (),
        afterwards: str = "",
    ) -> DuckDBWarehouse:
        warehouse = DuckDBWarehouse(path=str(tmp_path / "warehouse.duckdb"))
        warehouse.rows("SELECT 1")
        with duckdb.connect(warehouse.path) as connection:
            insert(connection, "revenue", sales)
            for file, line, reasons in rejected:
                connection.execute(
                    "INSERT INTO rejected VALUES ('shop/till', '2024-01-01', ?, '0', ?, 'text', ?)",
                    [file, line, reasons],
                )
            connection.execute(MARTS + LEDGER)
            connection.execute(afterwards or "SELECT 1")
        return warehouse

    return filled
