"""One call against every fault of the API: what it is called, and that it always ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sales_assets.exchange_rates.api import ApiRefusedError, ApiUnavailableError
from sales_assets.exchange_rates.http import LONGEST_REST, Reply, Timeouts, _seconds, get_json
from sales_assets_tests.exchange_rates.builders import asking
from sales_assets_tests.frankfurter import answers, faults
from sales_assets_tests.frankfurter.answers import Answer
from sales_assets_tests.frankfurter.changes import of_body
from sales_assets_tests.frankfurter.faults import FOR_EVER, Fault
from sales_assets_tests.frankfurter.server import StandIn

PATIENT = Timeouts(connect=5, read=5, total=10)
JANUARY = asking("2024-01")


def call(stand_in: StandIn, etag: str = "", timeouts: Timeouts = PATIENT) -> Reply:
    url = f"{stand_in.url}/{JANUARY.path}"
    return get_json(url, JANUARY.parameters, etag, timeouts, "tests")


def failure(stand_in: StandIn, timeouts: Timeouts = PATIENT) -> ApiUnavailableError:
    with pytest.raises(ApiUnavailableError) as failed:
        call(stand_in, timeouts=timeouts)
    return failed.value


def with_header(status: int, name: str, value: str) -> Fault:
    refusal = answers.refused(status, "later")
    changed = replace(refusal, headers={**refusal.headers, name: value})
    return Fault("header", lambda _: changed)


def test_a_reply_has_the_body_and_the_headers(stand_in: StandIn) -> None:
    reply = call(stand_in)
    assert reply.body
    assert reply.body.startswith(b'{"amount":1.0,"base":"EUR"')
    assert reply.headers["etag"]
    [asked] = stand_in.requests
    assert (asked.path, asked.query) == (
        "/v1/2024-01-01..2024-01-31",
        "base=EUR&symbols=GBP%2CUSD",
    )
    assert asked.if_none_match is None


def test_an_etag_is_sent_and_its_confirmation_understood(stand_in: StandIn) -> None:
    etag = call(stand_in).headers["etag"]
    assert call(stand_in, etag).body is None
    assert stand_in.requests[-1].if_none_match == etag
    assert stand_in.requests[-1].status == 304
    assert call(stand_in, '"another"').body


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (faults.reset(), "interrupted"),
        (faults.truncated(), "interrupted"),
        (faults.oversized(), "too_large"),
        (faults.endless(0.0), "too_large"),
        (faults.too_many_requests(), "throttled"),
        (faults.server_error(500), "server_error"),
        (faults.server_error(502), "server_error"),
        (faults.server_error(503), "server_error"),
        (with_header(408, "x", "y"), "server_error"),
        (faults.html(), "not_json"),
        (faults.broken_json(), "not_json"),
        (faults.empty_body(), "not_json"),
        (faults.not_modified(), "not_json"),
        (Fault("list", of_body(lambda _: b"[1]")), "not_json"),
        (Fault("utf-16", of_body(lambda body: body.decode().encode("utf-16"))), "not_json"),
        (Fault("no utf-8", of_body(lambda _: b'{"a": "\xed\xa0\x80"}')), "not_json"),
        (Fault("deep", of_body(lambda _: b"[" * 100_000)), "not_json"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else value,
)
def test_what_may_pass_has_its_class(stand_in: StandIn, fault: Fault, expected: str) -> None:
    stand_in.inject(fault)
    assert failure(stand_in).failure == expected
    assert len(stand_in.requests) == 1
    assert call(stand_in).body


@pytest.mark.parametrize("fault", [faults.hang(), faults.drip(0.05), faults.endless(0.05)])
def test_a_call_ends_at_its_total_time_out_although_bytes_come(
    stand_in: StandIn, fault: Fault
) -> None:
    stand_in.inject(fault)
    short = Timeouts(connect=5, read=5, total=0.3)
    assert failure(stand_in, short).failure == "timeout"


@pytest.mark.parametrize("fault", [faults.hang(), faults.drip(5), faults.latency(5)])
def test_a_call_ends_when_nothing_comes_for_the_time_of_a_read(
    stand_in: StandIn, fault: Fault
) -> None:
    stand_in.inject(fault)
    assert failure(stand_in, Timeouts(connect=5, read=0.1, total=60)).failure == "timeout"


def test_an_answer_that_is_late_but_in_time_is_taken(stand_in: StandIn) -> None:
    stand_in.inject(faults.latency(0.05))
    assert call(stand_in).body


def test_an_api_that_is_not_there_is_unreachable(stand_in: StandIn) -> None:
    stand_in.stop()
    assert failure(stand_in).failure == "unreachable"


@pytest.mark.parametrize("fault", [faults.unknown(), faults.unprocessable("bad currency pair")])
def test_a_refusal_is_told_in_the_words_of_the_api(stand_in: StandIn, fault: Fault) -> None:
    stand_in.inject(fault)
    with pytest.raises(ApiRefusedError, match=r"not found|bad currency pair"):
        call(stand_in)


def test_a_redirection_is_followed_and_a_circle_refused(stand_in: StandIn) -> None:
    there = f"{stand_in.url}/{JANUARY.path}?symbols=USD"
    stand_in.inject(Fault("moved", lambda _: Answer(302, b"", {"location": there})))
    assert call(stand_in).url == there
    stand_in.inject(
        Fault("circle", lambda _: Answer(302, b"", {"location": there})), times=FOR_EVER
    )
    with pytest.raises(ApiRefusedError, match="SALES_ASSETS_EXCHANGE_RATES_URL"):
        call(stand_in)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/v1", "http://", "http://a b:c/"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ApiRefusedError, match="is no address of the API"):
        get_json(url, {}, "", PATIENT, "tests")


@pytest.mark.parametrize("status", [429, 503])
def test_the_time_to_be_left_alone_is_that_of_the_header(stand_in: StandIn, status: int) -> None:
    stand_in.inject(with_header(status, "Retry-After", "7"))
    assert failure(stand_in).retry_after == 7
    stand_in.inject(with_header(status, "Retry-After", "soon"))
    assert failure(stand_in).retry_after is None


def test_a_date_to_come_again_is_counted_from_now(stand_in: StandIn) -> None:
    stand_in.inject(faults.too_many_requests(3600, as_date=True))
    waits = failure(stand_in).retry_after
    assert waits is not None
    assert 3500 < waits <= 3601


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{1,500}"))
@example("")
@example("Wed, 21 Oct 2015 07:28:00 GMT")
@example("Wed, 21 Oct 9999 07:28:00 -2359")
@example("Wed, 21 Oct 2015 07:28:00 +99999999999999")
@example("1 jan 99999999999999999999999 00:00:00")
@example("9" * 400)
def test_no_text_to_come_again_breaks_anything_or_keeps_away_for_more_than_a_day(
    text: str,
) -> None:
    waits = _seconds(text)
    assert waits is None or 0 <= waits <= LONGEST_REST


def test_a_call_works_where_an_event_loop_runs(stand_in: StandIn) -> None:
    async def cell_of_a_notebook() -> Reply:
        return call(stand_in)

    assert asyncio.run(cell_of_a_notebook()).body
