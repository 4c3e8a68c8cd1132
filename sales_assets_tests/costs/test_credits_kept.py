"""Credits count once and stay, whatever the settings become.

The account's views are tables of a DuckDB file called `snowflake`, which answers the same SQL.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from sales_assets.costs.amounts import NANOCREDITS
from sales_assets.costs.closing import bring_up_to_date
from sales_assets.partitions import DAY, Window
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.settings import Settings
from sales_assets_tests.costs.rows import NOON
from sales_assets_tests.setup.script import NEEDED

TODAY = NOON.date()
HOUR = timedelta(hours=1)
SHOP = json.dumps({"app": "sales_assets", "run": "r", "step": "s", "asset": "retail/shop/revenue"})


@dataclass
class Account:
    """An account, and the installation that asks it."""

    home: Path
    keep: int = 90
    file: str = field(init=False)

    def __post_init__(self) -> None:
        self.file = str(self.home / "snowflake.duckdb")
        DuckDBWarehouse(path=self.file).rows("SELECT 1")  # makes the file
        with duckdb.connect(self.file) as views:
            views.execute(
                "CREATE SCHEMA account_usage; "
                "CREATE TABLE account_usage.query_attribution_history (warehouse_name VARCHAR, "
                "query_tag VARCHAR, start_time TIMESTAMP, credits_attributed_compute DECIMAL(9,3), "
                "credits_used_query_acceleration DECIMAL(9,3)); "
                "CREATE TABLE account_usage.warehouse_metering_history (warehouse_name VARCHAR, "
                "start_time TIMESTAMP, credits_used DECIMAL(9,3))"
            )

    def uses(self, warehouse: str, hour: datetime, own: int, idle: int = 0) -> None:
        """In an hour statements of a warehouse used credits, and it stood idle for some."""
        at = hour.replace(tzinfo=None)
        with duckdb.connect(self.file) as views:
            views.execute(
                "INSERT INTO account_usage.query_attribution_history VALUES (?, ?, ?, ?, NULL)",
                [warehouse, SHOP, at, own],
            )
            views.execute(
                "INSERT INTO account_usage.warehouse_metering_history VALUES (?, ?, ?)",
                [warehouse, at, own + idle],
            )

    def read(self, warehouse: str, now: datetime, first: int = -1, days: int = 2) -> Counter[str]:
        """Bring the ledger up to date; the credits that it has then of a month."""
        given = NEEDED | {"snowflake_warehouse": warehouse, "keep_runs_days": self.keep}
        start = now.date() + first * DAY
        books = bring_up_to_date(
            Settings(home=self.home, **given),
            DuckDBWarehouse(path=self.file),
            Window(start, start + days * DAY),
            now,
        )
        assert books.trouble == ""
        found: Counter[str] = Counter()
        for one in books.entries(Window(TODAY - 30 * DAY, TODAY + 2 * DAY)):
            found["idle" if one.idle else "own"] += one.amounts.credits // NANOCREDITS
        return found


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


def test_what_the_warehouse_before_used_stays_when_another_is_read(account: Account) -> None:
    account.uses("OLD", NOON - 25 * HOUR, 8, 2)
    account.uses("OLD", NOON - HOUR, 4, 1)
    assert account.read("old", NOON) == {"own": 12, "idle": 3}
    account.uses("OLD", NOON + HOUR, 16)
    account.uses("NEW", NOON + HOUR, 32, 4)
    moved = {"own": 60, "idle": 7}
    assert account.read("NEW", NOON + 2 * HOUR) == moved, "one asset in one hour on both, too"
    assert account.read("NEW", NOON + 9 * HOUR) == moved


def test_one_warehouse_that_is_written_in_two_ways_counts_once(account: Account) -> None:
    account.uses("OLD", NOON - HOUR, 4, 1)
    for name in ("old", '"OLD"', "Old"):
        assert account.read(name, NOON) == {"own": 4, "idle": 1}


def test_a_warehouse_that_others_go_on_using_costs_nothing_after_it_was_left(
    account: Account,
) -> None:
    account.uses("OLD", NOON - HOUR, 4)
    account.read("OLD", NOON)
    account.uses("OLD", NOON + 7 * HOUR, 0, idle=100)
    account.uses("OLD", NOON + 24 * HOUR, 0, idle=100)
    assert account.read("NEW", NOON + 26 * HOUR) == {"own": 4, "idle": 0}


def test_credits_of_days_that_were_rolled_up_count_once_when_more_days_are_kept(
    account: Account,
) -> None:
    for days in range(1, 9):
        account.uses("W", NOON - days * DAY, 1)
    assert account.read("W", NOON, first=-10, days=11) == {"own": 8, "idle": 0}
    account.keep = 3
    assert account.read("W", NOON)["own"] == 8
    account.keep = 90
    assert account.read("W", NOON, first=-10, days=8)["own"] == 8
    assert account.read("W", NOON + 9 * HOUR, first=-10, days=11)["own"] == 8
