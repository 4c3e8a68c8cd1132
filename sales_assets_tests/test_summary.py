"""The table of sources: what stands under net revenue, the reporting currency and the checks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from rich.console import Console

from sales_assets.contracts.load import load_contract
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.summary import CheckCounts, source_table
from sales_assets_tests.harness import SHOP, TILL

LOADED = """
    INSERT INTO revenue (source, partition_date, order_date, amount, net_amount, currency, kind,
        file, file_sha256, line)
    VALUES ('tests/shop', '2024-01-01', '2024-01-01', 10, 10, 'EUR', 'sale', 'a', '0', 2),
        ('tests/shop', '2024-01-01', '2024-01-01', 20, 20, 'USD', 'sale', 'a', '0', 3),
        ('tests/shop', '2024-01-02', '2024-01-02', 2000, 2000, 'USD', 'sale', 'b', '0', 2),
        ('tests/till', '2024-01-01', '2024-01-01', 5, 5, 'GBP', 'sale', 'c', '0', 2);
"""
MART = """
    CREATE TABLE marts.daily_revenue AS SELECT order_date, source, currency, count(*) AS lines,
        sum(net_amount)::DECIMAL(38, 4) AS net_revenue, 'EUR' AS reporting_currency,
        sum(net_amount::DECIMAL(38, 4) * rate)::DECIMAL(38, 10) AS reporting_net_revenue
    FROM (SELECT *, CASE currency WHEN 'USD' THEN 0.7525 ELSE 1.0001 END AS rate FROM revenue)
    GROUP BY order_date, source, currency;
"""
OLD_MART = MART + "ALTER TABLE marts.daily_revenue DROP COLUMN reporting_net_revenue;"

Lines = Callable[..., dict[str, str]]


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    """The table's lines by their first word, over a warehouse that was made by some SQL."""

    def printed(
        sql: str, currency: str = "EUR", checks: dict[dg.AssetKey, CheckCounts] | None = None
    ) -> dict[str, str]:
        warehouse = DuckDBWarehouse(path=str(tmp_path / "warehouse.duckdb"))
        warehouse.rows("SELECT 1")
        with duckdb.connect(warehouse.path) as connection:
            connection.execute(sql)
        table = source_table(
            [load_contract(SHOP), load_contract(TILL)], warehouse, checks or {}, currency
        )
        console = Console(width=120)
        with console.capture() as captured:
            console.print(table)
        found = [line.split() for line in captured.get().splitlines()]
        assert "…" not in captured.get()
        return {words[0]: " ".join(words) for words in found if words}

    return printed


def test_all_currencies_of_a_source_are_one_amount_rounded_once(lines: Lines) -> None:
    found = lines(LOADED + MART)
    assert "net revenue in EUR" in found["source"]
    assert "10.00 EUR 1,530.05 0 passed" in found["tests/shop"]
    assert found["2,020.00"] == "2,020.00 USD"
    assert "5.00 GBP 5.00 0 passed" in found["tests/till"]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (LOADED, "-"),
        (LOADED + OLD_MART, "-"),
        (LOADED + MART + "DELETE FROM marts.daily_revenue", "-"),
        (
            LOADED + MART + "UPDATE marts.daily_revenue SET reporting_net_revenue = NULL "
            "WHERE order_date = '2024-01-02'",
            "incomplete",
        ),
        (
            LOADED + MART + "DELETE FROM marts.daily_revenue WHERE order_date = '2024-01-02'",
            "incomplete",
        ),
        (LOADED + MART + "UPDATE revenue SET net_amount = 11 WHERE currency = 'EUR'", "incomplete"),
    ],
    ids=["no mart", "old mart", "empty mart", "unconverted", "mart behind", "restated"],
)
def test_a_part_of_a_sum_is_never_shown(lines: Lines, sql: str, told: str) -> None:
    assert f" EUR {told} 0 passed" in lines(sql)["tests/shop"]


def test_amounts_in_another_currency_than_is_set_are_not_shown(lines: Lines) -> None:
    found = lines(LOADED + MART, currency="USD")
    assert "in USD" in found["source"]
    assert "10.00 EUR - 0 passed" in found["tests/shop"]


def test_the_checks_of_rates_and_marts_have_a_line_each(lines: Lines) -> None:
    checks = {
        dg.AssetKey(["rates", "exchange_rates"]): CheckCounts(2, 0, 1),
        dg.AssetKey(["marts", "daily_revenue"]): CheckCounts(3, 2, 0),
        dg.AssetKey(["core", "fct_sales"]): CheckCounts(1, 0, 1),
        dg.AssetKey(["tests", "shop", "raw"]): CheckCounts(5, 0, 0),
    }
    found = lines(LOADED, checks=checks)
    assert (found["rates"], found["marts"]) == ("rates 2 passed", "marts 4 passed")
    assert found["tests/shop"].endswith(" 5 passed")
    assert (found["1"], found["2"]) == ("1 failed", "2 warned")


def test_large_amounts_are_printed_with_all_their_digits(lines: Lines) -> None:
    large = LOADED.replace("2000, 2000", "99999999999.9999, 99999999999.9999")
    found = lines(large + MART)
    assert "10.00 EUR 75,250,000,025.05 0 passed" in found["tests/shop"]
    assert found["100,000,000,019.9999"] == "100,000,000,019.9999 USD"
