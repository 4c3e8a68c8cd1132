"""Months from the API or from memory, whatever the API does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sales_assets.exchange_rates.answers import WrongAnswerError
from sales_assets.exchange_rates.api import ApiRefusedError, ApiUnavailableError, ExchangeRateApi
from sales_assets.exchange_rates.collecting import (
    Collected,
    Collector,
    _requests,
    unknown_currencies,
)
from sales_assets.exchange_rates.live import LiveRates
from sales_assets.exchange_rates.snapshot import SnapshotRates
from sales_assets.exchange_rates.state import DayState, RateState
from sales_assets.partitions import Window
from sales_assets.resources.directory_object_store import DirectoryObjectStore
from sales_assets_tests.exchange_rates.builders import PUBLICATIONS, asking, live, month_of
from sales_assets_tests.frankfurter import faults
from sales_assets_tests.frankfurter.faults import FOR_EVER
from sales_assets_tests.frankfurter.questions import Kind
from sales_assets_tests.frankfurter.server import StandIn

SYMBOLS = ("GBP", "USD")
JANUARY = asking("2024-01", *SYMBOLS)
DAYS = Window.of_keys("2024-01-10", "2024-01-20")
QUARTER = Window.of_keys("2024-01-31", "2024-03-01")


@pytest.fixture
def api(stand_in: StandIn, tmp_path: Path) -> LiveRates:
    return live(stand_in, tmp_path, attempts=1)


class Collecting:
    """A collector, and what it has to do with."""

    def __init__(self, api: ExchangeRateApi, state: RateState, store: DirectoryObjectStore) -> None:
        self.api, self.state, self.store = api, state, store

    def __call__(self, window: Window = DAYS, symbols: tuple[str, ...] = SYMBOLS) -> Collected:
        return Collector(self.api, self.state, self.store).collect(window, symbols)

    def is_old(self) -> None:
        """Let January's answer be older than it is good for."""
        known = self.state.answer(self.api.provider, JANUARY)
        assert known is not None
        self.state.keep_answer(self.api.provider, JANUARY, replace(known, checked_at=0.0))

    @property
    def objects(self) -> list[str]:
        return self.store.find("exchange_rates/")


@pytest.fixture
def collect(api: LiveRates, state: RateState, store: DirectoryObjectStore) -> Collecting:
    return Collecting(api, state, store)


def paths(stand_in: StandIn) -> list[str]:
    return [call.path.removeprefix("/v1/") for call in stand_in.requests]


def published(first: str, last: str) -> dict[date, Any]:
    days = PUBLICATIONS.days_between(date.fromisoformat(first), date.fromisoformat(last))
    return {day: {code: PUBLICATIONS.by_day[day][code] for code in SYMBOLS} for day in days}


def test_the_whole_months_of_a_window_are_asked_for(stand_in: StandIn, collect: Collecting) -> None:
    found = collect(QUARTER)
    assert paths(stand_in) == [
        "2024-01-01..2024-01-31",
        "2024-02-01..2024-02-29",
        "2024-03-01..2024-03-31",
    ]
    assert found.values == published("2023-12-29", "2024-03-31")
    assert (found.staged, found.failures) == (3, {})
    assert sorted(set(found.keys.values())) == collect.objects


@pytest.mark.parametrize(
    ("first", "symbols", "asked"),
    [
        ("1998-11-20", ("USD",), []),
        ("1998-12-31", ("USD",), ["1999-01-01..1999-01-31"]),
        ("2026-01-15", ("BGN",), ["2026-01-01..2026-01-31"]),  # begins with its last rate
        ("2026-02-15", ("BGN",), []),
        ("2005-07-15", ("ROL",), []),  # ended the day before
        ("2005-07-15", (), []),
    ],
)
def test_nothing_is_asked_of_which_there_can_be_no_rate(
    stand_in: StandIn, collect: Collecting, first: str, symbols: tuple[str, ...], asked: list[str]
) -> None:
    start = date.fromisoformat(first)
    found = collect(Window(start, start + timedelta(days=2)), symbols)
    assert paths(stand_in) == asked
    assert not found.failures


