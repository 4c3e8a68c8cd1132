"""Checks fail when a number would be wrong, name the days, and say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from sales_assets.checks.baseline import FEWEST_DAYS
from sales_assets.checks.reconcile import lines_reconcile, totals_match_staged
from sales_assets.checks.results import SHOWN
from sales_assets.contracts.rules import BUILT_IN_CHECKS
from sales_assets.resources.catalogue_days import StagedCounts
from sales_assets.resources.warehouse import LoadedDay, Outweighed
from sales_assets_tests.harness import SHOP, Installation, drop

KEY = dg.AssetKey(["tests", "shop", "revenue"])
DAY = date(2024, 1, 1)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "home", [SHOP]) as made:
        yield made


def sell(made: Installation, day: date, rows: int, item: str = "tea") -> None:
    made.write_drop("shop", f"{day}.csv", drop(*(f"{n},{day},{item},ann,1" for n in range(rows))))


def outcome(
    result: dg.ExecuteInProcessResult, name: str, key: dg.AssetKey = KEY
) -> dg.AssetCheckEvaluation:
    evaluations = result.get_asset_check_evaluations()
    [found] = [e for e in evaluations if (e.asset_key, e.check_name) == (key, name)]
    return found


def days_told(found: dg.AssetCheckResult) -> str:
    return str(found.metadata["days"].value)


def staged(net_amount: str) -> StagedCounts:
    return StagedCounts("f", 2, 0, Decimal("10.0000"), Decimal(net_amount))


def loaded(net_amount: str) -> LoadedDay:
    return LoadedDay(DAY, "f", 2, 2, 0, Decimal("10.0000"), Decimal(net_amount))


def test_the_names_kept_from_rules_are_those_of_the_checks_without_rules(
    shop: Installation,
) -> None:
    rules = {rule.name for rule in shop.contracts["shop"].quality}
    graph = shop.definitions.resolve_asset_graph()
    names = {key.name for key in graph.asset_check_keys if key.asset_key == KEY}
    assert names - rules == BUILT_IN_CHECKS


@pytest.mark.parametrize("counts", [(1, 0), (2, 1), (0, 0)], ids=["lost", "doubled", "all lost"])
def test_a_day_whose_lines_are_lost_or_doubled_is_named(counts: tuple[int, int]) -> None:
    other = DAY + timedelta(days=1)
    found = lines_reconcile(KEY, {DAY: 2, other: 3}, {DAY: counts, other: (2, 1)})
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.ERROR
    assert "2024-01-01**: 2 lines" in days_told(found)
    assert "2024-01-02" not in days_told(found)
    assert found.metadata["to_do"].value


def test_lines_that_are_all_accepted_or_rejected_pass() -> None:
    found = lines_reconcile(KEY, {DAY: 3}, {DAY: (2, 1)})
    assert found.passed
    assert found.metadata["wrong_days"].value == 0


def test_of_many_wrong_days_the_first_are_shown_and_all_are_counted() -> None:
    lines = {DAY + timedelta(days=n): 1 for n in range(SHOWN + 5)}
    found = lines_reconcile(KEY, lines, {})
    assert found.metadata["wrong_days"].value == SHOWN + 5
    assert days_told(found).count("\n") == SHOWN - 1


def test_a_total_that_differs_in_its_last_digit_is_found() -> None:
    assert totals_match_staged(KEY, {DAY: staged("9.0000")}, {DAY: loaded("9.0000")}, {}).passed
    found = totals_match_staged(KEY, {DAY: staged("9.0000")}, {DAY: loaded("9.0001")}, {})
    assert not found.passed
    assert "9.0001" in days_told(found)


def test_lines_that_another_day_outweighs_are_staged_and_counted_apart() -> None:
    apart = {DAY: Outweighed(1, Decimal(0), Decimal("4.0000"))}
    before, now = {DAY: staged("9.0000")}, {DAY: loaded("5.0000")}
    assert totals_match_staged(KEY, before, now, apart).passed
    assert not totals_match_staged(KEY, before, now, {}).passed


def test_a_day_far_below_its_trailing_days_is_warned_of_and_blocks_nothing(
    shop: Installation,
) -> None:
    for n in range(FEWEST_DAYS):
        sell(shop, DAY + timedelta(days=n), 8)
    thin = DAY + timedelta(days=FEWEST_DAYS)
    sell(shop, thin, 1)
    result = shop.materialize(str(DAY), str(thin))
    found = outcome(result, "row_count_in_band")
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert f"{thin}**: 1 row, expected 5 to 11, usual are 8" in str(found.metadata["days"].value)
    assert result.success
    assert shop.query("SELECT count(*) FROM daily_revenue") == [(FEWEST_DAYS + 1,)]


def test_with_too_few_days_before_it_nothing_is_said_of_a_days_volume(shop: Installation) -> None:
    for n in range(FEWEST_DAYS - 1):
        sell(shop, DAY + timedelta(days=n), 8)
    thin = DAY + timedelta(days=FEWEST_DAYS - 1)
    sell(shop, thin, 1)
    assert outcome(shop.materialize(str(DAY), str(thin)), "row_count_in_band").passed


def test_a_day_without_rows_that_the_calendar_expects_is_warned_of(shop: Installation) -> None:
    sell(shop, DAY, 2)
    shop.write_drop("shop", f"{DAY}.csv", drop())
    found = outcome(shop.materialize(str(DAY), str(DAY)), "row_count_in_band")
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert f"{DAY}**: no rows, and a drop was due" in str(found.metadata["days"].value)


def test_rows_that_went_missing_in_the_warehouse_after_their_load_are_noticed(
    shop: Installation,
) -> None:
    sell(shop, DAY, 2)
    shop.materialize(str(DAY), str(DAY))
    with duckdb.connect(str(shop.settings.warehouse_file)) as connection:
        connection.execute("DELETE FROM revenue WHERE line = 2")
    again = shop.materialize(str(DAY), str(DAY), raise_on_error=False)
    assert not outcome(again, "lines_reconcile", KEY).passed
    assert not outcome(again, "totals_match_staged", KEY).passed


def test_a_query_that_finds_nothing_breaks_no_rule(shop: Installation) -> None:
    file = shop.settings.contracts_folder / SHOP.name
    rule = "query: SELECT count(*) FROM ${object} WHERE product = 'forbidden'\n        mustBe: 0"
    least = "query: SELECT min(amount) FROM ${object}\n        mustBeGreaterThan: 0"
    text = file.read_text()
    assert rule in text
    file.write_text(text.replace(rule, least))
    shop.reload()
    found = outcome(shop.materialize(str(DAY), str(DAY)), "no_item_is_forbidden")
    assert found.passed
    assert found.metadata["found"].value == "the query finds nothing"


def test_a_broken_rule_of_the_contract_keeps_the_marts_from_being_built(
    shop: Installation,
) -> None:
    sell(shop, DAY, 2, item="forbidden")
    result = shop.materialize(str(DAY), str(DAY), raise_on_error=False)
    found = outcome(result, "no_item_is_forbidden")
    assert not found.passed
    assert found.metadata["found"].value == "the query gives 2"
    built = {event.asset_key for event in result.get_asset_materialization_events()}
    assert KEY in built
    assert dg.AssetKey(["marts", "daily_revenue"]) not in built


def test_a_day_that_broke_a_rule_is_not_forgotten_by_a_later_run_of_another_day(
    shop: Installation,
) -> None:
    other = DAY + timedelta(days=5)
    sell(shop, other, 1)
    shop.materialize(str(other), str(other))
    sell(shop, DAY, 2, item="forbidden")
    sell(shop, other, 2)
    shop.materialize(str(DAY), str(DAY), marts=False, raise_on_error=False)
    later = outcome(shop.materialize(str(other), str(other)), "no_item_is_forbidden")
    assert not later.passed
    assert later.severity is dg.AssetCheckSeverity.WARN, "the good day's marts are built"
    assert str(DAY) in str(later.metadata["days"].value)
    assert shop.query("SELECT order_date, lines FROM daily_revenue") == [(other, 2)]

    sell(shop, DAY, 2)
    mended = shop.materialize(str(DAY), str(DAY), marts=False)
    assert outcome(mended, "no_item_is_forbidden").passed
    again = shop.materialize(str(other), str(other), marts=False)
    assert outcome(again, "no_item_is_forbidden").passed
