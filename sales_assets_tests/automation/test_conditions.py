"""When marts and the reports compute themselves, on a real instance, tick by tick."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.asset_daemon_cursor import AssetDaemonCursor

from sales_assets.resources.report_folder import PAGE
from sales_assets_tests.harness import SHOP, TILL, Installation, drop

STG = dg.AssetKey(["staging", "stg_sales"])
FCT = dg.AssetKey(["core", "fct_sales"])
DAILY = dg.AssetKey(["marts", "daily_revenue"])
REPORTS = [
    dg.AssetKey(["reports", name])
    for name in ("sales_report", "marts_sqlite", "marts_parquet", "data_dictionary")
]
DAYS = ("2024-01-01", "2024-01-02", "2024-01-03")


class Daemon:
    """Evaluates the conditions as the daemon does, one tick after the other."""

    def __init__(self, made: Installation) -> None:
        self._made = made
        self._cursor: AssetDaemonCursor | None = None

    def tick(self, at: datetime | None = None) -> dg.EvaluateAutomationConditionsResult:
        result = dg.evaluate_automation_conditions(
            defs=self._made.definitions,
            instance=self._made.instance,
            evaluation_time=at,
            cursor=self._cursor,
        )
        self._cursor = result.cursor
        return result

    def asked(self) -> set[str]:
        """The days of the marts that a tick asks for."""
        result = self.tick()
        days = result.get_requested_partitions(STG)
        assert days == result.get_requested_partitions(FCT)
        assert days == result.get_requested_partitions(DAILY)
        return {day for day in days if day is not None}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "home", [SHOP, TILL]) as made:
        for day in DAYS:
            sell(made, day)
        yield made


def sell(made: Installation, day: str, item: str = "tea", price: str = "1") -> None:
    made.write_drop("shop", f"{day}.csv", drop(f"1,{day},{item},ann,{price}"))


def test_exactly_the_days_whose_revenue_changed_are_asked_for_once(shop: Installation) -> None:
    daemon = Daemon(shop)
    assert daemon.asked() == set()
    shop.materialize(DAYS[0], DAYS[1], ["shop"], marts=False)
    assert daemon.asked() == {DAYS[0], DAYS[1]}
    assert daemon.tick().total_requested == 0


def test_a_day_whose_run_took_the_marts_along_is_not_asked_for(shop: Installation) -> None:
    daemon = Daemon(shop)
    daemon.tick()
    shop.materialize(DAYS[0], DAYS[0], ["shop"], reports=True)
    assert daemon.asked() == set()


def test_marts_built_in_a_later_tick_than_their_source_are_not_asked_for(
    shop: Installation,
) -> None:
    daemon = Daemon(shop)
    daemon.tick()
    shop.materialize(DAYS[0], DAYS[-1], ["shop"], marts=False)
    daemon.tick()
    shop.materialize(DAYS[0], DAYS[-1], layers=[], reports=True)
    assert daemon.asked() == set()


def test_a_day_restated_after_its_marts_were_built_is_asked_for_though_no_tick_came_between(
    shop: Installation,
) -> None:
    daemon = Daemon(shop)
    daemon.tick()
    shop.materialize(DAYS[0], DAYS[0], ["shop"], reports=True)
    shop.materialize(DAYS[1], DAYS[1], ["shop"], reports=True)
    sell(shop, DAYS[1], price="9")
    shop.materialize(DAYS[1], DAYS[1], ["shop"], marts=False)
    assert DAYS[1] in daemon.asked()


def test_a_day_restated_right_after_it_was_asked_for_is_asked_for_again(
    shop: Installation,
) -> None:
    daemon = Daemon(shop)
    daemon.tick()
    shop.materialize(DAYS[0], DAYS[-1], ["shop"], marts=False)
    assert daemon.asked() == set(DAYS)
    shop.materialize(DAYS[0], DAYS[-1], layers=[], reports=True)
    sell(shop, DAYS[2], price="9")
    shop.materialize(DAYS[2], DAYS[2], ["shop"], marts=False)
    assert daemon.asked() == {DAYS[2]}
    assert daemon.tick().total_requested == 0


def test_marts_wait_while_a_blocking_check_of_their_source_fails(shop: Installation) -> None:
    daemon = Daemon(shop)
    daemon.tick()
    sell(shop, DAYS[1], item="forbidden")
    shop.materialize(DAYS[1], DAYS[1], ["shop"], marts=False, raise_on_error=False)
    assert daemon.tick().total_requested == 0
    for good in (DAYS[0], DAYS[2]):
        shop.materialize(good, good, ["shop"], marts=False)
    assert daemon.tick().total_requested == 0, "a good day does not let a bad one through"
    sell(shop, DAYS[1])
    shop.materialize(DAYS[1], DAYS[1], ["shop"], marts=False)
    assert daemon.asked() == set(DAYS)


def test_the_reports_follow_the_marts(shop: Installation) -> None:
    daemon = Daemon(shop)
    daemon.tick()
    shop.materialize(DAYS[0], DAYS[0], ["shop"], marts=False)
    daemon.tick()
    shop.materialize(DAYS[0], DAYS[0], layers=[])
    requested = daemon.tick()
    assert [requested.get_num_requested(key) for key in REPORTS] == [1, 1, 1, 1]
    assert requested.total_requested == 4


def test_a_report_that_failed_is_asked_for_once_an_hour_until_it_is_made(
    shop: Installation,
) -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    minutes = timedelta(minutes=1)
    daemon = Daemon(shop)
    daemon.tick(hour + minutes)
    shop.materialize(DAYS[0], DAYS[0], ["shop"])
    assert daemon.tick(hour + 2 * minutes).total_requested == len(REPORTS)
    page, *exports = REPORTS
    report = shop.settings.report_folder / PAGE
    report.mkdir(parents=True)  # nobody can write a file there
    assert not shop.make([page], raise_on_error=False).success
    assert shop.make(exports).success
    assert daemon.tick(hour + 3 * minutes).total_requested == 0
    for failure in (1, 2):
        later = hour + failure * 60 * minutes
        result = daemon.tick(later + minutes)
        assert (result.get_num_requested(page), result.total_requested) == (1, 1)
        assert not shop.make([page], raise_on_error=False).success
        assert daemon.tick(later + 2 * minutes).total_requested == 0
    report.rmdir()
    assert daemon.tick(hour + 181 * minutes).total_requested == 1
    assert shop.make([page]).success
    assert daemon.tick(hour + 241 * minutes).total_requested == 0
