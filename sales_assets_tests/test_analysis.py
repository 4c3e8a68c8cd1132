"""Frames for notebooks: they hold what the marts hold, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from sales_assets.analysis import (
    customer_value,
    daily_revenue,
    rejected,
    revenue_by_product,
    revenue_by_region,
)
from sales_assets.errors import UsageError, WarehouseBusyError
from sales_assets.resources.build import build_warehouse
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.warehouse import Warehouse
from sales_assets_tests.harness import SHOP, TILL, Installation, drop
from sales_assets_tests.resources.processes import PROCESSES
from sales_assets_tests.snowflake.running import SnowflakeServer

ALL = ("2023-12-01", "2024-02-01")
HUGE = "12345678901234.5678"
Frame = Callable[..., pd.DataFrame]
FRAMES: dict[str, Frame] = {
    "daily_revenue": lambda **given: daily_revenue(*ALL, **given),
    "revenue_by_product": lambda **given: revenue_by_product(*ALL, **given),
    "revenue_by_region": lambda **given: revenue_by_region(*ALL, **given),
    "customer_value": customer_value,
    "rejected": lambda **given: rejected(*ALL, **given),
}
MARTS = [name for name in FRAMES if name != "rejected"]


@contextmanager
def materialised(home: Path, **settings: Any) -> Iterator[Installation]:
    """Euros of a shop; pounds of a till, and roubles, of which no rates are published any more."""
    home.mkdir(parents=True, exist_ok=True)
    till = home / TILL.name
    told = TILL.read_text()
    assert "\"'EUR'\"" in told
    till.write_text(told.replace("'EUR'", "CASE item WHEN 'fur' THEN 'RUB' ELSE 'GBP' END"))
    with Installation(home, [SHOP, till], **settings) as made:
        lines = [f"1,2024-01-01,gold,ann,{HUGE}", "2,2024-01-01,tea,bo,0.0001", "3,x,tea,bo,x"]
        made.write_drop("shop", "2024-01-01.csv", drop(*lines, "4,2023-12-31,tea,ann,0.1"))
        made.write_drop("shop", "2024-01-02.csv", drop("5,2024-01-02,tea,,0.2", "6,y,tea,bo,1"))
        lines = ["7,2024-01-01,tea,cy,8", "8,2024-01-02,fur,cy,-16.0003"]
        made.write_drop("till", "all.csv", drop(*lines))
        made.materialize("2024-01-01", "2024-01-02")
        yield made


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with materialised(tmp_path_factory.mktemp("analysed") / "home") as made:
        yield made


@pytest.fixture(scope="module")
def warehouse(installation: Installation) -> Warehouse:
    return build_warehouse(installation.settings)


@pytest.fixture
def empty(tmp_path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(path=str(tmp_path / "empty.duckdb"))


def days(frame: pd.DataFrame, column: str = "order_date") -> set[str]:
    return {f"{day:%Y-%m-%d}" for day in frame[column]}


@pytest.mark.parametrize("name", MARTS)
def test_totals_are_those_of_the_mart_s_own_sql_to_the_last_digit(
    installation: Installation, warehouse: Warehouse, name: str
) -> None:
    measures = ["lines", "units", "gross_revenue", "net_revenue", "reporting_net_revenue"]
    sums = ", ".join(f"sum({measure})" for measure in measures)
    expected = installation.query(
        f"SELECT source, currency, {sums} FROM {name} GROUP BY 1, 2 ORDER BY 1, 2"
    )
    grouped = FRAMES[name](warehouse=warehouse).groupby(["source", "currency"])[measures]
    found = grouped.sum(min_count=1).reset_index()

    assert len(expected) == 3
    assert [tuple(map(known, row)) for row in found.itertuples(index=False)] == expected


def known(value: Any) -> Any:
    return None if pd.isna(value) else value


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_has_every_column_of_its_table(warehouse: Warehouse, name: str) -> None:
    assert set(FRAMES[name](warehouse=warehouse)) == warehouse.columns(name)[name]


def test_amounts_keep_the_digits_that_a_float_would_lose(warehouse: Warehouse) -> None:
    frame = daily_revenue("2024-01-01", "2024-01-02", sources="shop", warehouse=warehouse)

    assert frame["net_revenue"].dtype == object
    assert frame["net_revenue"].tolist() == [Decimal(HUGE) + Decimal("0.0001")]
    products = revenue_by_product(*ALL, sources="shop", warehouse=warehouse)
    sums = products.groupby("source")["net_revenue"].sum()
    assert sums.tolist() == [Decimal("12345678901234.8679")]
    assert type(sums.iloc[0]) is Decimal


def test_what_could_not_be_converted_is_none_and_counted(warehouse: Warehouse) -> None:
    [row] = daily_revenue(*ALL, currencies="RUB", warehouse=warehouse).to_dict("records")

    assert row["reporting_net_revenue"] is None
    assert (row["net_revenue"], row["unconverted_lines"]) == (Decimal("-16.0003"), 1)


@pytest.mark.parametrize("read", [daily_revenue, revenue_by_product, revenue_by_region])
def test_a_window_has_its_first_day_and_not_its_end(warehouse: Warehouse, read: Frame) -> None:
    def found(start: str, end: str) -> set[str]:
        return days(read(start, end, warehouse=warehouse))

    assert found("2023-12-31", "2024-01-02") == {"2023-12-31", "2024-01-01"}
    assert found("2024-01-01", "2024-01-02") == {"2024-01-01"}
    assert found("2024-01-02", "2024-02-01") == {"2024-01-02"}


def test_rejected_lines_are_found_by_the_day_of_their_drop_with_every_reason(
    warehouse: Warehouse,
) -> None:
    frame = rejected("2024-01-01", "2024-01-02", warehouse=warehouse)

    assert days(frame, "partition_date") == {"2024-01-01"}
    assert frame[["source", "file", "line"]].to_numpy().tolist() == [
        ["tests/shop", "tests/shop/2024-01-01.csv", 4]
    ]
    assert len(frame["reasons"].iloc[0]) == 2
    assert [text.partition(":")[0] for text in frame.explode("reasons")["reasons"]] == [
        "sold_on",
        "price",
    ]


@pytest.mark.parametrize("name", MARTS)
def test_sources_and_currencies_narrow_a_frame_down(warehouse: Warehouse, name: str) -> None:
    def pairs(**given: Any) -> set[tuple[str, str]]:
        frame = FRAMES[name](warehouse=warehouse, **given)
        return set(zip(frame["source"], frame["currency"], strict=True))

    shop, pounds, roubles = ("tests/shop", "EUR"), ("tests/till", "GBP"), ("tests/till", "RUB")
    assert pairs() == {shop, pounds, roubles}
    assert pairs(sources="shop") == pairs(sources="tests/shop") == {shop}
    assert pairs(sources=["shop", "tests/till"]) == {shop, pounds, roubles}
    assert pairs(currencies=("EUR", "RUB")) == {shop, roubles}
    assert pairs(sources="till", currencies=["EUR", "RUB"]) == {roubles}
    assert pairs(currencies="USD") == pairs(sources=[]) == set()


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_without_rows_has_the_same_columns_and_dtypes(
    warehouse: Warehouse, name: str
) -> None:
    full, none = FRAMES[name](warehouse=warehouse), FRAMES[name](warehouse=warehouse, sources=[])

    assert (len(full) > 0, len(none)) == (True, 0)
    pd.testing.assert_series_equal(none.dtypes, full.dtypes)
    assert "float64" not in map(str, full.dtypes)


def test_dates_can_be_grouped_by_month(warehouse: Warehouse) -> None:
    frame = daily_revenue(*ALL, sources="shop", warehouse=warehouse)
    by_month = frame.set_index("order_date").resample("MS")["net_revenue"].sum()

    assert by_month.tolist() == [Decimal("0.1"), Decimal(HUGE) + Decimal("0.2001")]
    assert frame["order_date"].dt.tz is None


def test_a_date_beyond_the_reach_of_nanoseconds_stays_what_it_is(empty: DuckDBWarehouse) -> None:
    loaded(empty, "a/till")
    frame = rejected("9999-12-30", "9999-12-31", warehouse=empty)

    assert frame["partition_date"].tolist() == [pd.Timestamp(9999, 12, 30).as_unit("s")]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2024, 1, 1), date(2024, 1, 2)),
        (datetime(2024, 1, 1), pd.Timestamp("2024-01-02")),  # noqa: DTZ001  # days have no zone
        (datetime(2024, 1, 1, tzinfo=UTC), "2024-01-02"),
    ],
)
def test_days_are_given_as_dates_too(warehouse: Warehouse, start: date, end: date | str) -> None:
    assert days(daily_revenue(start, end, warehouse=warehouse)) == {"2024-01-01"}


@pytest.mark.parametrize(
    ("window", "given", "told"),
    [
        (("2024-01-02", "2024-01-01"), {}, "holds no day: its end is not included"),
        (("2024-01-01", "2024-01-01"), {}, "give a later one than 2024-01-01"),
        (("1.1.2024", "2024-01-01"), {}, "start '1.1.2024' is no date; write it as '2024-12-31'"),
        (("2024-01-01", datetime(2024, 1, 2, 3, tzinfo=UTC)), {}, "end .* has a time of day"),
        (ALL, {"sources": "web"}, "source 'web' is not loaded; there are: tests/shop, tests/till"),
        (ALL, {"sources": ["shop", "x' OR 'a' = 'a"]}, "is not loaded; there are"),
        (ALL, {"currencies": "eur"}, "'eur' is no currency; give ISO 4217 codes, like 'EUR'"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(
    warehouse: Warehouse, window: tuple[Any, Any], given: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        daily_revenue(*window, **given, warehouse=warehouse)


def loaded(warehouse: DuckDBWarehouse, *sources: str) -> None:
    """Give each source one day, with one rejected line."""
    warehouse.rows("SELECT 1")
    with duckdb.connect(warehouse.path) as connection:
        for source in sources:
            connection.execute(
                "INSERT INTO ledger (source, partition_date) VALUES (?, '9999-12-30')", [source]
            )
            connection.execute(
                "INSERT INTO rejected VALUES (?, '9999-12-30', 'f.csv', '0', 2, 'text', ['why'])",
                [source],
            )


def test_a_source_s_last_name_is_enough_only_where_it_is_clear(empty: DuckDBWarehouse) -> None:
    with pytest.raises(UsageError, match="'till' is not loaded; there are: nothing is, yet"):
        rejected(*ALL, sources="till", warehouse=empty)
    loaded(empty, "a/till", "b/till")
    with pytest.raises(UsageError, match="'till' is not clear; there are: a/till, b/till"):
        rejected(*ALL, sources="till", warehouse=empty)
    frame = rejected("9999-12-30", "9999-12-31", sources="b/till", warehouse=empty)
    assert frame["source"].tolist() == ["b/till"]


def test_marts_that_are_not_made_yet_are_named(empty: DuckDBWarehouse) -> None:
    with pytest.raises(UsageError, match=r"no table customer_value yet.*materialize --missing"):
        customer_value(warehouse=empty)


def test_without_a_warehouse_that_of_the_settings_is_read(
    installation: Installation, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(installation.settings.home))
    for name, frame in FRAMES.items():
        pd.testing.assert_frame_equal(frame(), frame(warehouse=warehouse), obj=name)


def build(path: str, snapshot: bool, told: Connection) -> None:
    """Be dbt: have the file to oneself, with a mart emptied, until told to stop."""
    with DuckDBWarehouse(path=path, snapshot=snapshot).exclusive(), duckdb.connect(path) as own:
        own.execute("BEGIN; DELETE FROM marts.daily_revenue")
        told.send("building")
        told.recv()
        own.execute("ROLLBACK")


@contextmanager
def building(installation: Installation, *, snapshot: bool) -> Iterator[None]:
    here, there = PROCESSES.Pipe()
    path = str(installation.settings.warehouse_file)
    process = PROCESSES.Process(target=build, args=(path, snapshot, there))
    process.start()
    assert here.recv() == "building"
    try:
        yield
    finally:
        here.send("enough")
        process.join()


def test_behind_a_running_build_the_earlier_state_is_read_and_the_reader_told(
    installation: Installation,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(installation.settings.home))
    monkeypatch.setattr("sales_assets.resources.build.PATIENCE_SECONDS", 0.1)
    before = daily_revenue(*ALL, warehouse=warehouse)
    with building(installation, snapshot=True):
        pd.testing.assert_frame_equal(daily_revenue(*ALL), before)
    assert "this is how the warehouse stood at 20" in caplog.text


def test_without_an_earlier_state_nobody_waits_for_the_end_of_a_build(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_ASSETS_HOME", str(installation.settings.home))
    monkeypatch.setenv("SALES_ASSETS_WAREHOUSE_SNAPSHOT", "false")
    monkeypatch.setattr("sales_assets.analysis.reading.LONGEST_WAIT_SECONDS", 0.3)
    with (
        building(installation, snapshot=False),
        pytest.raises(WarehouseBusyError, match=r"for 0\.3 s; try again"),
    ):
        daily_revenue(*ALL)


@pytest.mark.long
def test_snowflake_gives_the_same_frames(
    warehouse: Warehouse, snowflake_server: SnowflakeServer, tmp_path: Path
) -> None:
    with materialised(tmp_path / "home", **snowflake_server.settings()) as made:
        other = build_warehouse(made.settings)
        for name, frame in FRAMES.items():
            for given in ({}, {"sources": "till"}):
                expected = frame(warehouse=warehouse, **given)
                pd.testing.assert_frame_equal(
                    frame(warehouse=other, **given), expected, obj=name, check_exact=True
                )
