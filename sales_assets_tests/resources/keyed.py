"""Staged lines with keys, for tests of keys that are unique across days.

Belongs here: made-up lines. Does not: any expectation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb

from sales_assets.contracts.days import AcrossDays
from sales_assets.resources.sql_warehouse import SqlWarehouse
from sales_assets.resources.warehouse import DayLoad
from sales_assets.resources.warehouse_tables import TABLES

SHOP = "tests/shop"
DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(4)]

Keys = Sequence[str | None]


class Shelf:
    """Staged files of days whose lines have the keys that are named, one line for each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0

    def stage(self, day: date, keys: Keys) -> DayLoad:
        self._number += 1
        path = self._folder / f"{self._number}.parquet"
        given_values = {
            "source": f"'{SHOP}'",
            "partition_date": f"DATE '{day}'",
            "order_date": f"DATE '{day}' - 40",
            "customer_id": "coalesce(key, 'nobody')",
            "amount": "n",
            "net_amount": "-n",
            "currency": "'EUR'",
            "kind": "'sale'",
            "file": f"'{day}.csv'",
            "file_sha256": "'f00d'",
            "line": "n + 1",
        }
        columns = ", ".join(
            f"CAST({given_values.get(name, 'NULL')} AS {kind}) AS {name}"
            for name, kind in TABLES["revenue"]
        )
        with duckdb.connect() as connection:
            connection.execute(
                f"COPY (SELECT {columns}, key AS line_key, 'text of ' || key AS text FROM ("
                "SELECT unnest(?::VARCHAR[]) AS key, generate_subscripts(?::VARCHAR[], 1) AS n"
                ")) TO ?",
                [list(keys), list(keys), str(path)],
            )
        return DayLoad(
            day=day,
            fingerprint=f"{day} {keys}",
            contract_version="1",
            files="[]",
            lines=len(keys),
            accepted=path if keys else None,
            rejected=None,
        )


def load(
    warehouse: SqlWarehouse,
    shelf: Shelf,
    days: Mapping[date, Keys],
    rule: AcrossDays | None = AcrossDays.EARLIEST,
) -> list[date]:
    loads = [shelf.stage(day, keys) for day, keys in days.items()]
    return [day.day for day in warehouse.replace(SHOP, loads, across_days=rule)]
