"""The dbt models: whatever the order of runs, the tables are those of one build of everything."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from sales_assets_tests.dbt_project.built import (
    DROPS,
    MARTS,
    TABLES,
    Warehouse,
    failures,
    sale,
    window,
)


def test_the_calendar_of_the_metrics_has_every_day_once(built: Warehouse) -> None:
    [days] = built.query(
        "SELECT min(calendar_day), max(calendar_day), count(*), count(DISTINCT calendar_day) "
        "FROM staging.days"
    )
    first, last = date(2000, 1, 1), date(2099, 12, 31)
    number = (last - first).days + 1
    assert days == (first, last, number, number)


def test_single_days_as_they_come_equal_one_build_of_everything(
    parsed: Path, tmp_path: Path, built: Warehouse
) -> None:
    daily = Warehouse(tmp_path, parsed)
    for day, end in (("01", "02"), ("02", "03"), ("03", "04"), ("04", "05")):
        for (source, dropped), lines in DROPS.items():
            if dropped == f"2024-01-{day}":
                daily.drop(source, dropped, lines)
        daily.build(f"2024-01-{day}", f"2024-01-{end}")
    daily.assert_same_as(built)


def test_one_range_after_a_first_day_equals_one_build_of_everything(
    parsed: Path, tmp_path: Path, built: Warehouse
) -> None:
    ranged = Warehouse(tmp_path, parsed)
    for (source, day), lines in DROPS.items():
        if day == "2024-01-01":
            ranged.drop(source, day, lines)
    ranged.build("2024-01-01", "2024-01-02")
    for (source, day), lines in DROPS.items():
        if day != "2024-01-01":
            ranged.drop(source, day, lines)
    ranged.build("2024-01-02", "2024-01-05")
    ranged.assert_same_as(built)


def test_a_day_outside_the_window_is_not_looked_at(copied: Warehouse) -> None:
    before = {model: copied.query(f"SELECT * FROM {model} ORDER BY ALL") for model in TABLES}
    copied.drop("shop", "2024-01-01", [])
    copied.drop("shop", "2024-01-04", [])
    copied.build("2024-01-02", "2024-01-04")
    for model, rows in before.items():
        assert copied.query(f"SELECT * FROM {model} ORDER BY ALL") == rows, model


def test_a_rerun_changes_nothing(copied: Warehouse, built: Warehouse) -> None:
    copied.build("2024-01-02", "2024-01-03")
    copied.assert_same_as(built)


def test_a_run_without_a_window_computes_all_of_history_anew(
    copied: Warehouse, built: Warehouse
) -> None:
    copied.query("DELETE FROM core.fct_sales; DELETE FROM marts.customer_value")
    copied.query("UPDATE marts.daily_revenue SET order_date = '2020-01-01', net_revenue = 1")
    copied.build()
    copied.assert_same_as(built)


def test_a_restated_day_takes_old_order_dates_and_customers_with_it(
    copied: Warehouse, from_scratch: Callable[[Warehouse], Warehouse]
) -> None:
    # the return of 2 January turns out to be a sale of the 5th; cid and the Swiss franc are gone
    copied.drop("shop", "2024-01-02", [sale("2024-01-05", "bob", "20", order_id="3")])
    copied.build("2024-01-02", "2024-01-03")
    copied.assert_same_as(from_scratch(copied))
    shop = "SELECT {} FROM {} WHERE source = 'shop' ORDER BY 1"
    assert ("cid",) not in copied.query(shop.format("customer_id", "marts.customer_value"))
    days = copied.query(shop.format("strftime(order_date, '%d')", "marts.daily_revenue"))
    assert days == [("01",), ("03",), ("04",), ("05",)]


def test_a_day_whose_lines_are_all_gone_leaves_no_trace(
    copied: Warehouse, from_scratch: Callable[[Warehouse], Warehouse]
) -> None:
    copied.drop("till", "2024-01-03", [])
    copied.build("2024-01-03", "2024-01-04")
    copied.assert_same_as(from_scratch(copied))
    later = "source = 'till' AND order_date > '2024-01-01'"
    gone = {mart: f"SELECT * FROM {mart} WHERE {later}" for mart in MARTS[:3]}
    gone[MARTS[3]] = "SELECT * FROM marts.customer_value WHERE customer_id = 'dan'"
    assert {mart: copied.query(sql) for mart, sql in gone.items()} == {mart: [] for mart in MARTS}


def test_sources_that_share_an_order_date_keep_their_own_rows(copied: Warehouse) -> None:
    first = "SELECT source, lines, net_revenue FROM marts.daily_revenue WHERE order_date = '{}'"
    till = ("till", 2, 6.25)
    before = sorted(copied.query(first.format("2024-01-01")))
    assert [(s, n, float(net)) for s, n, net in before] == [("shop", 4, 17.5001), till]
    copied.drop("shop", "2024-01-01", [sale("2024-01-01", "eve", "100")])
    copied.build("2024-01-01", "2024-01-02")
    after = sorted(copied.query(first.format("2024-01-01")))
    assert [(s, n, float(net)) for s, n, net in after] == [("shop", 2, 97.0), till]


def test_gross_returned_and_net_are_apart_and_agree_in_every_mart(built: Warehouse) -> None:
    lines = built.query(
        "SELECT sum(gross_amount), sum(returns_amount), sum(net_amount) FROM core.fct_sales"
        " WHERE source = 'shop' AND currency = 'EUR'"
    )
    assert [tuple(map(str, row)) for row in lines] == [("49.0001", "23.0000", "26.0001")]
    for mart in MARTS:
        rows = built.query(f"SELECT gross_revenue, returned_revenue, net_revenue FROM {mart}")
        assert all(gross - returned == net for gross, returned, net in rows)


def test_a_failing_model_leaves_its_rows_and_those_of_the_marts_as_they_were(
    copied: Warehouse, built: Warehouse
) -> None:
    copied.drop("shop", "2024-01-02", [sale("2024-01-02", "bob", "1", currency=None)])
    result = copied.dbt("build", *window("2024-01-02", "2024-01-03"))
    assert "NOT NULL constraint failed: fct_sales.currency" in failures(result)["fct_sales"]
    converted = "reporting_currency, reporting_gross_amount, reporting_returns_amount, "
    converted += "reporting_net_amount, rate_state, rate_date, currency_rate, reporting_rate"
    copied.query(
        "CREATE OR REPLACE VIEW staging.stg_sales AS "
        f"SELECT * EXCLUDE ({converted}) FROM core.fct_sales"
    )
    copied.assert_same_as(built)


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        ({"start_date": "2024-01-01"}, "A window needs both vars"),
        ({"start_date": "2024-01-02", "end_date": "2024-01-02"}, "The window is empty"),
        ({"start_date": "2024-01-01", "end_date": "x' or true"}, "Invalid isoformat string"),
    ],
    ids=["half", "empty", "no date"],
)
def test_a_window_that_is_none_is_refused(
    copied: Warehouse, days: dict[str, str], reason: str
) -> None:
    result = copied.dbt("compile", "--select", "fct_sales", "--vars", json.dumps(days))
    assert reason in (failures(result).get("fct_sales") or str(result.exception))
