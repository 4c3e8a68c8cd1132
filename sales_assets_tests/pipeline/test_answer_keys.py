"""The answer keys of the sources, on every layer: staged files, revenue table and marts."""

from __future__ import annotations

import zipfile
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from sales_assets_tests.harness import ADVENTUREWORKS_CONTRACT, SAMPLE, UCI_CONTRACT, Installation


def staged_sum(installation: Installation, source: str, column: str) -> Decimal:
    """The sum of a column over the staged Parquet files of a source."""
    contract = installation.contracts[source]
    pattern = installation.settings.object_folder / "accepted" / contract.name / "*" / "*.parquet"
    with duckdb.connect() as connection:
        [(total,)] = connection.execute(
            f"SELECT sum({column}) FROM read_parquet('{pattern}', hive_partitioning = false)"
        ).fetchall()
    return Decimal(total)


def every_layer(installation: Installation, source: str) -> dict[str, Decimal]:
    """Net revenue as each layer has it."""
    name = installation.contracts[source].name
    sums = {
        "revenue": f"SELECT sum(net_amount) FROM revenue WHERE source = '{name}'",
        "fct_sales": f"SELECT sum(net_amount) FROM fct_sales WHERE source = '{name}'",
        "daily_revenue": f"SELECT sum(net_revenue) FROM daily_revenue WHERE source = '{name}'",
        "revenue_by_product": (
            f"SELECT sum(net_revenue) FROM revenue_by_product WHERE source = '{name}'"
        ),
        "revenue_by_region": (
            f"SELECT sum(net_revenue) FROM revenue_by_region WHERE source = '{name}'"
        ),
    }
    found = {layer: Decimal(installation.query(sql)[0][0]) for layer, sql in sums.items()}
    return {**found, "staged": staged_sum(installation, source, "net_amount")}


def month(installation: Installation, source: str, first_day: str) -> Decimal:
    name = installation.contracts[source].name
    rows = installation.query(
        f"SELECT sum(net_revenue) FROM daily_revenue WHERE source = '{name}' "
        f"AND date_trunc('month', order_date) = DATE '{first_day}'"
    )
    return Decimal(rows[0][0])


def test_a_year_of_pizzas_has_its_exact_total_on_every_layer(installation: Installation) -> None:
    installation.land("pizzaplace", SAMPLE / "pizzaplace.csv.gz")
    installation.materialize("2015-01-01", "2015-12-31", ["pizzaplace"])

    assert set(every_layer(installation, "pizzaplace").values()) == {Decimal("817860.05")}
    assert month(installation, "pizzaplace", "2015-01-01") == Decimal("69793.30")
    assert month(installation, "pizzaplace", "2015-02-01") == Decimal("65159.60")
    assert month(installation, "pizzaplace", "2015-03-01") == Decimal("70397.10")
    [(rows, orders, days)] = installation.query(
        "SELECT count(*), count(DISTINCT order_id), count(DISTINCT partition_date) FROM revenue"
    )
    assert (rows, orders, days) == (49_574, 21_350, 358)
    assert installation.query("SELECT sum(orders) FROM daily_revenue") == [(21_350,)]
    assert installation.query("SELECT count(*) FROM rejected") == [(0,)]


