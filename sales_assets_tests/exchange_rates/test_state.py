"""What is remembered between runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import quantiles

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.exchange_rates.state import (
    CACHED,
    KEPT_SECONDS,
    DayState,
    KnownAnswer,
    RateState,
    _latencies,
)
from sales_assets.exchange_rates.tables import CALLS
from sales_assets.partitions import Window
from sales_assets_tests.exchange_rates.builders import asking
from sales_assets_tests.services import database

API = "http://api/v1"
FRIDAY, MONDAY, TUESDAY = date(2024, 1, 5), date(2024, 1, 8), date(2024, 1, 9)
KNOWN = KnownAnswer("key", '"etag"', 1000.0, 60)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def state(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RateState]:
    with database(request.param, tmp_path / "catalogue.sqlite") as address:
        yield RateState(url=address)


def another(state: RateState) -> RateState:
    """As another process has it."""
    return RateState(url=state.url)


def test_the_last_answer_is_kept_by_provider_month_and_currencies(state: RateState) -> None:
    january = asking("2024-01", "GBP", "USD")
    assert state.answer(API, january) is None
    state.keep_answer(API, january, KNOWN)
    state.keep_answer(API, january, replace(KNOWN, etag='"newer"'))
    assert another(state).answer(API, january) == replace(KNOWN, etag='"newer"')
    assert state.answer("http://other/v1", january) is None
    assert state.answer(API, asking("2024-02", "GBP", "USD")) is None
    assert state.answer(API, asking("2024-01", "USD")) is None


def test_an_answer_is_fresh_for_its_age_from_when_it_was_checked() -> None:
    assert KNOWN.is_fresh(1059.9)
    assert not KNOWN.is_fresh(1060)
    assert not replace(KNOWN, max_age=0).is_fresh(1000)


def test_days_are_kept_as_they_stood_last(state: RateState) -> None:
    state.keep_days({}, ["USD"])
    state.keep_days({FRIDAY: DayState.UNPUBLISHED, MONDAY: DayState.UNPUBLISHED}, ["USD"])
    state.keep_days({FRIDAY: DayState.CURRENT, TUESDAY: DayState.INCOMPLETE}, ["GBP", "USD"])
    found = another(state).days()
    assert [(d, k.state, k.symbols) for d, k in found.items()] == [
        (FRIDAY, DayState.CURRENT, ("GBP", "USD")),
        (MONDAY, DayState.UNPUBLISHED, ("USD",)),
        (TUESDAY, DayState.INCOMPLETE, ("GBP", "USD")),
    ]
    assert abs(datetime.now(UTC) - found[FRIDAY].checked_at) < timedelta(minutes=1)
    assert list(state.days(Window(FRIDAY, TUESDAY))) == [FRIDAY, MONDAY]


def test_days_of_no_currency_have_none(state: RateState) -> None:
    state.keep_days({FRIDAY: DayState.CURRENT}, [])
    assert state.days()[FRIDAY].symbols == ()


def test_only_days_that_are_not_current_or_lack_a_currency_are_given(state: RateState) -> None:
    window = Window(FRIDAY, date(2024, 1, 10))
    assert state.not_current(["USD"], window) == {}
    state.keep_days({FRIDAY: DayState.CURRENT, date(2024, 1, 10): DayState.REFUSED}, ["USD"])
    state.keep_days({MONDAY: DayState.CURRENT, TUESDAY: DayState.REFUSED}, ["GBP", "USD"])
    assert list(state.not_current(["USD"], window)) == [TUESDAY]
    assert list(state.not_current([], window)) == [TUESDAY]
    found = state.not_current(["GBP"], window)
    assert found == {day: state.days()[day] for day in (FRIDAY, TUESDAY)}


def test_days_of_which_nothing_is_known_are_found(state: RateState) -> None:
    assert state.unknown([]) == set()
    assert state.unknown([MONDAY]) == {MONDAY}
    state.keep_days({FRIDAY: DayState.CURRENT, TUESDAY: DayState.UNPUBLISHED}, ["USD"])
    assert state.unknown({FRIDAY, MONDAY, TUESDAY}) == {MONDAY}


def test_a_rate_that_is_let_in_is_exact_and_the_last_word_counts(state: RateState) -> None:
    for value in ("2", "1E+2", "123456789.123456"):
        state.accept(MONDAY, "USD", Decimal(value))
        assert another(state).accepted() == {(MONDAY, "USD", Decimal(value))}
    state.accept(MONDAY, "GBP", Decimal(1))
    assert len(state.accepted()) == 2


def test_letting_in_asks_for_the_days_again_that_the_rate_can_be_valid_for(
    state: RateState,
) -> None:
    days = {
        FRIDAY: DayState.INCOMPLETE,
        MONDAY: DayState.INCOMPLETE,
        TUESDAY: DayState.INCOMPLETE,
        date(2024, 1, 10): DayState.CURRENT,
    }
    state.keep_days(days, ["USD"])
    state.accept(MONDAY, "USD", Decimal(2))
    long_ago = datetime.fromtimestamp(0, UTC)
    again = [day for day, known in state.days().items() if known.checked_at == long_ago]
    assert again == [MONDAY, TUESDAY]


def test_calls_are_counted_by_provider_and_since_when(state: RateState) -> None:
    for outcome in ("ok", "ok", "timeout", "server_error", "timeout", "not_modified", CACHED):
        state.note_call(API, outcome, 0.25, 100 if outcome == "ok" else 0)
    state.note_call("http://other/v1", "ok")
    assert another(state).numbers(API, 0) == {
        "calls": 6,
        "calls_failed": 3,
        "not_modified": 1,
        "cache_hits": 1,
        "bytes_received": 200,
        "failed_server_error": 1,
        "failed_timeout": 2,
        "latency_p50_s": 0.25,
        "latency_p95_s": 0.25,
        "latency_p99_s": 0.25,
    }
    nothing = state.numbers(API, time.time() + 1)
    assert (nothing["calls"], nothing["cache_hits"]) == (0, 0)
    assert "latency_p50_s" not in nothing


def test_failed_calls_have_no_part_in_latencies(state: RateState) -> None:
    state.note_call(API, "timeout", 30)
    assert "latency_p50_s" not in state.numbers(API, 0)
    state.note_call(API, "ok", 0.5)
    assert state.numbers(API, 0)["latency_p99_s"] == 0.5


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30))
def test_latencies_are_quantiles_of_what_was_measured(seconds: list[float]) -> None:
    found = _latencies(seconds)
    fifty, ninety_five, ninety_nine = (found[f"latency_p{n}_s"] for n in (50, 95, 99))
    rounding = 0.0001
    assert min(seconds) - rounding <= fifty <= ninety_five <= ninety_nine
    assert ninety_nine <= max(seconds) + rounding
    if len(seconds) > 1:
        assert fifty == pytest.approx(quantiles(seconds, n=2, method="inclusive")[0], abs=rounding)


def test_calls_of_long_ago_are_forgotten(state: RateState) -> None:
    state.note_call(API, "ok")
    with state.engine.begin() as connection:
        connection.execute(CALLS.update().values(at=time.time() - KEPT_SECONDS - 60))
    state.note_call(API, "ok")
    with state.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(CALLS)).scalar() == 1
