"""`sales-assets query` and `trace`: rows as tables, CSV and JSON, and where numbers are from."""

from __future__ import annotations

import json
from pathlib import Path

from sales_assets_tests.harness import SHOP, TILL, Installation, Run, drop


def test_rows_are_printed_as_table_csv_and_json_with_exact_decimals(home: Path, run: Run) -> None:
    with Installation(home, [SHOP, TILL]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,'tea',ann,1.10"))
        made.materialize("2024-01-01", "2024-01-01", ["shop"], marts=False)
    sql = "select product, sum(amount) as amount, max(order_date) as day from revenue group by 1"
    assert run("query", sql, "--format", "csv")[1].splitlines() == [
        "product,amount,day",
        "'tea',1.1000,2024-01-01",
    ]
    assert json.loads(run("query", sql, "--format", "json")[1]) == [
        {"product": "'tea'", "amount": "1.1000", "day": "2024-01-01"}
    ]
    table = run("query", sql)[1]
    assert "1.1000" in table
    assert "1 row" in table


def test_a_csv_holds_no_formula_unless_it_is_asked_for_raw(run: Run) -> None:
    sql = "select '=1+1' as product, -12.50::decimal(18, 4) as amount, '-5' as size"
    asked = ("query", sql, "--format", "csv")
    assert run(*asked)[1].splitlines() == ["product,amount,size", "'=1+1,-12.5000,-5"]
    assert run(*asked, "--raw")[1].splitlines() == ["product,amount,size", "=1+1,-12.5000,-5"]
    [record] = json.loads(run("query", sql, "--format", "json")[1])
    assert record["product"] == "=1+1"


def test_a_traced_line_is_no_formula_in_a_csv(home: Path, run: Run) -> None:
    with Installation(home, [SHOP, TILL]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("=1,2024-01-01,tea,ann,x"))
        made.materialize("2024-01-01", "2024-01-01", ["shop"], marts=False)
    asked = ("trace", "tests/shop/2024-01-01.csv:2", "--format", "csv")
    assert ",\"'=1,2024-01-01,tea" in run(*asked)[1]
    assert ',"=1,2024-01-01,tea' in run(*asked, "--raw")[1]


def test_a_zero_is_printed_with_its_decimals(run: Run) -> None:
    sql = "select 0::decimal(38, 10) as nothing"
    assert run("query", sql, "--format", "csv")[1].split() == ["nothing", "0.0000000000"]
    assert json.loads(run("query", sql, "--format", "json")[1]) == [{"nothing": "0.0000000000"}]
    assert "0.0000000000" in run("query", sql)[1]


def test_trace_follows_a_number_of_a_source_and_a_line(run: Run, home: Path) -> None:
    with Installation(home, [SHOP, TILL]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1.50"))
        made.materialize("2024-01-01", "2024-01-01", ["shop"], marts=False)

    code, told, _ = run("trace", "--source", "shop", "--day", "2024-01-01", "--format", "json")
    assert code == 0
    assert [(row["file"], row["line"]) for row in json.loads(told)] == [
        ("tests/shop/2024-01-01.csv", 2)
    ]

    code, told, _ = run("trace", "2024-01-01.csv:2", "--format", "json")
    assert code == 0
    assert json.loads(told)[0]["became"] == "accepted"

    code, _, error = run("trace", "--source", "shoe", "--day", "2024-01-01")
    assert code != 0
    assert "there is no source 'shoe'" in error