@pytest.mark.long
def test_three_years_of_global_sales_have_their_exact_totals_on_every_layer(
    installation: Installation,
) -> None:
    installation.land("global_sales", SAMPLE / "global_sales.csv.gz")
    installation.materialize("2021-01-01", "2023-12-31", ["global_sales"])

    assert set(every_layer(installation, "global_sales").values()) == {Decimal("222159013.63")}
    [(amount, gross, returned, rows)] = installation.query(
        "SELECT sum(amount), sum(gross_amount), sum(returns_amount), count(*) FROM fct_sales"
    )
    assert amount == gross == Decimal("330109301.26")
    assert gross - returned == Decimal("222159013.63")
    assert rows == 50_000 - 320
    assert dict(
        installation.query("SELECT currency, sum(net_revenue) FROM daily_revenue GROUP BY currency")
    ) == {
        "AUD": Decimal("49468920.74"),
        "CAD": Decimal("32348057.47"),
        "EUR": Decimal("43852051.67"),
        "GBP": Decimal("28719530.71"),
        "JPY": Decimal("32229345.08"),
        "USD": Decimal("35541107.96"),
    }
    assert installation.query(
        "SELECT region, count(DISTINCT currency), min(currency) FROM revenue GROUP BY region "
        "ORDER BY region"
    ) == [
        ("Australia", 1, "AUD"),
        ("Canada", 1, "CAD"),
        ("France", 1, "EUR"),
        ("Germany", 1, "EUR"),
        ("Japan", 1, "JPY"),
        ("UK", 1, "GBP"),
        ("USA", 1, "USD"),
    ]
    assert staged_sum(installation, "global_sales", "amount") == Decimal("330109301.26")
    assert installation.query(
        "SELECT sum(amount) FROM revenue WHERE date_trunc('month', order_date) = '2021-01-01'"
    ) == [(Decimal("9978442.95"),)]
    assert installation.query("SELECT count(*), any_value(reasons) FROM rejected") == [
        (320, ["timestamp: is required and blank"])
    ]
    assert installation.query(
        "SELECT kind, count(*) FROM revenue WHERE kind <> 'sale' GROUP BY kind ORDER BY kind"
    ) == [("cancellation", 602), ("return", 12_131)]


@pytest.mark.long
def test_the_web_shops_daily_files_have_their_exact_totals_on_every_layer(
    tmp_path: Path, uci_files: list[Path]
) -> None:
    with Installation(tmp_path / "home", [UCI_CONTRACT]) as installation:
        installation.land("uci_online_retail", *uci_files)
        installation.materialize("2010-12-01", "2011-02-28")

        totals = every_layer(installation, "uci_online_retail")
        assert set(totals.values()) == {Decimal("1807019.93")}
        assert month(installation, "uci_online_retail", "2010-12-01") == Decimal("748957.02")
        assert month(installation, "uci_online_retail", "2011-01-01") == Decimal("560000.26")
        assert month(installation, "uci_online_retail", "2011-02-01") == Decimal("498062.65")
        [(rows, gross, returned, without_customer)] = installation.query(
            "SELECT count(*), sum(gross_amount), sum(returns_amount), "
            "count(*) FILTER (customer_id IS NULL) FROM fct_sales"
        )
        assert (rows, without_customer) == (105_335, 36_210)
        assert gross == Decimal("2038742.59")
        assert returned == Decimal("231722.66")
        assert installation.query(
            "SELECT count(*), sum(amount) FROM revenue WHERE partition_date = '2010-12-01'"
        ) == [(3_108, Decimal("58635.56"))]
        assert installation.query(
            "SELECT count(*) FROM "
            "(SELECT file, line FROM revenue GROUP BY file, line HAVING count(*) > 1)"
        ) == [(0,)], "each line of a file is one row"


@pytest.mark.long
def test_an_archive_of_yearly_files_without_headers_has_its_exact_totals_on_every_layer(
    tmp_path: Path, adventureworks: Path
) -> None:
    with Installation(tmp_path / "home", [ADVENTUREWORKS_CONTRACT]) as installation:
        installation.land("adventureworks", adventureworks / "orders.zip")
        installation.materialize("2019-07-01", "2021-12-31")

        totals = every_layer(installation, "adventureworks")
        assert set(totals.values()) == {Decimal("20928022.4307")}
        assert month(installation, "adventureworks", "2019-07-01") == Decimal("934028.7442")
        assert installation.query("SELECT count(*) FROM revenue") == [(32_718,)]
        assert installation.query("SELECT count(*) FROM rejected") == [(0,)]
        assert installation.query(
            "SELECT file, min(line), max(line) FROM revenue GROUP BY file ORDER BY file"
        ) == [
            ("bikes/adventureworks/orders.zip/2019.csv", 1, lines_of(adventureworks, "2019.csv")),
            ("bikes/adventureworks/orders.zip/2020.csv", 1, lines_of(adventureworks, "2020.csv")),
            ("bikes/adventureworks/orders.zip/2021.csv", 1, lines_of(adventureworks, "2021.csv")),
        ]
        assert staged_sum(installation, "adventureworks", "tax") == Decimal("1674241.8469")


def lines_of(adventureworks: Path, member: str) -> int:
    with zipfile.ZipFile(adventureworks / "orders.zip") as archive:
        return archive.read(member).count(b"\n")
