"""What every warehouse does, embedded or on Snowflake: one contract for all products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from sales_assets.errors import PermanentError, TransientError
from sales_assets.partitions import Window
from sales_assets.resources.sql_warehouse import SqlWarehouse
from sales_assets.resources.warehouse import DayLoad, LoadedDay
from sales_assets.resources.warehouse_tables import TABLES
from sales_assets_tests.resources.staged import (
    JANUARY,
    MANY,
    ONE,
    SHOP,
    THREE,
    TILL,
    TWO,
    Stage,
    counts,
    tables,
)


def test_replacing_a_day_replaces_only_it(warehouse: SqlWarehouse, stage: Stage) -> None:
    warehouse.replace(SHOP, [stage(ONE, 3, 1), stage(TWO, 4, 2)])
    warehouse.replace(TILL, [stage(ONE, 5, 3, source=TILL)])
    before = tables(warehouse)

    warehouse.replace(SHOP, [stage(TWO, 6, 1, price="2.5")])

    assert counts(warehouse) == {(SHOP, ONE): 3, (SHOP, TWO): 6, (TILL, ONE): 5}
    assert counts(warehouse, "rejected") == {(SHOP, ONE): 1, (SHOP, TWO): 1, (TILL, ONE): 3}
    after = tables(warehouse)
    for table in ("revenue", "rejected", "ledger"):
        position = [name for name, _ in TABLES[table]].index("partition_date")
        assert [row for row in after[table] if (row[0], row[position]) != (SHOP, TWO)] == [
            row for row in before[table] if (row[0], row[position]) != (SHOP, TWO)
        ]
    assert warehouse.rows(
        "SELECT DISTINCT amount FROM revenue WHERE partition_date = ?", [TWO]
    ) == [(Decimal("2.5"),)]


def test_the_ledger_says_what_arrived_with_exact_sums(
    warehouse: SqlWarehouse, stage: Stage
) -> None:
    load = stage(ONE, 3, 2, price="12345678901.2345")

    told = warehouse.replace(SHOP, [stage(TWO, 1), load])

    amount = Decimal("37037036703.7035")
    expected = LoadedDay(ONE, load.fingerprint, 5, 3, 2, amount, -amount)
    assert told[0] == expected
    assert warehouse.loaded(SHOP, Window.of_keys("2024-01-01", "2024-01-01")) == {ONE: expected}
    assert warehouse.loaded(SHOP, JANUARY).keys() == {ONE, TWO}
    assert warehouse.loaded(TILL, JANUARY) == {}


def test_values_arrive_by_the_name_of_their_column(warehouse: SqlWarehouse, stage: Stage) -> None:
    warehouse.replace(SHOP, [stage(ONE, 1, 1)])

    names = [name for name, _ in TABLES["revenue"]]
    (row,) = warehouse.rows("SELECT * FROM revenue")
    found = {name: value for name, value in zip(names, row, strict=True) if value is not None}
    assert found == {
        "source": SHOP,
        "partition_date": ONE,
        "order_date": ONE,
        "customer_id": "c0",
        "amount": Decimal("1.25"),
        "net_amount": Decimal("-1.25"),
        "currency": "EUR",
        "kind": "sale",
        "file": "2024-01-01.csv",
        "line": 2,
    }
    assert warehouse.rows("SELECT text, reasons FROM rejected") == [("text", ["one", "two"])]


def test_a_day_without_files_becomes_empty_and_stays_in_the_ledger(
    warehouse: SqlWarehouse, stage: Stage
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 3, 1), stage(TWO, 4)])

    warehouse.replace(SHOP, [DayLoad(ONE, "empty", "1.0.0", "[]", 0, None, None)])

    assert counts(warehouse) == {(SHOP, TWO): 4}
    assert counts(warehouse, "rejected") == {}
    nothing = Decimal(0)
    assert warehouse.loaded(SHOP, JANUARY)[ONE] == LoadedDay(
        ONE, "empty", 0, 0, 0, nothing, nothing
    )


def test_what_was_replaced_is_kept_as_restated_once(warehouse: SqlWarehouse, stage: Stage) -> None:
    warehouse.replace(SHOP, [stage(ONE, 2, sold_on=THREE)])
    assert warehouse.rows("SELECT * FROM restated") == []

    for _ in range(3):
        warehouse.replace(SHOP, [stage(ONE, 1)])

    assert warehouse.rows("SELECT * FROM restated ORDER BY 1, 2, 3, 4") == [
        (SHOP, ONE, ONE, "c0"),
        (SHOP, ONE, THREE, "c0"),
        (SHOP, ONE, THREE, "c1"),
    ]


def fewer(stage: Stage) -> DayLoad:
    return replace(stage(TWO, 5, 2), lines=8)


def more(stage: Stage) -> DayLoad:
    return replace(stage(TWO, 5, 2), lines=6)


def of_another_day(stage: Stage) -> DayLoad:
    return replace(stage(THREE, 5), day=TWO)


def of_another_source(stage: Stage) -> DayLoad:
    return stage(TWO, 5, source=TILL)


def without_rejected(stage: Stage) -> DayLoad:
    return replace(stage(TWO, 5, 2), rejected=None)


@pytest.mark.parametrize(
    "wrong", [fewer, more, of_another_day, of_another_source, without_rejected]
)
def test_a_day_whose_lines_did_not_all_arrive_is_refused_and_nothing_is_changed(
    warehouse: SqlWarehouse, stage: Stage, wrong: Callable[[Stage], DayLoad]
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 3, 1), stage(TWO, 4)])
    before = tables(warehouse)
    load = wrong(stage)

    with pytest.raises(PermanentError, match="nothing was changed") as error:
        warehouse.replace(SHOP, [stage(ONE, 2), load])

    assert str(error.value).startswith(f"{SHOP}, {TWO}: {load.lines} lines went in but ")
    assert tables(warehouse) == before


def test_a_load_that_is_no_longer_wanted_changes_nothing(
    warehouse: SqlWarehouse, stage: Stage
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 3)])
    before = tables(warehouse)

    def refuse() -> None:
        raise TransientError("another run was faster")

    with pytest.raises(TransientError, match="faster"):
        warehouse.replace(SHOP, [stage(ONE, 5)], refuse)

    assert tables(warehouse) == before


def test_rows_of_another_day_beside_those_of_the_day_are_refused(
    warehouse: SqlWarehouse, stage: Stage
) -> None:
    both = stage(TWO, 5)
    assert isinstance(both.accepted, Path)
    other = stage(THREE, 1).accepted
    mixed = both.accepted.with_name("mixed.parquet")
    with duckdb.connect() as connection:
        files = [str(both.accepted), str(other)]
        connection.read_parquet(files).write_parquet(str(mixed))
    before = tables(warehouse)

    with pytest.raises(PermanentError, match="rows of other days or sources"):
        warehouse.replace(SHOP, [replace(both, accepted=mixed)])

    assert tables(warehouse) == before


@pytest.mark.parametrize("before", [0, MANY])
def test_a_large_day_is_seen_whole_whatever_it_replaces(
    warehouse: SqlWarehouse, stage: Stage, before: int
) -> None:
    """DuckDB 2.0.0 hides rows if no row is inserted before many are, in one transaction."""
    if before:
        warehouse.replace(SHOP, [stage(TWO, before)])

    (_, told) = warehouse.replace(SHOP, [stage(ONE, 0), stage(TWO, MANY, MANY, price="n")])

    amount = Decimal(MANY * (MANY - 1) // 2)
    seen = "SELECT count(*), count(DISTINCT line), sum(amount) FROM revenue"
    assert warehouse.rows(seen) == [(MANY, MANY, amount)]
    assert warehouse.rows("SELECT count(*), count(DISTINCT line) FROM rejected") == [(MANY, MANY)]
    assert warehouse.rows("SELECT count(*) FROM restated") == [(before,)]
    assert (told.accepted, told.rejected, told.amount) == (MANY, MANY, amount)


def test_number_is_exact_and_counts_only_the_rows_of_the_source_and_its_days(
    warehouse: SqlWarehouse, stage: Stage
) -> None:
    warehouse.replace(SHOP, [stage(day, 3, price="0.0001") for day in (ONE, TWO, THREE)])
    warehouse.replace(TILL, [stage(ONE, 7, source=TILL)])
    two_days = Window(ONE, THREE)

    def number(query: str, window: Window = two_days) -> Decimal | None:
        return warehouse.number(query, SHOP, window)

    assert number("SELECT count(*) FROM revenue") == 6
    assert number("SELECT sum(amount) FROM revenue") == Decimal("0.0006")
    another = Window(date(2025, 1, 1), date(2025, 1, 2))
    assert number("SELECT count(*) FROM revenue", another) == 0
    assert number("SELECT min(amount) FROM revenue", another) is None


def test_a_query_gives_its_column_names_and_rows(warehouse: SqlWarehouse, stage: Stage) -> None:
    warehouse.replace(SHOP, [stage(ONE, 2)])

    assert warehouse.select(
        'SELECT customer_id, amount * 2 AS "twice the amount" FROM revenue'
    ) == (
        ["customer_id", "twice the amount"],
        [("c0", Decimal("2.5")), ("c1", Decimal("2.5"))],
    )
    assert warehouse.select("SELECT line FROM revenue WHERE false") == (["line"], [])
