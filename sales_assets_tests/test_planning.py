"""Which days of which sources are to be materialised, and in which runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain, combinations
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.assets.keys import EXCHANGE_RATES, asset_key
from sales_assets.automation.landing import LAYERS
from sales_assets.contracts.days import History
from sales_assets.contracts.inspection import Inspection, Part
from sales_assets.contracts.load import load_contract
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import UsageError
from sales_assets.partitions import DAY, Window, contiguous
from sales_assets.planning import (
    PlannedRun,
    due_days,
    find_contract,
    history_window,
    parse_window,
    plan_runs,
    recorded_days,
)
from sales_assets.resources.landing_zone import Drop
from sales_assets.resources.manifests import Entry, Known, fingerprint
from sales_assets.resources.warehouse import LoadedDay

TESTS = Path(__file__).parent
DAILY = load_contract(TESTS / "data" / "uci_online_retail.odcs.yaml")
MANY = load_contract(TESTS.parent / "sales_assets" / "sources" / "pizzaplace.odcs.yaml")


def day(number: int) -> date:
    return date(2011, 1, number)


def span(first: int, last: int) -> Window:
    return Window(day(first), day(last) + DAY)


def today() -> date:
    return datetime.now(UTC).date()


def test_a_window_is_parsed_with_both_ends() -> None:
    assert parse_window("2024-02-29", "2024-03-01") == (date(2024, 2, 29), date(2024, 3, 1))
    assert parse_window(None, "2024-03-01") == (None, date(2024, 3, 1))
    assert parse_window("2024-03-01", None) == (date(2024, 3, 1), None)
    assert parse_window(None, None) == (None, None)
    assert parse_window("2024-03-01", "2024-03-01") == (date(2024, 3, 1),) * 2


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("yesterday", None, "--from yesterday: is no date; write it as 2024-12-31"),
        (None, "2024-02-30", "--to 2024-02-30: is no date; write it as 2024-12-31"),
        ("1.3.2024", None, "--from 1.3.2024: is no date"),
        (
            "2024-03-02",
            "2024-03-01",
            "--from 2024-03-02 is after --to 2024-03-01; exchange them",
        ),
    ],
)
def test_a_wrong_window_is_refused_with_the_fix(
    first: str | None, last: str | None, told: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse_window(first, last)

    assert str(caught.value).startswith(told)


FIRST = date(2010, 1, 1)


def windowed(first: date | None, last: date | None, start: date, end: date | None) -> Window | None:
    contract = replace(DAILY, history=History(start, end))
    return history_window(contract, first, last, FIRST)


def test_by_default_a_window_is_the_sources_history_up_to_today() -> None:
    ended = windowed(None, None, day(1), day(20))

    assert ended == Window(day(1), day(20))
    before = today()
    going_on = windowed(None, None, day(1), None)
    assert going_on is not None
    assert going_on.start == day(1)
    assert going_on.end - DAY in {before, today()}
    to_come = windowed(None, None, before - DAY, before + timedelta(days=300))
    assert to_come in [Window(before - DAY, now + DAY) for now in (before, today())]


def test_days_that_are_asked_for_are_taken_even_outside_of_the_history() -> None:
    assert windowed(day(2), day(3), day(10), day(20)) == span(2, 3)
    assert windowed(day(25), day(26), day(10), day(20)) == span(25, 26)
    assert windowed(day(15), None, day(10), day(20)) == Window(day(15), day(20))
    assert windowed(None, day(12), day(10), day(20)) == span(10, 12)


def test_a_window_without_a_day_of_the_source_is_none() -> None:
    assert windowed(None, day(5), day(10), day(20)) is None
    assert windowed(day(25), None, day(10), day(20)) is None
    assert windowed(None, None, today() + timedelta(days=5), None) is None


def test_days_before_the_first_partition_or_in_the_future_are_refused() -> None:
    with pytest.raises(UsageError, match="lies before the first partition, 2010-01-01; set"):
        windowed(FIRST - DAY, None, day(1), None)
    with pytest.raises(UsageError, match="lies in the future; the last partition is today"):
        windowed(None, today() + timedelta(days=3), day(1), None)


def known(
    contract: SourceContract, file: str, days: dict[date, int] | None, refused: str = ""
) -> Known:
    drop = Drop(file, 100, 1)
    if days is None:
        return Known(drop, None, refused)
    return Known(
        drop, Inspection(f"sha of {file}", (Part("", ("a",), sum(days.values()), True, days),)), ""
    )


def loaded(contract: SourceContract, item: Known, when: date) -> LoadedDay:
    assert item.inspection is not None
    entry = Entry(item.drop.file, item.inspection.sha256, item.inspection.days[when])
    zero = Decimal(0)
    return LoadedDay(when, fingerprint(contract, (entry,)), entry.lines, 0, 0, zero, zero)


def keys(days: Iterable[date]) -> set[str]:
    return {day.isoformat() for day in days}


def test_nothing_is_due_where_every_day_is_as_its_drops_are() -> None:
    drops = {name: known(DAILY, name, {day(n): 5}) for n, name in ((1, "a.csv"), (2, "b.csv"))}
    there = {
        day(1): loaded(DAILY, drops["a.csv"], day(1)),
        day(2): loaded(DAILY, drops["b.csv"], day(2)),
    }

    assert due_days(DAILY, span(1, 4), drops, there, keys(span(1, 4).days())) == []


def test_a_day_is_due_if_its_drop_came_changed_or_went() -> None:
    same = known(DAILY, "same.csv", {day(1): 5})
    changed = known(DAILY, "changed.csv", {day(2): 5})
    gone = known(DAILY, "gone.csv", {day(3): 5})
    came = known(DAILY, "came.csv", {day(4): 5})
    assert changed.inspection is not None
    there = {
        day(1): loaded(DAILY, same, day(1)),
        day(2): replace(loaded(DAILY, changed, day(2)), fingerprint="another"),
        day(3): loaded(DAILY, gone, day(3)),
    }
    drops = {item.drop.file: item for item in (same, changed, came)}

    due = due_days(DAILY, span(1, 5), drops, there, keys(span(1, 5).days()))

    assert due == [day(2), day(3), day(4)]


def test_a_day_is_due_if_the_contract_changed() -> None:
    drops = {"a.csv": known(DAILY, "a.csv", {day(1): 5})}
    there = {day(1): loaded(replace(DAILY, digest="before"), drops["a.csv"], day(1))}

    assert due_days(DAILY, span(1, 2), drops, there, keys(span(1, 2).days())) == [day(1)]


def test_a_day_is_due_if_it_was_never_materialised() -> None:
    assert due_days(DAILY, span(1, 3), {}, {}, keys([day(1), day(3)])) == [day(2)]


def test_a_refused_drop_makes_the_day_due_that_its_name_says() -> None:
    drops = {"2011-01-03.csv": known(DAILY, "2011-01-03.csv", None, "is empty")}

    assert due_days(DAILY, span(1, 5), drops, {}, keys(span(1, 5).days())) == [day(3)]


@pytest.mark.parametrize(("contract", "file"), [(DAILY, "export.csv"), (MANY, "2011-01-03.csv")])
def test_a_refused_drop_that_may_hold_any_day_makes_all_of_them_due(
    contract: SourceContract, file: str
) -> None:
    drops = {file: known(contract, file, None, "is empty")}

    assert due_days(contract, span(1, 3), drops, {}, keys(span(1, 3).days())) == [
        day(1),
        day(2),
        day(3),
    ]


def test_a_day_counts_as_recorded_once_its_marts_came_after_its_revenue() -> None:
    mart = dg.AssetKey(["marts", "daily_revenue"])
    layers = [EXCHANGE_RATES, *(asset_key(DAILY, layer) for layer in LAYERS)]

    def materialised(instance: dg.DagsterInstance, *keys: dg.AssetKey, on: int) -> None:
        for key in keys:
            instance.report_runless_asset_event(
                dg.AssetMaterialization(key, partition=day(on).isoformat())
            )

    with dg.DagsterInstance.ephemeral() as instance:
        materialised(instance, *layers, mart, on=1)
        materialised(instance, mart, *layers, on=2)
        materialised(instance, *layers, on=3)
        materialised(instance, layers[1], layers[3], mart, on=4)
        materialised(instance, *layers, mart, on=5)
        materialised(instance, layers[3], on=5)
        materialised(instance, *layers, mart, on=6)
        materialised(instance, EXCHANGE_RATES, on=6)
        materialised(instance, *layers[1:], mart, on=7)

        assert recorded_days(instance, DAILY, [mart]) == keys([day(1)])
        assert recorded_days(instance, DAILY, []) == keys(map(day, (1, 2, 3, 5, 6)))


@pytest.mark.parametrize("again", [("raw",), ("raw", "staged"), ("staged",)])
def test_a_day_does_not_count_as_recorded_if_a_run_of_it_was_killed_before_it_recorded_revenue(
    again: Sequence[str],
) -> None:
    layers = [EXCHANGE_RATES, *(asset_key(DAILY, layer) for layer in LAYERS)]
    with dg.DagsterInstance.ephemeral() as instance:
        for key in (*layers, *(asset_key(DAILY, layer) for layer in again)):
            instance.report_runless_asset_event(
                dg.AssetMaterialization(key, partition=day(1).isoformat())
            )

        assert recorded_days(instance, DAILY, []) == set()


PLANS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.lists(st.integers(1, 9).map(day), max_size=9), max_size=3
)


@settings(deadline=None, max_examples=200)
@given(PLANS)
def test_each_source_gets_exactly_the_days_it_asked_for_and_each_once(
    days: dict[str, list[date]],
) -> None:
    runs = plan_runs(days)

    got: dict[str, list[date]] = {source: [] for source in days}
    for run in runs:
        for source in run.sources:
            got[source] += run.window.days()
    assert {source: sorted(own) for source, own in got.items()} == {
        source: sorted(set(own)) for source, own in days.items()
    }
    assert runs == sorted(runs, key=lambda run: (run.window.start, run.sources))
    assert all(run.sources == tuple(sorted(run.sources)) for run in runs)


def fewest(days: dict[str, list[date]]) -> int:
    """By trying every way to cut each source's spans."""
    options = []
    for own in days.values():
        for window in contiguous(own):
            inner = list(window.days())[1:]
            cuts = chain.from_iterable(combinations(inner, n) for n in range(len(inner) + 1))
            options.append(
                [
                    {
                        Window(one, other)
                        for one, other in zip((window.start, *cut), (*cut, window.end), strict=True)
                    }
                    for cut in cuts
                ]
            )
    best = {frozenset[Window]()}
    for choices in options:
        best = {found | choice for found in best for choice in choices}
    return min(map(len, best))


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["a", "b"]), st.lists(st.integers(1, 6).map(day), max_size=6), max_size=2
    )
)
def test_no_plan_for_two_sources_takes_fewer_runs(days: dict[str, list[date]]) -> None:
    assert len(plan_runs(days)) == fewest(days)


