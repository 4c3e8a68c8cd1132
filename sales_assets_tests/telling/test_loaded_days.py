"""What loaded days tell is the same from every warehouse."""

from __future__ import annotations

import pytest

from sales_assets.contracts.load import load_contract
from sales_assets.resources.sql_warehouse import SqlWarehouse
from sales_assets.telling import loaded_days
from sales_assets.telling.loaded_days import LoadedDays, figures_query, rules_query
from sales_assets.telling.pictured_days import pictures_of
from sales_assets_tests import harness
from sales_assets_tests.resources.staged import ONE, SHOP, THREE, TILL, TWO, Stage

CONTRACT = load_contract(harness.SHOP)


def test_days_tell_figures_reasons_and_first_lines_of_their_own(
    warehouse: SqlWarehouse, stage: Stage
) -> None:
    warehouse.replace(TILL, [stage(ONE, 9, 9, source=TILL)])
    loaded = warehouse.replace(
        SHOP, [stage(ONE, 7, 2), stage(TWO, 1, sold_on=ONE, price="2"), stage(THREE, 0, 6)]
    )

    days = LoadedDays(SHOP, loaded)
    days.ask(warehouse, {ONE, THREE})
    accepted, rejected = dict(days.accepted()), dict(days.rejected())

    first = accepted[ONE].pop("first lines")
    assert [record.data["line"] for record in first.records] == [2, 3, 4, 5, 6]
    assert [column.name for column in first.schema.columns] == [
        *("order_date", "customer_id", "amount", "net_amount", "currency", "kind", "file", "line")
    ]
    assert accepted[ONE] == {
        "dagster/partition_row_count": 7,
        "lines": 9,
        "accepted": 7,
        "rejected": 2,
        "rejected_percent": pytest.approx(200 / 9),
        "amount_exact": "8.7500",
        "net_amount_exact": "-8.7500",
        "net revenue EUR": -8.75,
        "gross revenue EUR": 8.75,
        "returned EUR": 17.5,
        "late lines": 0,
        "order dates": "2024-01-01",
    }
    assert (accepted[TWO]["late lines"], accepted[TWO]["order dates"]) == (1, "2024-01-01")
    assert "first lines" not in accepted[TWO]
    assert "net revenue EUR" not in accepted[THREE]
    assert "| 6 |  | another rule |" not in rejected[TWO].get("reasons", "")
    assert rejected[THREE]["reasons"].value.splitlines()[2:] == ["| 12 |  | another rule |"]
    records = [dict(record.data) for record in rejected[THREE]["first rejected lines"].records]
    assert len(records) == 5
    assert records[0] == {
        "file": "2024-01-03.csv",
        "line": 2,
        "reasons": "one; two",
        "text": "text",
    }


def test_orders_are_counted_unless_there_are_too_many_lines(
    warehouse: SqlWarehouse, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = warehouse.replace(SHOP, [stage(ONE, 2)])

    with_orders = figures_query(SHOP, [ONE], with_orders=True)
    ((*_, orders),) = warehouse.rows(with_orders)
    assert orders == 0  # no line says of which order it is
    monkeypatch.setattr(loaded_days, "ORDERS_UP_TO", 1)
    told = LoadedDays(SHOP, loaded)
    told.ask(warehouse, ())
    assert "orders" not in dict(told.accepted())[ONE]


def test_a_line_counts_once_for_a_rule_whatever_values_broke_it(
    warehouse: SqlWarehouse, stage: Stage
) -> None:
    reasons = "['a: ''x'' is no number', 'a: ''y'' is no number']"
    loaded = warehouse.replace(SHOP, [stage(ONE, 0, 3, reasons=reasons)])
    told = LoadedDays(SHOP, loaded)
    told.ask(warehouse, ())
    [rule] = dict(told.rejected())[ONE]["reasons"].value.splitlines()[2:]
    assert rule.startswith("| 3 |"), rule  # the rule's name is in the tests of the page


def test_days_without_lines_ask_nothing(warehouse: SqlWarehouse) -> None:
    assert figures_query(SHOP, [], with_orders=True) == rules_query(warehouse, SHOP, []) == ""
    none = LoadedDays(SHOP, [])
    none.ask(warehouse, [ONE])
    assert none.accepted() == []
    assert pictures_of(warehouse, CONTRACT, ONE) == ({}, {})


def test_the_picture_is_of_one_source_and_says_so_where_nothing_is_usual_yet(
    warehouse: SqlWarehouse, stage: Stage
) -> None:
    warehouse.replace(TILL, [stage(ONE, 9, source=TILL)])
    warehouse.replace(SHOP, [stage(ONE, 2), stage(TWO, 1, price="2")])

    of_revenue, of_rejected = pictures_of(warehouse, CONTRACT, TWO)
    said = of_revenue["revenue by day"].value
    assert "in EUR, 2024-01-01 to 2024-01-02. On 2024-01-02: -2.00. There are not days" in said
    assert of_rejected == {}
