"""Days whose drops are due and did not come are told of, with when and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

import dagster as dg
import pytest
from dagster import AssetCheckSeverity

from sales_assets.checks.delivery import (
    DAYS_PRESENT,
    FRESH,
    days_present,
    due_days,
    due_since,
    fresh,
)
from sales_assets.contracts.days import Calendar, Delivery, History
from sales_assets.contracts.model import SourceContract
from sales_assets.partitions import Window
from sales_assets.resources.manifests import Known
from sales_assets_tests.harness import SHOP, Installation, drop

KEY = dg.AssetKey(["tests", "shop", "raw"])
START = date(2024, 1, 1)
DAY = timedelta(days=1)
SIX = time(6, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "home", [SHOP]) as made:
        yield made


def promising(made: Installation, **changes: object) -> SourceContract:
    """The shop's contract with a delivery by 06:00 UTC the next day, without an end."""
    contract = replace(
        made.contracts["shop"], delivery=Delivery(1, SIX), history=History(date(2024, 1, 1))
    )
    return replace(contract, **changes)  # type: ignore[arg-type]


def known(made: Installation, *numbers: int, seen: datetime | None = None) -> dict[str, Known]:
    """The catalogue of drops for some days of January 2024, all seen first at one moment."""
    contract = made.contracts["shop"]
    for number in numbers:
        day = date(2024, 1, number)
        made.write_drop("shop", f"{day}.csv", drop(f"{number},{day},tea,ann,1"))
    found = made.resources["catalogue"].refresh(
        contract, made.resources["landing_zone"], made.resources["staging_area"].inspect
    )
    at = seen or datetime(2024, 1, 1, tzinfo=UTC)
    return {
        file: replace(one, first_seen_ns=int(at.timestamp() * 1e9)) for file, one in found.items()
    }


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2024, 1, day, hour, minute, tzinfo=UTC)


def test_a_day_is_due_when_the_contract_says_so_and_not_before(shop: Installation) -> None:
    contract, window = promising(shop), Window(date(2023, 12, 30), date(2024, 1, 10))
    assert due_days(contract, window, at(2, 5, 59)) == []
    assert due_days(contract, window, at(2, 6)) == [START]
    weekly = replace(contract, delivery=Delivery(7, SIX))
    assert due_days(weekly, window, at(8, 5, 59)) == []
    assert due_days(weekly, window, at(9, 6)) == [START, START + DAY]


def test_without_a_promised_time_a_day_is_due_by_the_end_of_the_next(shop: Installation) -> None:
    contract, window = promising(shop, delivery=Delivery()), Window(START, date(2024, 1, 10))
    assert due_days(contract, window, at(2, 23, 59)) == []
    assert due_days(contract, window, at(3, 0)) == [START]


def test_the_days_that_are_due_go_from_the_historys_start_or_a_later_day_to_its_end(
    shop: Installation,
) -> None:
    calendar = Calendar(frozenset(range(1, 6)), frozenset({date(2024, 1, 3)}))
    contract = promising(shop, calendar=calendar)
    week = [date(2024, 1, day) for day in (1, 2, 4, 5, 8)]
    assert due_since(contract, date.min, at(9)) == week
    assert due_since(contract, date(2024, 1, 4), at(9)) == week[2:]
    assert due_since(contract, date(2024, 1, 12), at(9)) == []
    ended = replace(contract, history=History(START, date(2024, 1, 5)))
    assert due_since(ended, date.min, at(9)) == week[:3]


def test_a_promised_time_is_of_its_own_offset() -> None:
    pacific = Delivery(1, time(9, tzinfo=timezone(timedelta(hours=-8))))
    assert pacific.due(START) == at(2, 17)
    assert pacific.due(START).tzinfo is UTC


def test_missing_days_are_listed_as_spans_with_how_to_land_them(shop: Installation) -> None:
    found = days_present(KEY, promising(shop), known(shop, 1, 4, 5, 7), at(8))
    assert not found.passed
    assert found.severity is AssetCheckSeverity.WARN
    assert found.metadata["found"].value == (
        "4 of 7 days that are due have a drop; missing are 2024-01-02..2024-01-03, 2024-01-06"
    )
    assert found.metadata["days"].value == (
        "- **2024-01-02..2024-01-03**: no drop for 2 days\n- **2024-01-06**: no drop for 1 day"
    )
    assert found.metadata["wrong_days"].value == 3
    assert "`sales-assets land FILE --source shop`" in str(found.metadata["to_do"].value)


