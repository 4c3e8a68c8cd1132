"""Odd days of a source are told of, with what is usual, and block nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import dagster as dg
import pytest

from sales_assets.checks.anomalies import (
    check_revenue,
    check_volume,
    revenue_bands,
    volume_bands,
)
from sales_assets.checks.baseline import FEWEST_DAYS
from sales_assets.contracts.days import Calendar, History
from sales_assets.partitions import Window
from sales_assets.resources.warehouse import Warehouse
from sales_assets_tests.harness import SHOP, Installation, drop

KEY = dg.AssetKey(["tests", "shop", "revenue"])
START, DAYS = date(2024, 1, 1), 42
DAY = timedelta(days=1)
LAST = START + (DAYS - 1) * DAY
WINDOW = Window(START, LAST + DAY)


def rows(day: date) -> int:
    """A shop's rhythm: three times as many on Saturdays."""
    return 9 if day.isoweekday() == 6 else 3


def sell(made: Installation, day: date, count: int, price: str = "10") -> None:
    lines = [f"{n},{day},tea,ann,{price}" for n in range(count)]
    made.write_drop("shop", f"{day}.csv", drop(*lines))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("anomalies")
    two = "CASE WHEN price < 1 THEN 'GBP' ELSE 'EUR' END"
    (folder / SHOP.name).write_text(SHOP.read_text().replace("\"'EUR'\"", two))
    with Installation(folder / "home", [folder / SHOP.name]) as made:
        for day in WINDOW.days():
            sell(made, day, rows(day))
        made.materialize(str(START), str(LAST), marts=False)
        yield made


def warehouse(made: Installation) -> Warehouse:
    found = made.resources["warehouse"]
    assert isinstance(found, Warehouse)
    return found


def restate(made: Installation, day: date, count: int, price: str = "10") -> None:
    sell(made, day, count, price)
    made.materialize(str(day), str(day), marts=False)


def days(found: dg.AssetCheckResult) -> str:
    return str(found.metadata["days"].value) if "days" in found.metadata else ""


def test_a_source_that_goes_on_as_ever_is_not_told_of(shop: Installation) -> None:
    contract = shop.contracts["shop"]
    for check in (check_volume, check_revenue):
        found = check(KEY, contract, warehouse(shop), WINDOW)
        assert found.passed, found.description
        assert "0 days standing out" in str(found.metadata["found"].value)
        assert f"{DAYS - FEWEST_DAYS:,} compared" in str(found.metadata["found"].value)


def test_a_quiet_days_number_is_odd_on_a_busy_weekday_only(shop: Installation) -> None:
    saturday = LAST - DAY
    assert saturday.isoweekday() == 6
    restate(shop, saturday, 3)
    try:
        found = check_volume(KEY, shop.contracts["shop"], warehouse(shop), WINDOW)
    finally:
        restate(shop, saturday, 9)
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert days(found) == f"- **{saturday}**: 3 rows, expected 6 to 12, usual are 9"
    assert str(found.description).startswith("Expected: rows like the same weekdays")
    assert f"Found: 1 day standing out, 35 compared; it is {saturday} with 3 rows" in str(
        found.description
    )
    assert "To do: Ask the source" in str(found.description)


def test_revenue_in_another_currency_than_usual_is_odd_in_the_usual_one(
    shop: Installation,
) -> None:
    restate(shop, LAST, 3, "0.5")
    try:
        found = check_revenue(KEY, shop.contracts["shop"], warehouse(shop), WINDOW)
        bands = revenue_bands(shop.contracts["shop"], warehouse(shop), WINDOW)
        volume = check_volume(KEY, shop.contracts["shop"], warehouse(shop), WINDOW)
    finally:
        restate(shop, LAST, 3)
    assert volume.passed, "as many rows as ever"
    assert days(found) == (f"- **{LAST}**: 0.00 EUR, expected 19.50 to 40.50, usual are 30.00")
    assert set(bands) == {"EUR", "GBP"}
    assert bands["GBP"] == {}, "nothing is usual"


def test_odd_days_before_the_last_four_weeks_are_listed_and_do_not_warn(
    shop: Installation,
) -> None:
    early = START + 7 * DAY
    restate(shop, early, 30)
    try:
        whole = check_volume(KEY, shop.contracts["shop"], warehouse(shop), WINDOW)
        week = Window(early, early + 7 * DAY)
        alone = check_volume(KEY, shop.contracts["shop"], warehouse(shop), week)
    finally:
        restate(shop, early, rows(early))
    assert whole.passed, whole.description
    assert "1 more before the last four weeks" in str(whole.description)
    assert f"**{early}**: 30 rows" in str(whole.metadata["earlier_days"].value)
    assert not alone.passed


def test_days_on_which_nothing_is_expected_are_neither_compared_nor_counted(
    shop: Installation,
) -> None:
    weekdays = replace(shop.contracts["shop"], calendar=Calendar(frozenset(range(1, 6))))
    found = volume_bands(weekdays, warehouse(shop), WINDOW)
    assert {day.isoweekday() for day in found} == {1, 2, 3, 4, 5}
    assert {band.expected for band in found.values()} == {3}
    ended = replace(shop.contracts["shop"], history=History(START, START + 14 * DAY))
    assert max(volume_bands(ended, warehouse(shop), WINDOW)) == START + 13 * DAY


def test_a_day_that_is_due_and_has_no_rows_is_told_of_however_short_the_history(
    shop: Installation,
) -> None:
    later = Window(LAST, LAST + 3 * DAY)
    found = check_volume(KEY, shop.contracts["shop"], warehouse(shop), later)
    told = "no rows, and a drop was due"
    assert days(found) == f"- **{LAST + DAY}**: {told}\n- **{LAST + 2 * DAY}**: {told}"
    revenue = check_revenue(KEY, shop.contracts["shop"], warehouse(shop), later)
    assert revenue.passed, "a day without a drop is no zero"
