"""The sensor on the landing zone, with real drops, catalogue and instance."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from sales_assets_tests.harness import SHOP, TILL, Installation, drop

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "home", [SHOP, TILL], settle_seconds=5) as made:
        yield made


def settled(path: Path) -> None:
    """Make a file look as if it was written a minute ago."""
    minute_ago = time.time() - 60
    os.utime(path, (minute_ago, minute_ago))


def tick(made: Installation, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    sensor = made.definitions.get_sensor_def("landing_zone")
    with dg.build_sensor_context(
        instance=made.instance, cursor=cursor, resources=made.resources
    ) as context:
        return sensor(context)  # type: ignore[return-value]


def spans(result: dg.SensorResult | dg.SkipReason) -> list[tuple[str, str, str]]:
    assert isinstance(result, dg.SensorResult)
    found = []
    for request in result.run_requests or []:
        [raw] = [key for key in request.asset_selection or [] if key.path[-1] == "raw"]
        found.append((raw.path[1], request.tags[START], request.tags[END]))
    return sorted(found)


def test_contiguous_days_of_new_drops_become_one_range_run(shop: Installation) -> None:
    for day in ("2024-01-01", "2024-01-02", "2024-01-03", "2024-01-08"):
        settled(shop.write_drop("shop", f"{day}.csv", drop(f"1,{day},tea,ann,1")))
    result = tick(shop, None)
    assert spans(result) == [
        ("shop", "2024-01-01", "2024-01-03"),
        ("shop", "2024-01-08", "2024-01-08"),
    ]


def test_a_tick_without_changes_asks_for_nothing(shop: Installation) -> None:
    settled(shop.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1")))
    first = tick(shop, None)
    assert isinstance(first, dg.SensorResult)
    assert isinstance(tick(shop, first.cursor), dg.SkipReason)


def test_a_file_that_was_just_written_is_left_alone_until_it_rests(shop: Installation) -> None:
    path = shop.write_drop("shop", "2024-01-01.csv", "order,sold_on,it")
    assert isinstance(tick(shop, None), dg.SkipReason)
    path.write_text(drop("1,2024-01-01,tea,ann,1"))
    settled(path)
    assert spans(tick(shop, None)) == [("shop", "2024-01-01", "2024-01-01")]


def test_files_with_the_endings_of_unfinished_downloads_are_left_alone(shop: Installation) -> None:
    for name in ("2024-01-01.csv.part", ".2024-01-01.csv", "2024-01-01.csv.tmp"):
        settled(shop.write_drop("shop", name, drop("1,2024-01-01,tea,ann,1")))
    assert isinstance(tick(shop, None), dg.SkipReason)


def test_days_that_a_command_has_materialised_are_not_asked_for_again(shop: Installation) -> None:
    settled(shop.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1")))
    shop.materialize("2024-01-01", "2024-01-01", ["shop"], marts=False)
    assert spans(tick(shop, None)) == []


def test_a_restated_and_a_removed_drop_ask_for_their_days(shop: Installation) -> None:
    one = shop.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
    two = shop.write_drop("shop", "2024-01-05.csv", drop("5,2024-01-05,tea,ann,1"))
    settled(one)
    settled(two)
    first = tick(shop, None)
    assert isinstance(first, dg.SensorResult)
    shop.materialize("2024-01-01", "2024-01-05", ["shop"], marts=False)
    one.write_text(drop("1,2024-01-01,tea,ann,2"))
    settled(one)
    two.unlink()
    assert spans(tick(shop, first.cursor)) == [
        ("shop", "2024-01-01", "2024-01-01"),
        ("shop", "2024-01-05", "2024-01-05"),
    ]


def test_a_file_touched_without_a_change_asks_for_nothing(shop: Installation) -> None:
    path = shop.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
    settled(path)
    first = tick(shop, None)
    assert isinstance(first, dg.SensorResult)
    os.utime(path, (time.time() - 30, time.time() - 30))
    assert isinstance(tick(shop, first.cursor), dg.SkipReason)


def test_dropping_an_earlier_version_again_is_a_new_request(shop: Installation) -> None:
    versions = [drop("1,2024-01-01,tea,ann,1"), drop("1,2024-01-01,tea,ann,2")]
    keys, cursor = [], None
    for text in (versions[0], versions[1], versions[0]):
        settled(shop.write_drop("shop", "2024-01-01.csv", text))
        result = tick(shop, cursor)
        assert isinstance(result, dg.SensorResult)
        assert result.run_requests
        keys.append(result.run_requests[0].run_key)
        cursor = result.cursor
        shop.materialize("2024-01-01", "2024-01-01", ["shop"], layers=["raw"], marts=False)
    assert len(set(keys)) == 3


def test_a_file_with_many_days_asks_for_all_of_them_and_a_smaller_one_for_what_changed(
    shop: Installation,
) -> None:
    days = [f"2024-01-{n:02}" for n in range(1, 6)]
    settled(shop.write_drop("till", "all.csv", drop(*(f"1,{d},tea,ann,1" for d in days))))
    first = tick(shop, None)
    assert spans(first) == [("till", "2024-01-01", "2024-01-05")]
    assert isinstance(first, dg.SensorResult)
    shop.materialize("2024-01-01", "2024-01-05", ["till"], marts=False)
    settled(shop.write_drop("till", "new.csv", drop("9,2024-01-03,tea,ann,9")))
    later = shop.settings.landing_folder / "tests/till/new.csv"
    os.utime(later, (time.time() - 20, time.time() - 20))
    assert spans(tick(shop, first.cursor)) == [("till", "2024-01-03", "2024-01-03")]


def test_an_earlier_file_that_is_put_back_asks_for_the_days_it_takes(shop: Installation) -> None:
    line = "{},2024-01-0{},tea,ann,1"
    old = shop.write_drop("till", "old.csv", drop(line.format(1, 1), line.format(2, 2)))
    settled(old)
    os.utime(old, (time.time() - 90,) * 2)
    settled(shop.write_drop("till", "new.csv", drop(line.format(3, 2))))
    shop.materialize("2024-01-01", "2024-01-02", ["till"], marts=False)
    first = tick(shop, None)
    assert isinstance(first, dg.SensorResult)
    os.utime(old, (time.time() - 30,) * 2)
    assert spans(tick(shop, first.cursor)) == [("till", "2024-01-02", "2024-01-02")]


def test_a_day_that_only_gets_undated_lines_is_asked_for(shop: Installation) -> None:
    one, two = "1,2024-01-01,tea,ann,1", "2,2024-01-02,tea,ann,1"
    old = shop.write_drop("till", "old.csv", drop(one, two, "3,,tea,ann,1"))
    os.utime(old, (time.time() - 90,) * 2)
    shop.materialize("2024-01-01", "2024-01-02", ["till"], marts=False)
    first = tick(shop, None)
    assert isinstance(first, dg.SensorResult)
    settled(shop.write_drop("till", "new.csv", drop(one)))
    assert spans(tick(shop, first.cursor)) == [("till", "2024-01-01", "2024-01-02")]


def test_days_around_a_refused_drop_do_not_wait_for_it(shop: Installation) -> None:
    for day in ("2024-01-03", "2024-01-05"):
        settled(shop.write_drop("shop", f"{day}.csv", drop(f"1,{day},tea,ann,1")))
    settled(shop.write_drop("shop", "2024-01-04.csv", "not,the,header\n1,2,3\n"))
    result = tick(shop, None)
    assert spans(result) == [("shop", f"2024-01-0{n}", f"2024-01-0{n}") for n in (3, 4, 5)]
    assert isinstance(result, dg.SensorResult)
    assert isinstance(tick(shop, result.cursor), dg.SkipReason)


def test_a_refused_drop_asks_for_its_day_whose_run_then_says_why(shop: Installation) -> None:
    settled(shop.write_drop("shop", "2024-01-04.csv", "not,the,header\n1,2,3\n"))
    assert spans(tick(shop, None)) == [("shop", "2024-01-04", "2024-01-04")]


def test_a_changed_contract_asks_for_the_days_it_changes(shop: Installation) -> None:
    settled(shop.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1")))
    shop.materialize("2024-01-01", "2024-01-01", ["shop"], marts=False)
    first = tick(shop, None)
    assert spans(first) == []
    assert isinstance(first, dg.SensorResult)
    file = shop.settings.contracts_folder / SHOP.name
    file.write_text(
        file.read_text().replace("transformLogic: price}", "transformLogic: price * 2}")
    )
    shop.reload()
    assert spans(tick(shop, first.cursor)) == [("shop", "2024-01-01", "2024-01-01")]


def test_a_day_that_was_recorded_but_never_staged_is_asked_for(shop: Installation) -> None:
    settled(shop.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1")))
    shop.materialize("2024-01-01", "2024-01-01", ["shop"], layers=["raw"], marts=False)
    assert spans(tick(shop, None)) == [("shop", "2024-01-01", "2024-01-01")]


def test_a_cursor_of_another_catalogue_hides_no_change(shop: Installation) -> None:
    settled(shop.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1")))
    expected = [("shop", "2024-01-01", "2024-01-01")]
    assert spans(tick(shop, "of-a-catalogue-that-was-lost:77")) == expected
    assert spans(tick(shop, "77")) == expected


def test_days_on_which_the_shop_is_closed_do_not_cut_a_range_in_two(tmp_path: Path) -> None:
    with Installation(tmp_path / "closed", [SHOP], settle_seconds=5) as made:
        file = made.settings.contracts_folder / SHOP.name
        closed = "  - {property: calendar, value: {closed: [2024-01-02]}}\nslaProperties:"
        file.write_text(file.read_text().replace("slaProperties:", closed))
        made.reload()
        for day in ("2024-01-01", "2024-01-03", "2024-01-05"):
            settled(made.write_drop("shop", f"{day}.csv", drop(f"1,{day},tea,ann,1")))
        assert spans(tick(made, None)) == [
            ("shop", "2024-01-01", "2024-01-03"),
            ("shop", "2024-01-05", "2024-01-05"),
        ]


def test_a_drop_for_a_day_to_come_is_left_to_the_daily_schedule(shop: Installation) -> None:
    to_come = (datetime.now(UTC) + timedelta(days=2)).date()  # also if midnight is close
    for day in ("2024-01-01", f"{to_come}"):
        settled(shop.write_drop("shop", f"{day}.csv", drop(f"1,{day},tea,ann,1")))
    assert spans(tick(shop, None)) == [("shop", "2024-01-01", "2024-01-01")]
