"""The API over the network: what is asked again, for how long it is waited, what is counted."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import tenacity
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.exchange_rates.answers import read_rates
from sales_assets.exchange_rates.api import (
    Answer,
    ApiRefusedError,
    ApiUnavailableError,
    CircuitOpenError,
)
from sales_assets.exchange_rates.http import Reply, Timeouts, get_json
from sales_assets.exchange_rates.live import LiveRates
from sales_assets.exchange_rates.state import RateState
from sales_assets_tests.exchange_rates.builders import PUBLICATIONS, asking, live
from sales_assets_tests.frankfurter import faults
from sales_assets_tests.frankfurter.faults import FOR_EVER, Fault
from sales_assets_tests.frankfurter.server import StandIn

JANUARY = asking("2024-01", "GBP", "USD")
PASSING = [
    (faults.reset(), "interrupted"),
    (faults.truncated(), "interrupted"),
    (faults.oversized(), "too_large"),
    (faults.too_many_requests(), "throttled"),
    (faults.too_many_requests(0), "throttled"),
    (faults.server_error(500), "server_error"),
    (faults.html(), "not_json"),
    (faults.broken_json(), "not_json"),
    (faults.empty_body(), "not_json"),
]


@pytest.fixture
def api(stand_in: StandIn, tmp_path: Path) -> LiveRates:
    return live(stand_in, tmp_path)


def numbers(api: LiveRates) -> dict[str, Any]:
    return dict(api.condition())


def opens_at(api: LiveRates) -> datetime:
    """When an open circuit lets a call through, to the second."""
    until = str(numbers(api)["breaker"]).removeprefix("open, tries again at ")
    return datetime.strptime(until, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)


def test_the_rates_are_those_of_the_bank(api: LiveRates) -> None:
    answer = api.rates(JANUARY)
    assert answer is not None
    assert answer.max_age == 86_400
    assert abs(datetime.now(UTC) - answer.fetched_at) < timedelta(minutes=1)
    assert read_rates(JANUARY, answer) == {
        day: {code: PUBLICATIONS.by_day[day][code] for code in JANUARY.symbols}
        for day in PUBLICATIONS.days_between(date(2023, 12, 29), date(2024, 1, 31))
    }


@pytest.mark.parametrize(("fault", "failure"), PASSING)
def test_what_may_pass_is_asked_again(
    stand_in: StandIn, api: LiveRates, fault: Fault, failure: str
) -> None:
    stand_in.inject(fault, times=2)
    assert api.rates(JANUARY)
    assert [call.fault for call in stand_in.requests] == [fault.name, fault.name, None]
    found = numbers(api)
    assert (found["calls"], found["calls_failed"], found[f"failed_{failure}"]) == (3, 2, 2)


@pytest.mark.parametrize("fault", [faults.hang(), faults.drip(0.1), faults.endless(0.1)])
def test_what_does_not_end_is_given_up_and_asked_again(
    stand_in: StandIn, api: LiveRates, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    totals = iter([1.0])  # of the first call alone: the next one may take its time

    def impatient(url: str, parameters: Any, etag: str, timeouts: Timeouts, agent: str) -> Reply:
        total = next(totals, timeouts.total)
        return get_json(url, parameters, etag, replace(timeouts, total=total), agent)

    monkeypatch.setattr("sales_assets.exchange_rates.live.get_json", impatient)
    stand_in.inject(fault)
    assert api.rates(JANUARY)
    assert numbers(api)["failed_timeout"] == 1


def test_there_is_an_end_to_asking_again(stand_in: StandIn, api: LiveRates) -> None:
    stand_in.inject(faults.server_error(502), times=FOR_EVER)
    with pytest.raises(ApiUnavailableError, match="502 Bad Gateway") as failed:
        api.rates(JANUARY)
    assert failed.value.failure == "server_error"
    assert len(stand_in.requests) == api.attempts


def test_an_api_that_is_not_there_is_asked_again_too(stand_in: StandIn, api: LiveRates) -> None:
    stand_in.stop()
    with pytest.raises(ApiUnavailableError):
        api.rates(JANUARY)
    assert numbers(api)["failed_unreachable"] == api.attempts


@pytest.mark.parametrize("fault", [faults.unknown(), faults.unprocessable()])
def test_a_refusal_is_not_asked_again(stand_in: StandIn, api: LiveRates, fault: Fault) -> None:
    stand_in.inject(fault, times=FOR_EVER)
    with pytest.raises(ApiRefusedError):
        api.rates(JANUARY)
    assert len(stand_in.requests) == 1
    assert numbers(api)["failed_refused"] == 1


@pytest.mark.parametrize(
    "fault",
    [
        *(faults.shifted_dates(), faults.other_year(), faults.no_dates(), faults.missing("USD")),
        *(faults.zero(), faults.negative(), faults.tenfold(), faults.text(), faults.null()),
    ],
)
def test_what_an_answer_says_is_not_judged_here(
    stand_in: StandIn, api: LiveRates, fault: Fault
) -> None:
    stand_in.inject(fault)
    assert api.rates(JANUARY)
    assert len(stand_in.requests) == 1
    assert numbers(api)["calls_failed"] == 0


@pytest.mark.parametrize("as_date", [False, True])
def test_no_call_comes_earlier_than_the_api_asked_for(
    stand_in: StandIn, api: LiveRates, as_date: bool
) -> None:
    stand_in.inject(faults.too_many_requests(1, as_date=as_date))
    assert api.rates(JANUARY)
    first, second = stand_in.requests
    assert second.start - first.start >= 1


def test_a_time_that_is_longer_than_ours_keeps_all_processes_away_for_it(
    stand_in: StandIn, tmp_path: Path
) -> None:
    stand_in.inject(faults.too_many_requests(3600))
    begun = datetime.now(UTC)
    with pytest.raises(ApiUnavailableError) as failed:
        live(stand_in, tmp_path).rates(JANUARY)
    assert failed.value.failure == "throttled"

    other = live(stand_in, tmp_path)
    with pytest.raises(CircuitOpenError, match="tries again at"):
        other.rates(JANUARY)
    with pytest.raises(CircuitOpenError):
        other.probe()

    assert len(stand_in.requests) == 1
    assert opens_at(other) - begun >= timedelta(seconds=3599)


def test_an_absurd_time_keeps_away_for_a_day(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.inject(faults.too_many_requests(10**10))
    with pytest.raises(ApiUnavailableError):
        live(stand_in, tmp_path).rates(JANUARY)
    assert opens_at(live(stand_in, tmp_path)) <= datetime.now(UTC) + timedelta(days=1)


@given(
    attempt=st.integers(1, 40),
    first=st.floats(0.001, 10),
    longest=st.floats(0.001, 100),
    asked_for=st.none() | st.floats(0, 100),
)
def test_waits_are_by_chance_between_zero_and_an_exponential_bound(
    attempt: int, first: float, longest: float, asked_for: float | None
) -> None:
    api = LiveRates(state_url="sqlite://", first_wait=first, longest_wait=longest)
    wait = api._wait(failed(attempt, asked_for))
    bound = min(longest, first * 2 ** (attempt - 1))
    assert (asked_for or 0) <= wait <= max(bound, asked_for or 0)


@pytest.mark.parametrize("asked_for", [None, 0.0])
def test_waits_fill_the_whole_of_their_bound_also_for_one_that_asks_for_none(
    asked_for: float | None,
) -> None:
    api = LiveRates(state_url="sqlite://", first_wait=1, longest_wait=100)
    for attempt, bound in ((1, 1), (2, 2), (5, 16), (20, 100)):
        waits = [api._wait(failed(attempt, asked_for)) / bound for _ in range(500)]
        assert min(waits) < 0.1
        assert max(waits) > 0.9
        assert 0.4 < sum(waits) / len(waits) < 0.6


def failed(attempt: int, retry_after: float | None) -> tenacity.RetryCallState:
    error = ApiUnavailableError("away", "server_error", retry_after)
    call = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
    call.attempt_number = attempt
    call.set_exception((type(error), error, None))
    return call


def test_an_answer_that_is_known_is_not_sent_again(stand_in: StandIn, api: LiveRates) -> None:
    answer = api.rates(JANUARY)
    assert answer is not None
    assert api.rates(JANUARY, answer.etag) is None
    assert stand_in.requests[-1].if_none_match == answer.etag
    assert api.rates(JANUARY, '"another"') is not None
    assert numbers(api)["not_modified"] == 1


def test_calls_are_counted_with_their_failures_sizes_and_times(
    stand_in: StandIn, api: LiveRates
) -> None:
    stand_in.inject(faults.latency(0.3))
    stand_in.inject(faults.server_error(), nth=2)
    first = api.rates(JANUARY)
    again = api.rates(JANUARY)
    assert first is not None
    assert again is not None
    found = numbers(api)
    assert found["breaker"] == "closed"
    assert (found["calls"], found["calls_failed"], found["failed_server_error"]) == (3, 1, 1)
    assert found["bytes_received"] == len(first.body) + len(again.body)
    assert found["latency_p99_s"] >= 0.29
    assert found["latency_p50_s"] <= found["latency_p95_s"] <= found["latency_p99_s"]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("public, max-age=60", 60),
        ("max-age=60, no-store", 0),
        ("no-cache", 0),
        ("s-maxage=60", 0),
        ("max-age=99999999999999999999", 0),
        ("max-age=soon", 0),
    ],
)
def test_how_long_an_answer_is_good_for_is_what_the_header_says(
    stand_in: StandIn, api: LiveRates, header: str, seconds: int
) -> None:
    stand_in.inject(
        Fault("age", lambda full: replace(full, headers={**full.headers, "cache-control": header}))
    )
    answer = api.rates(JANUARY)
    assert isinstance(answer, Answer)
    assert answer.max_age == seconds


def test_after_many_failures_nobody_calls_until_a_probe_is_answered(
    stand_in: StandIn, tmp_path: Path, state: RateState
) -> None:
    settings: dict[str, Any] = {"failures_to_open": 4, "open_seconds": 3600}
    stand_in.inject(faults.server_error(), times=FOR_EVER)
    for expected in (3, 4):  # the second is cut short by its first failure
        with pytest.raises(ApiUnavailableError):
            live(stand_in, tmp_path, **settings).rates(JANUARY)
        assert len(stand_in.requests) == expected
    stand_in.clear()
    with pytest.raises(CircuitOpenError, match="after 4 failures in a row"):
        live(stand_in, tmp_path, **settings).rates(JANUARY)
    assert len(stand_in.requests) == 4

    later = live(stand_in, tmp_path, **settings | {"open_seconds": 0})
    later.probe()
    assert stand_in.requests[-1].path == "/v1/latest"
    assert live(stand_in, tmp_path, **settings).rates(JANUARY)


def test_a_probe_is_one_call_however_it_ends(stand_in: StandIn, api: LiveRates) -> None:
    stand_in.inject(faults.server_error(), times=FOR_EVER)
    with pytest.raises(ApiUnavailableError):
        api.probe()
    assert len(stand_in.requests) == 1


def test_the_currencies_are_those_that_the_api_lists(api: LiveRates) -> None:
    assert api.currencies() == {"EUR", *PUBLICATIONS.by_day[PUBLICATIONS.days[-1]]}


def test_an_address_may_end_with_a_slash(stand_in: StandIn, tmp_path: Path) -> None:
    api = live(stand_in, tmp_path, url=f"{stand_in.url}/")
    assert api.provider == stand_in.url
    assert api.rates(JANUARY)


def test_it_works_where_an_event_loop_runs(api: LiveRates) -> None:
    async def cell_of_a_notebook() -> Answer | None:
        return api.rates(JANUARY)

    assert asyncio.run(cell_of_a_notebook())


def test_numbers_are_of_the_last_day(api: LiveRates, state: RateState) -> None:
    api.rates(JANUARY)
    assert state.numbers(api.provider, time.time() + 1)["calls"] == 0
    assert numbers(api)["calls"] == 1