@pytest.mark.parametrize(
    ("days", "runs"),
    [
        ({}, []),
        ({"a": []}, []),
        ({"a": span(1, 5)}, [(span(1, 5), "a")]),
        ({"a": span(1, 5), "b": span(1, 5)}, [(span(1, 5), "ab")]),
        ({"b": span(1, 5), "a": span(3, 5)}, [(span(1, 5), "b"), (span(3, 5), "a")]),
        ({"a": span(1, 9), "b": span(5, 5)}, [(span(1, 9), "a"), (span(5, 5), "b")]),
        ({"a": span(1, 2), "b": span(3, 4)}, [(span(1, 2), "a"), (span(3, 4), "b")]),
        (
            {"a": span(1, 6), "b": span(1, 3), "c": span(4, 6)},
            [(span(1, 3), "ab"), (span(4, 6), "ac")],
        ),
    ],
)
def test_the_fewest_runs_are_planned(
    days: dict[str, Window], runs: list[tuple[Window, str]]
) -> None:
    asked = {source: list(own.days()) if own else [] for source, own in days.items()}

    assert plan_runs(asked) == [PlannedRun(window, tuple(sources)) for window, sources in runs]


def test_a_source_is_found_by_its_name_with_and_without_the_team() -> None:
    contracts = [DAILY, MANY]

    assert find_contract(contracts, "pizzaplace") is MANY
    assert find_contract(contracts, "webshop/uci_online_retail") is DAILY


