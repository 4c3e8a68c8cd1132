"""Staged files for tests of warehouses, and what these then hold.

Belongs here: made-up days. Does not: any expectation.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from sales_assets.partitions import Window
from sales_assets.resources.sql_warehouse import SqlWarehouse
from sales_assets.resources.warehouse import DayLoad
from sales_assets.resources.warehouse_tables import TABLES

SHOP, TILL = "tests/shop", "tests/till"
ONE, TWO, THREE = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)
JANUARY = Window.of_keys("2024-01-01", "2024-01-31")
MANY = 130_001
"""More rows than DuckDB keeps in memory for one row group (122,880)."""

Stage = Callable[..., DayLoad]


def stage_in(parent: Path) -> Stage:
    """A day's staged files, with one row for each customer and one for each rejected line."""
    folder = parent / "it's [staged]=*?"
    folder.mkdir()
    names = (folder / f"{number}.parquet" for number in count())

    def write(table: str, rows: int, values: dict[str, str]) -> Path:
        columns = ", ".join(
            f"({values.get(name, 'NULL')})::{sql_type} AS {name}"
            for name, sql_type in reversed(TABLES[table])
        )
        path = next(names)
        with duckdb.connect() as connection:
            connection.execute(
                f"COPY (SELECT {columns}, 'x' AS extra FROM range({rows}) rows (n)) TO ?",
                [str(path)],
            )
        return path

    def stage(
        day: date,
        customers: int,
        rejected: int = 0,
        *,
        source: str = SHOP,
        price: str = "1.25",
        sold_on: date | None = None,
        reasons: str = "['one', 'two']",
    ) -> DayLoad:
        values = {
            "source": f"'{source}'",
            "partition_date": f"'{day}'",
            "order_date": f"'{sold_on or day}'",
            "customer_id": "'c' || n",
            "amount": price,
            "net_amount": f"-({price})",
            "currency": "'EUR'",
            "kind": "'sale'",
            "file": f"'{day}.csv'",
            "line": "n + 2",
            "text": "'text'",
            "reasons": reasons,
        }
        return DayLoad(
            day=day,
            fingerprint=f"{source} {day} {customers} {rejected} {price}",
            contract_version="1.0.0",
            files="[]",
            lines=customers + rejected,
            accepted=write("revenue", customers, values),
            rejected=write("rejected", rejected, values) if rejected else None,
        )

    return stage


def tables(warehouse: SqlWarehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the warehouse."""
    return {name: sorted(warehouse.rows(f"SELECT * FROM main.{name}"), key=repr) for name in TABLES}


def counts(warehouse: SqlWarehouse, table: str = "revenue") -> dict[tuple[str, date], int]:
    rows = warehouse.rows(f"SELECT source, partition_date, count(*) FROM {table} GROUP BY ALL")
    return {(source, day): number for source, day, number in rows}
