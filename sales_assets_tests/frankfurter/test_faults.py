"""That a client sees each fault of the stand-in as what it is, through a real socket.

Belongs here: what a fault does to a call, and which calls it meets. Does not: wrong content under
right headers (`test_changes`), right answers (`test_answers`), the server itself (`test_server`).
"""

from __future__ import annotations

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from sales_assets_tests.frankfurter import faults
from sales_assets_tests.frankfurter.faults import FOR_EVER, Fault
from sales_assets_tests.frankfurter.questions import Kind
from sales_assets_tests.frankfurter.server import StandIn

DAY = "/2024-01-05?symbols=USD,GBP"
RANGE = "/2024-02-28..2024-03-01?symbols=USD,GBP"
RIGHT = {"USD": 1.0921, "GBP": 0.8621}
CUT = (httpx.RemoteProtocolError, httpx.ReadError)


def rates(response: httpx.Response) -> Any:
    assert response.status_code == 200
    return response.json()["rates"]


def test_latency_is_the_right_answer_late(stand_in: StandIn, client: httpx.Client) -> None:
    stand_in.inject(faults.latency(0.2))

    begun = time.monotonic()

    assert rates(client.get(DAY)) == RIGHT
    assert time.monotonic() - begun >= 0.2


def test_a_late_answer_still_heeds_what_the_client_has(
    stand_in: StandIn, client: httpx.Client
) -> None:
    tag = client.get(DAY).headers["etag"]
    stand_in.inject(faults.latency(0.01))
    stand_in.inject(faults.empty_body(), nth=2)

    assert client.get(DAY, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(DAY, headers={"If-None-Match": tag}).status_code == 200


def test_a_hang_lasts_as_long_as_the_client_waits(stand_in: StandIn, client: httpx.Client) -> None:
    stand_in.inject(faults.hang())

    with pytest.raises(httpx.ReadTimeout):
        client.get(DAY, timeout=httpx.Timeout(5, read=0.2))

    assert rates(client.get(DAY)) == RIGHT
    hung, answered = stand_in.requests
    assert (hung.fault, hung.status, hung.sent) == ("hang", None, 0)
    assert (answered.fault, answered.status) == (None, 200)


def test_a_drip_is_in_time_for_each_read_and_late_as_a_whole(
    stand_in: StandIn, client: httpx.Client
) -> None:
    stand_in.inject(faults.drip(0.01))

    begun = time.monotonic()
    found = client.get(DAY, timeout=0.5)

    assert rates(found) == RIGHT
    assert time.monotonic() - begun >= 0.01 * (len(found.content) - 1)
    assert len(found.content) > 50


def test_a_reset_comes_after_half_of_the_body(stand_in: StandIn) -> None:
    stand_in.inject(faults.reset())

    with socket.create_connection(("127.0.0.1", stand_in.port)) as connection:
        connection.sendall(b"GET /v1/2024-01-05?symbols=USD HTTP/1.1\r\nHost: localhost\r\n\r\n")
        begun = connection.recv(65536)
        while b'"EUR"' not in begun:
            begun += connection.recv(65536)
        with pytest.raises(ConnectionResetError):
            connection.recv(65536)


def test_a_truncated_body_is_shorter_than_it_says(stand_in: StandIn, client: httpx.Client) -> None:
    stand_in.inject(faults.truncated())

    with client.stream("GET", DAY) as found:
        stated = int(found.headers["content-length"])
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message"):
            found.read()

    assert stated > stand_in.requests[0].sent > 0


@pytest.mark.parametrize(
    "fault", [faults.endless(0), faults.oversized(2**23)], ids=lambda fault: fault.name
)
def test_a_body_can_be_more_than_anyone_wants(
    fault: Fault, stand_in: StandIn, client: httpx.Client
) -> None:
    stand_in.inject(fault)
    read = 0

    with client.stream("GET", DAY) as found:
        for part in found.iter_raw():
            read += len(part)
            if read > 2**22:
                break

    assert read > 2**22
    assert rates(client.get(DAY)) == RIGHT


def test_an_oversized_body_is_right_for_who_reads_it_all(
    stand_in: StandIn, client: httpx.Client
) -> None:
    stand_in.inject(faults.oversized(2**20))

    found = client.get(DAY)

    assert len(found.content) == 2**20
    assert rates(found) == RIGHT


def test_too_many_requests_come_with_seconds_a_date_or_nothing(
    stand_in: StandIn, client: httpx.Client
) -> None:
    stand_in.inject(faults.too_many_requests(7))
    stand_in.inject(faults.too_many_requests(7, as_date=True), nth=2)
    stand_in.inject(faults.too_many_requests(), nth=3)

    found = [client.get(DAY) for _ in range(3)]

    assert [one.status_code for one in found] == [429] * 3
    seconds, moment, nothing = [one.headers.get("retry-after") for one in found]
    assert seconds == "7"
    assert moment is not None
    wait = parsedate_to_datetime(moment) - datetime.now(UTC)
    assert timedelta(seconds=4) < wait < timedelta(seconds=9)
    assert nothing is None


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_is_not_in_json(
    status: int, stand_in: StandIn, client: httpx.Client
) -> None:
    stand_in.inject(faults.server_error(status))

    found = client.get(DAY)

    assert found.status_code == status
    assert found.headers["content-type"] == "text/html"


def test_a_call_in_order_can_be_refused(stand_in: StandIn, client: httpx.Client) -> None:
    stand_in.inject(faults.unknown())
    stand_in.inject(faults.unprocessable(), nth=2)

    missing, invalid = client.get(DAY), client.get(DAY)

    assert (missing.status_code, missing.json()) == (404, {"message": "not found"})
    assert (invalid.status_code, invalid.json()) == (422, {"message": "invalid date"})


def test_nothing_was_modified_though_nobody_asked(stand_in: StandIn, client: httpx.Client) -> None:
    stand_in.inject(faults.not_modified())

    found = client.get(DAY)

    assert (found.status_code, found.content) == (304, b"")
    assert stand_in.requests[0].if_none_match is None


@pytest.mark.parametrize(
    "fault",
    [faults.html(), faults.broken_json(), faults.empty_body()],
    ids=lambda fault: fault.name,
)
def test_a_success_can_have_a_body_that_is_no_json(
    fault: Fault, stand_in: StandIn, client: httpx.Client
) -> None:
    stand_in.inject(fault)

    found = client.get(DAY)

    assert found.status_code == 200
    assert int(found.headers["content-length"]) == len(found.content)
    with pytest.raises(json.JSONDecodeError):
        found.json()


def test_a_fault_meets_the_calls_it_is_for(stand_in: StandIn, client: httpx.Client) -> None:
    stand_in.inject(faults.server_error(500), nth=2, times=2)
    stand_in.inject(faults.server_error(502), nth=3, times=2)
    stand_in.inject(faults.server_error(503), nth=6, times=FOR_EVER)

    found = [client.get(DAY).status_code for _ in range(8)]
    stand_in.clear()

    assert found == [200, 500, 500, 502, 200, 503, 503, 503]
    assert client.get(DAY).status_code == 200


def test_a_fault_of_one_kind_of_path_counts_no_other(
    stand_in: StandIn, client: httpx.Client
) -> None:
    stand_in.inject(faults.unknown(), nth=2, kind=Kind.RANGE)

    found = [client.get(path).status_code for path in (RANGE, DAY, "/latest", RANGE, RANGE)]

    assert found == [200, 200, 200, 404, 200]


def test_a_fault_can_be_late_besides(stand_in: StandIn, client: httpx.Client) -> None:
    stand_in.inject(faults.server_error(503).delayed(0.2))

    begun = time.monotonic()

    assert client.get(DAY).status_code == 503
    assert time.monotonic() - begun >= 0.2


@pytest.mark.parametrize("calls", [{"nth": 0}, {"times": 0}])
def test_a_fault_for_no_call_is_refused(calls: dict[str, int], stand_in: StandIn) -> None:
    with pytest.raises(ValueError, match="for one or more"):
        stand_in.inject(faults.hang(), **calls)  # type: ignore[arg-type]


def test_each_fault_is_known_by_its_name() -> None:
    needed: dict[str, dict[str, Any]] = {"latency": {"seconds": 1.0}}

    assert all(make(**needed.get(name, {})).name == name for name, make in faults.FAULTS.items())
