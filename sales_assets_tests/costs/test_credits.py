"""Credits are whose the tags say, and the rest of an hour is idle."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sales_assets.costs.amounts import NANOCREDITS
from sales_assets.costs.closing import bring_up_to_date, figures
from sales_assets.costs.credits import credits_of
from sales_assets.costs.ledger import Credit
from sales_assets.partitions import Window
from sales_assets.resources.query_tag import query_tag
from sales_assets.settings import Settings
from sales_assets_tests.snowflake.running import SnowflakeServer

TEN = datetime(2024, 5, 31, 10, tzinfo=UTC)
ELEVEN = TEN + timedelta(hours=1)
SHOP = json.dumps({"app": "sales_assets", "run": "r", "step": "s", "asset": "retail/shop/revenue"})
NOW = TEN + timedelta(days=1)


def nano(text: str) -> int:
    return int(Decimal(text) * NANOCREDITS)


def test_each_hour_is_attributed_and_the_rest_is_idle_and_nothing_is_lost() -> None:
    found = credits_of(
        [
            (TEN, SHOP, Decimal("0.25")),
            (ELEVEN, SHOP, Decimal("0.5")),
            (TEN, json.dumps({"app": "sales_assets"}), Decimal("0.125")),
        ],
        [(TEN, Decimal(1)), (ELEVEN.replace(tzinfo=None), Decimal(1))],
        None,
    )
    shop = ("r", "s", "retail/shop/revenue", "retail", "retail/shop")
    assert found == [
        Credit(TEN, nano("0.25"), *shop),
        Credit(ELEVEN, nano("0.5"), *shop),
        Credit(TEN, nano("0.125")),
        Credit(TEN, nano("0.625"), idle=True),
        Credit(ELEVEN, nano("0.5"), idle=True),
    ]
    assert sum(one.credits for one in found) == 2 * NANOCREDITS


@pytest.mark.parametrize("tag", [None, "", "dbt", "[1]", '{"app": "another"}'])
def test_what_others_used_is_neither_ours_nor_idle(tag: str | None) -> None:
    found = credits_of([(TEN, tag, Decimal("0.75"))], [(TEN, Decimal(1))], None)
    assert found == [Credit(TEN, nano("0.25"), idle=True)]


def test_an_hour_that_is_not_metered_yet_has_no_idle_credits() -> None:
    assert [one.idle for one in credits_of([(TEN, SHOP, Decimal(1))], [], None)] == [False]


def test_the_tag_outside_of_a_run_says_whose_the_statement_is() -> None:
    assert json.loads(query_tag()) == {"app": "sales_assets"}


VIEWS = {
    "query_attribution_history": "warehouse_name VARCHAR, query_tag VARCHAR, "
    "start_time TIMESTAMP_LTZ, credits_attributed_compute NUMBER(38, 9), "
    "credits_used_query_acceleration NUMBER(38, 9)",
    "warehouse_metering_history": "warehouse_name VARCHAR, start_time TIMESTAMP_LTZ, "
    "credits_used NUMBER(38, 9)",
}


@pytest.mark.long
def test_the_account_s_views_are_read_again_and_again_without_counting_twice(
    snowflake_server: SnowflakeServer, tmp_path: Path
) -> None:
    given = snowflake_server.settings()
    settings = Settings(home=tmp_path, **given)
    warehouse = snowflake_server.warehouse(given["snowflake_database"])
    day = Window.of_keys("2024-05-31", "2024-05-31")
    refused = bring_up_to_date(settings, warehouse, day, NOW)
    assert "USAGE_VIEWER" in refused.trouble
    assert refused.entries(day) == []

    with warehouse._read() as session:
        session.query("CREATE DATABASE IF NOT EXISTS snowflake")
        session.query("CREATE SCHEMA IF NOT EXISTS snowflake.account_usage")
        for view, columns in VIEWS.items():
            session.query(f"CREATE OR REPLACE TABLE snowflake.account_usage.{view} ({columns})")
        for name, tag, at, used in (
            ("SALES_ASSETS", SHOP, "2024-05-31T10:20:00", "0.25"),
            ("SALES_ASSETS", SHOP, "2024-05-31T10:40:00", "0.25"),
            ("OTHER", SHOP, "2024-05-31T10:40:00", "9"),
            ("SALES_ASSETS", SHOP, "2024-05-20T10:40:00", "9"),
        ):
            session.query(
                "INSERT INTO snowflake.account_usage.query_attribution_history "
                f"SELECT '{name}', '{tag}', '{at}', {used}, NULL"
            )
        session.query(
            "INSERT INTO snowflake.account_usage.warehouse_metering_history "
            "SELECT 'SALES_ASSETS', '2024-05-31T10:00:00', 2"
        )
    for late in ("0", "0.5"):
        with warehouse._read() as session:
            session.query(
                "INSERT INTO snowflake.account_usage.query_attribution_history "
                f"SELECT 'SALES_ASSETS', '{SHOP}', '2024-05-31T10:50:00', {late}, NULL"
            )
        for _ in range(2):
            books = bring_up_to_date(settings, warehouse, day, NOW)
            assert not books.trouble
            told = figures(books.entries(day), books.prices, day.start)
            assert told["credits"] == 0.5 + float(late)
            assert told["idle_credits"] == 1.5 - float(late)
    [shop] = {entry.asset for entry in books.entries(day) if not entry.idle}
    assert shop == "retail/shop/revenue"