def test_an_answer_that_is_good_yet_is_not_asked_for_again(
    stand_in: StandIn, collect: Collecting
) -> None:
    first = collect(QUARTER)
    again = collect(QUARTER)
    assert len(stand_in.requests) == 3
    assert (again.values, again.keys, again.staged) == (first.values, first.keys, 0)
    assert collect.state.numbers(collect.api.provider, 0)["cache_hits"] == 3


def test_an_answer_that_is_old_is_confirmed_and_good_again(
    stand_in: StandIn, collect: Collecting
) -> None:
    first = collect()
    collect.is_old()
    again = collect()
    assert [call.status for call in stand_in.requests] == [200, 304]
    assert (again.values, again.keys, again.staged) == (first.values, first.keys, 0)
    collect()
    assert len(stand_in.requests) == 2
    assert len(collect.objects) == 1


def test_a_publication_that_was_not_out_is_asked_for_although_the_answer_is_good(
    stand_in: StandIn, collect: Collecting
) -> None:
    stand_in.publish_until(date(2024, 1, 18), today=date(2024, 1, 20))
    assert max(collect().values) == date(2024, 1, 18)
    collect()
    assert [call.status for call in stand_in.requests] == [200, 304]
    stand_in.publish_until(date(2024, 1, 19), today=date(2024, 1, 20))
    found = collect()
    assert max(found.values) == date(2024, 1, 19)
    assert not found.failures
    collect()
    assert len(stand_in.requests) == 3


def test_while_the_api_is_away_the_last_answer_does_and_is_no_failure(
    stand_in: StandIn, collect: Collecting
) -> None:
    first = collect()
    collect.is_old()
    stand_in.stop()
    again = collect()
    assert (again.values, again.keys, again.failures) == (first.values, first.keys, {})


def test_a_last_answer_without_the_publication_that_is_due_does_and_is_a_failure(
    stand_in: StandIn, collect: Collecting
) -> None:
    stand_in.publish_until(date(2024, 1, 18))
    first = collect()
    stand_in.inject(faults.server_error(), times=FOR_EVER)
    again = collect()
    assert again.values == first.values
    assert list(again.failures) == [JANUARY.month]


def test_a_month_that_cannot_be_had_keeps_no_other_from_being_asked_for(
    stand_in: StandIn, collect: Collecting
) -> None:
    stand_in.inject(faults.html(), nth=2)
    found = collect(QUARTER)
    assert list(found.failures) == [month_of("2024-02")]
    assert isinstance(found.failures[month_of("2024-02")], ApiUnavailableError)
    march = published("2024-03-01", "2024-03-31")
    assert found.values == published("2023-12-29", "2024-01-31") | march


@pytest.mark.parametrize("fault", [faults.shifted_dates(), faults.other_year(), faults.no_dates()])
def test_a_wrong_answer_is_kept_for_people_and_not_gone_by(
    stand_in: StandIn, collect: Collecting, fault: faults.Fault
) -> None:
    stand_in.inject(fault)
    found = collect()
    assert (found.values, found.staged) == ({}, 1)
    [error] = found.failures.values()
    assert isinstance(error, WrongAnswerError)
    assert collect.store.address(collect.objects[0]) in str(error)
    assert collect.state.answer(collect.api.provider, JANUARY) is None

    assert collect().values == published("2023-12-29", "2024-01-31")
    assert stand_in.requests[-1].if_none_match is None


def test_a_wrong_answer_does_not_take_the_place_of_the_last_one(
    stand_in: StandIn, collect: Collecting
) -> None:
    first = collect()
    collect.is_old()
    known = collect.state.answer(collect.api.provider, JANUARY)
    stand_in.inject(faults.other_year())
    again = collect()
    assert (again.values, again.keys, again.staged) == (first.values, first.keys, 1)
    assert collect.state.answer(collect.api.provider, JANUARY) == known


def test_an_object_that_somebody_deleted_is_had_again(
    stand_in: StandIn, collect: Collecting
) -> None:
    first = collect()
    collect.store.delete(collect.objects)
    again = collect()
    assert again.values == first.values
    assert stand_in.requests[-1].if_none_match is None
    assert set(again.keys.values()) == set(collect.objects)