def test_a_source_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError) as caught:
        find_contract([DAILY, MANY], "pizza")

    assert str(caught.value) == (
        "there is no source 'pizza'; there are webshop/uci_online_retail, retail/pizzaplace"
    )


def test_a_name_that_two_teams_use_has_to_be_told_apart() -> None:
    other = replace(MANY, team="franchise")

    with pytest.raises(UsageError) as caught:
        find_contract([MANY, other], "pizzaplace")

    assert str(caught.value) == (
        "source 'pizzaplace' is not clear; choose one of retail/pizzaplace, franchise/pizzaplace"
    )
    assert find_contract([MANY, other], "franchise/pizzaplace") is other


def test_days_of_refused_drops_are_run_by_themselves_and_first() -> None:
    days = {"shop/one": [day(n) for n in range(1, 6)], "shop/two": [day(2), day(3)]}

    runs = plan_runs(days, {"shop/one": [day(3), day(9)]})

    assert runs[0] == PlannedRun(span(3, 3), ("shop/one",))
    asked = {(source, d) for run in runs[1:] for source in run.sources for d in run.window.days()}
    assert asked == {
        *(("shop/one", day(n)) for n in (1, 2, 4, 5)),
        ("shop/two", day(2)),
        ("shop/two", day(3)),
    }
