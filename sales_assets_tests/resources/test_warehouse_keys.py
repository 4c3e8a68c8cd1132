"""Keys that are unique across days: one line counts, whatever the order of the loads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sales_assets.contracts.days import AcrossDays
from sales_assets.partitions import Window
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.sql_warehouse import SqlWarehouse
from sales_assets.resources.warehouse import Outweighed
from sales_assets_tests.resources.keyed import DAYS, SHOP, Keys, Shelf, load

JANUARY = Window.of_keys("2024-01-01", "2024-01-31")
STATE = ("revenue", "rejected", "outweighed", "line_keys")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def state(warehouse: SqlWarehouse) -> dict[str, list[tuple[Any, ...]]]:
    found = {
        table: sorted(warehouse.rows(f"SELECT * FROM main.{table}"), key=repr) for table in STATE
    }
    found["ledger"] = warehouse.rows(
        "SELECT * EXCLUDE (loaded_at) FROM ledger WHERE lines > 0 ORDER BY 1, 2"
    )
    return found


def counting(warehouse: SqlWarehouse) -> list[tuple[date, int]]:
    return warehouse.rows("SELECT partition_date, line FROM revenue ORDER BY 1, 2")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (AcrossDays.EARLIEST, [(DAYS[0], 2), (DAYS[0], 3), (DAYS[1], 2)]),
        (AcrossDays.LATEST, [(DAYS[0], 3), (DAYS[1], 2), (DAYS[2], 2)]),
    ],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_the_stated_day_s_line_counts_in_whatever_order_days_are_loaded(
    warehouse: SqlWarehouse,
    shelf: Shelf,
    rule: AcrossDays,
    expected: list[tuple[date, int]],
    order: Sequence[int],
) -> None:
    lines = {0: ["a", "b"], 1: ["c"], 2: ["a"]}

    for number in order:
        load(warehouse, shelf, {DAYS[number]: lines[number]}, rule)

    assert counting(warehouse) == expected


def test_a_line_that_does_not_count_is_rejected_with_the_line_that_does(
    warehouse: SqlWarehouse, shelf: Shelf
) -> None:
    load(warehouse, shelf, {DAYS[0]: ["a", "b"], DAYS[1]: ["b", "c"]})

    assert warehouse.rows(
        "SELECT source, partition_date, file, file_sha256, line, text, reasons FROM rejected"
    ) == [
        (
            SHOP,
            DAYS[1],
            "2024-01-02.csv",
            "f00d",
            2,
            "text of b",
            [
                "key: the same as in line 3 of 2024-01-01.csv of 2024-01-01, and the earliest day "
                "counts"
            ],
        )
    ]
    assert warehouse.outweighed(SHOP, JANUARY) == {DAYS[1]: Outweighed(1, Decimal(1), Decimal(-1))}


def test_the_day_whose_line_ceases_or_begins_to_count_is_told_with_its_new_counts(
    warehouse: SqlWarehouse, shelf: Shelf
) -> None:
    load(warehouse, shelf, {DAYS[1]: ["b", "c"]})

    assert load(warehouse, shelf, {DAYS[0]: ["a", "b"]}) == [DAYS[0], DAYS[1]]
    entry = warehouse.loaded(SHOP, JANUARY)[DAYS[1]]
    assert (entry.accepted, entry.rejected, entry.amount) == (1, 1, Decimal(2))
    assert load(warehouse, shelf, {DAYS[2]: ["d"]}) == [DAYS[2]]
    assert load(warehouse, shelf, {DAYS[0]: []}) == [DAYS[0], DAYS[1]]
    entry = warehouse.loaded(SHOP, JANUARY)[DAYS[1]]
    assert (entry.accepted, entry.rejected, entry.amount) == (2, 0, Decimal(3))


def test_the_marts_learn_of_every_day_order_date_and_customer_that_a_load_moved(
    warehouse: SqlWarehouse, shelf: Shelf
) -> None:
    load(warehouse, shelf, {DAYS[2]: ["b", "c"]})
    load(warehouse, shelf, {DAYS[0]: ["b"]})

    assert warehouse.moved_days(Window.of_keys("2024-01-01", "2024-01-01")) == [DAYS[2]]
    assert warehouse.moved_days(Window.of_keys("2024-01-02", "2024-01-04")) == []
    assert warehouse.moved_days(JANUARY) == [], "the window itself is computed anyway"
    assert warehouse.rows("SELECT * FROM restated ORDER BY 1, 2, 3, 4") == [
        (SHOP, DAYS[0], DAYS[2] - timedelta(days=40), "b")
    ]


def test_blank_keys_and_sources_without_the_rule_keep_all_their_lines(
    warehouse: SqlWarehouse, shelf: Shelf
) -> None:
    load(warehouse, shelf, {DAYS[0]: ["a", None], DAYS[1]: [None, "b"]})
    assert len(counting(warehouse)) == 4
    load(warehouse, shelf, {DAYS[0]: ["a"], DAYS[1]: ["a"]}, rule=None)
    assert len(counting(warehouse)) == 2
    assert warehouse.rows("SELECT * FROM line_keys") == []


def test_lines_come_back_day_by_day_when_a_contract_gives_the_rule_up(
    warehouse: SqlWarehouse, shelf: Shelf
) -> None:
    load(warehouse, shelf, {DAYS[0]: ["a"], DAYS[1]: ["a"], DAYS[2]: ["a"]})

    load(warehouse, shelf, {DAYS[0]: ["a"]}, rule=None)
    assert counting(warehouse) == [(DAYS[0], 2), (DAYS[1], 2)]
    load(warehouse, shelf, {DAYS[1]: ["a"], DAYS[2]: ["a"]}, rule=None)
    assert counting(warehouse) == [(day, 2) for day in DAYS[:3]]
    assert warehouse.rows("SELECT * FROM rejected") == []


def test_days_with_more_lines_than_one_row_group_are_settled_too(
    warehouse: SqlWarehouse, shelf: Shelf
) -> None:
    many = [f"k{number}" for number in range(130_001)]
    load(warehouse, shelf, {DAYS[1]: many})
    load(warehouse, shelf, {DAYS[0]: many[:-1]})

    assert warehouse.rows(
        "SELECT partition_date, count(*) FROM revenue GROUP BY ALL ORDER BY 1"
    ) == [(DAYS[0], 130_000), (DAYS[1], 1)]
    assert warehouse.rows("SELECT count(*) FROM rejected") == [(130_000,)]
    load(warehouse, shelf, {DAYS[0]: []})
    assert warehouse.rows("SELECT count(*) FROM revenue") == [(130_001,)]
    assert warehouse.rows("SELECT count(*) FROM rejected") == [(0,)]


DROPS = st.dictionaries(
    st.sampled_from(DAYS),
    st.lists(st.sampled_from(["a", "b", "c", "d", None]), max_size=4).map(
        lambda keys: list(dict.fromkeys(keys))  # within a day a key is there once
    ),
    min_size=1,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(loads=st.lists(DROPS, min_size=1, max_size=6), rule=st.sampled_from(AcrossDays))
def test_after_any_loads_the_tables_are_those_of_the_last_drops_loaded_once(
    tmp_path: Path, shelf: Shelf, loads: list[dict[date, Keys]], rule: AcrossDays
) -> None:
    step, once = (tmp_path / name for name in ("step.duckdb", "once.duckdb"))
    for path in (step, once):
        path.unlink(missing_ok=True)
    one, other = DuckDBWarehouse(path=str(step)), DuckDBWarehouse(path=str(once))
    last: dict[date, Keys] = {}
    for days in loads:
        load(one, shelf, days, rule)
        last |= days
    load(other, shelf, last, rule)

    assert state(one) == state(other)
    counts = one.counted(SHOP, JANUARY)
    assert counts == one.loaded(SHOP, JANUARY), "the ledger says what the tables hold"