def test_what_was_put_aside_is_asked_for_anew_as_the_etag_does_not_tell_a_correction(
    stand_in: StandIn, collect: Collecting
) -> None:
    friday = date(2024, 1, 12)
    stand_in.inject(faults.tenfold("USD", friday))
    wrong = collect().values[friday]["USD"]
    collect.state.keep_days({friday: DayState.INCOMPLETE}, SYMBOLS)
    collect.is_old()

    again = collect()

    assert stand_in.requests[-1].if_none_match is None
    assert (wrong, again.values[friday]["USD"]) == (Decimal("10.942"), Decimal("1.0942"))
    collect.state.keep_days({friday: DayState.CURRENT}, SYMBOLS)
    collect.is_old()
    collect()
    assert stand_in.requests[-1].status == 304


def test_a_refusal_is_told_with_its_month_and_stops_no_other(
    stand_in: StandIn, collect: Collecting
) -> None:
    stand_in.inject(faults.unknown())
    found = collect(Window.of_keys("2024-01-15", "2024-02-15"))
    [(month, why)] = found.failures.items()
    assert month == month_of("2024-01")
    assert isinstance(why, ApiRefusedError)
    assert date(2024, 2, 15) in found.values


def test_the_month_itself_is_believed_rather_than_what_the_next_one_begins_with(
    stand_in: StandIn, collect: Collecting
) -> None:
    easter = Window.of_keys("2024-03-20", "2024-04-05")
    maundy_thursday = date(2024, 3, 28)
    assert "/2024-03/" in collect(easter).keys[maundy_thursday]


def test_without_the_month_itself_its_end_comes_with_the_next_one(
    stand_in: StandIn, collect: Collecting
) -> None:
    stand_in.inject(faults.server_error())
    found = collect(Window.of_keys("2024-03-20", "2024-04-05"))
    assert min(found.values) == date(2024, 3, 28)
    assert "/2024-04/" in found.keys[date(2024, 3, 28)]


def test_answers_of_another_source_are_not_mixed(
    stand_in: StandIn, collect: Collecting, snapshot: SnapshotRates
) -> None:
    from_file = Collecting(snapshot, collect.state, collect.store)()
    found = collect()
    assert stand_in.requests[-1].if_none_match is None
    assert found.values == from_file.values
    assert not set(found.keys.values()) & set(from_file.keys.values())
    stand_in.stop()
    assert collect.state.answer(snapshot.provider, JANUARY) is not None


def test_a_file_is_its_own_memory(collect: Collecting, snapshot: SnapshotRates) -> None:
    collecting = Collecting(snapshot, collect.state, collect.store)
    first, again = collecting(), collecting()
    assert (again.values, again.keys, again.staged) == (first.values, first.keys, 0)


def test_a_currency_that_nobody_knows_is_looked_for_at_the_api(
    stand_in: StandIn, api: LiveRates
) -> None:
    assert unknown_currencies(api, ["USD", "HRK"]) == []
    assert paths(stand_in) == []
    assert unknown_currencies(api, ["USD", "EUR"]) == []
    assert paths(stand_in) == ["currencies"]
    assert unknown_currencies(api, ["XXX", "USD", "XTS"]) == ["XTS", "XXX"]


@pytest.mark.parametrize("fault", [faults.server_error(), faults.unknown()])
def test_while_the_list_of_currencies_cannot_be_had_none_is_unknown(
    stand_in: StandIn, api: LiveRates, fault: faults.Fault
) -> None:
    stand_in.inject(fault, times=FOR_EVER, kind=Kind.CURRENCIES)
    assert unknown_currencies(api, ["XXX"]) == []
    stand_in.clear()
    assert unknown_currencies(api, ["XXX"]) == ["XXX"]


def test_a_currency_that_ended_in_the_days_before_a_month_is_asked_for_with_it() -> None:
    april = Window.of_keys("2022-04-04", "2022-04-05")
    [(request, _)] = _requests(april, ["RUB", "USD"], 31)
    assert request.symbols == ("RUB", "USD"), "the last rate of the rouble is of 1 March"
    [(request, _)] = _requests(april, ["RUB", "USD"], 3)
    assert request.symbols == ("USD",)