def test_days_on_which_nothing_is_due_are_not_missing(shop: Installation) -> None:
    calendar = Calendar(frozenset({1, 2, 3, 4, 5}), frozenset({date(2024, 1, 3)}))
    contract = promising(shop, calendar=calendar)
    found = days_present(KEY, contract, known(shop, 1, 2, 4, 5), at(8))
    assert found.passed, found.description
    assert found.metadata["days_due"].value == 4
    ended = promising(shop, history=History(START, date(2024, 1, 3)))
    assert days_present(KEY, ended, known(shop), at(20)).passed
    later = promising(shop, history=History(date(2024, 1, 9)))
    assert days_present(KEY, later, known(shop), at(8)).metadata["days_due"].value == 0


def test_a_missing_day_that_a_refused_drop_may_hold_says_why_it_is_refused(
    shop: Installation,
) -> None:
    shop.write_drop("shop", "2024-01-02.csv", "order,sold_on\n1,2024-01-02\n")
    found = days_present(KEY, promising(shop), known(shop, 1), at(3))
    assert "is refused" in str(found.metadata["days"].value)
    assert "lacks 'item'" in str(found.metadata["days"].value)


def test_a_drop_that_came_in_time_is_fresh(shop: Installation) -> None:
    found = fresh(KEY, promising(shop), known(shop, 1, 2, seen=at(3, 5)), at(3))
    assert found.passed
    assert found.metadata["found"].value == (
        "the drop of 2024-01-02, due 2024-01-03 06:00 UTC, was there 2024-01-03 05:00 UTC, in time"
    )
    assert found.metadata["hours_late"].value == 0


def test_a_drop_that_came_late_is_there_and_how_late_is_told(shop: Installation) -> None:
    found = fresh(KEY, promising(shop), known(shop, 1, 2, seen=at(3, 8, 30)), at(3))
    assert found.passed
    assert "2 hours 30 minutes late" in str(found.metadata["found"].value)
    assert found.metadata["hours_late"].value == 2.5


def test_a_drop_that_is_overdue_is_warned_of_with_whom_to_ask(shop: Installation) -> None:
    found = fresh(KEY, promising(shop), known(shop, 1, 2), at(5, 7))
    assert not found.passed
    assert found.severity is AssetCheckSeverity.WARN
    assert found.description == (
        "Expected: the drop of a day 1 day later by 06:00 UTC. "
        "Found: no drop of 2024-01-04, which was due 2024-01-05 06:00 UTC, 1 hour ago; the last "
        "day with a drop is 2024-01-02. "
        "To do: Ask tests@example.com for the drop and land it, by `sales-assets land FILE "
        "--source shop`."
    )
    assert found.metadata["hours_late"].value == 1


def test_a_source_whose_history_has_ended_is_not_overdue_for_ever(shop: Installation) -> None:
    ended = promising(shop, history=History(START, date(2024, 1, 3)))
    assert not fresh(KEY, ended, {}, at(2)).passed
    found = fresh(KEY, ended, {}, at(20))
    assert found.passed
    assert "ended with 2024-01-02" in str(found.metadata["found"].value)


def test_before_the_first_drop_is_due_nothing_is_overdue(shop: Installation) -> None:
    found = fresh(KEY, promising(shop), {}, at(1))
    assert found.passed
    assert "no drop is due before 2024-01-02 06:00 UTC" in str(found.metadata["found"].value)


def test_only_a_source_that_promises_a_time_has_the_check_of_it(shop: Installation) -> None:
    def names() -> set[str]:
        keys = shop.definitions.resolve_asset_graph().asset_check_keys
        return {key.name for key in keys if key.asset_key == KEY}

    assert DAYS_PRESENT in names()
    assert FRESH not in names()
    promise(shop)
    assert {DAYS_PRESENT, FRESH} <= names()


def promise(made: Installation, end: str = ", end: 2024-03-01") -> None:
    """Write the promise into the shop's contract, and the end of its history."""
    file = made.settings.contracts_folder / SHOP.name
    level = '  - {property: timeOfAvailability, value: "06:00+00:00"}\nschema:'
    text = file.read_text().replace("schema:", level, 1)
    file.write_text(text.replace(", end: 2024-03-01", end))
    made.reload()


def test_the_checks_run_alone_and_see_a_drop_that_no_run_has_looked_at(
    shop: Installation,
) -> None:
    shop.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
    job = shop.definitions.resolve_implicit_global_asset_job_def()
    done = job.get_subset(asset_check_selection={dg.AssetCheckKey(KEY, DAYS_PRESENT)})
    result = done.execute_in_process(instance=shop.instance)
    assert result.get_asset_materialization_events() == []
    [found] = result.get_asset_check_evaluations()
    assert "1 of 60 days that are due have a drop" in str(found.metadata["found"].value)
    assert shop.materialize("2024-01-01", "2024-01-01", layers=["raw"], marts=False).success
