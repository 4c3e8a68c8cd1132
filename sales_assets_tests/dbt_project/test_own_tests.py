"""The tests that the dbt project has itself: what they find, and when they run."""

from __future__ import annotations

from typing import Any

import pytest

from sales_assets_tests.dbt_project.built import TABLES, Warehouse, failures, window


@pytest.mark.parametrize("days", [(None, None), ("2024-01-01", "2024-01-02")])
def test_data_tests_find_what_does_not_add_up(
    copied: Warehouse, days: tuple[str | None, str | None]
) -> None:
    copied.query("INSERT INTO core.fct_sales FROM core.fct_sales WHERE line = 2")
    copied.query("UPDATE marts.daily_revenue SET gross_revenue = gross_revenue + 0.0001")
    copied.query("DELETE FROM marts.revenue_by_product WHERE product = 'tea'")
    copied.query("INSERT INTO marts.revenue_by_region FROM marts.revenue_by_region LIMIT 1")
    copied.query("UPDATE marts.customer_value SET last_order_date = '2023-12-31'")
    found = failures(copied.dbt("test", *window(*days), "--exclude-resource-type", "unit_test"))
    assert set(found) == {f"{model.split('.')[1]}_is_sound" for model in TABLES}


def test_data_tests_of_a_window_leave_other_days_alone(copied: Warehouse) -> None:
    copied.query(
        "UPDATE marts.daily_revenue SET gross_revenue = 0 WHERE order_date = '2024-01-04';"
        "UPDATE core.fct_sales SET kind = 'gift' WHERE partition_date = '2024-01-04'"
    )
    options = ("--exclude-resource-type", "unit_test")
    assert failures(copied.dbt("test", *window("2024-01-02", "2024-01-04"), *options)) == {}
    assert set(failures(copied.dbt("test", *options))) == {
        "fct_sales_is_sound",
        "daily_revenue_is_sound",
    }


def test_unit_tests_pass(copied: Warehouse) -> None:
    result = copied.dbt("test", "--select", "test_type:unit")
    nodes: Any = result.result
    assert result.success, failures(result) or result.exception
    assert len(nodes) >= 9


def test_a_plain_build_runs_no_unit_test(copied: Warehouse) -> None:
    result = copied.dbt("list", "--output", "name", "--quiet")
    listed: Any = result.result
    assert {"customer_value", "customer_value_is_sound"} <= set(listed)
    assert "lines_without_a_customer_are_left_out" not in listed
