"""That the stand-in serves: what it logs and counts, how it goes away and comes back.

Belongs here: the server, through real sockets. Does not: what single faults do (`test_faults`).
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import httpx
import pytest

from sales_assets_tests.frankfurter import faults
from sales_assets_tests.frankfurter.faults import FOR_EVER
from sales_assets_tests.frankfurter.server import StandIn

DAY = "/2024-01-05?symbols=USD"
BODY = b'{"amount":1.0,"base":"EUR","date":"2024-01-05","rates":{"USD":1.0921}}'


def until(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_what_is_asked_is_logged(stand_in: StandIn, client: httpx.Client) -> None:
    before = time.monotonic()
    tag = client.get(DAY).headers["etag"]
    client.get(DAY, headers={"If-None-Match": tag})
    client.head(DAY)
    client.get("/nothing")

    first, second, third, fourth = stand_in.requests

    assert (first.method, first.path, first.query) == ("GET", "/v1/2024-01-05", "symbols=USD")
    assert (first.status, first.sent, first.if_none_match) == (200, len(BODY), None)
    assert (second.status, second.sent, second.if_none_match) == (304, 0, tag)
    assert (third.method, third.status, third.sent) == ("HEAD", 200, 0)
    assert fourth.status == 404
    assert first.end is not None
    assert before <= first.start <= first.end <= second.start <= time.monotonic()


def test_one_connection_serves_many_calls(stand_in: StandIn) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", stand_in.port, timeout=5)
    ports = set()

    for _ in range(3):
        connection.request("GET", f"/v1{DAY}")
        ports.add(connection.sock.getsockname()[1])
        assert connection.getresponse().read() == BODY
    connection.close()

    assert len(ports) == 1


def test_the_most_calls_at_once_are_counted(stand_in: StandIn, client: httpx.Client) -> None:
    client.get(DAY)
    assert stand_in.most_at_once == 1
    stand_in.inject(faults.latency(0.3), times=FOR_EVER)

    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(lambda _: client.get(DAY).status_code, range(10)))

    assert found == [200] * 10
    assert stand_in.most_at_once == 5
    stand_in.forget()
    assert (stand_in.requests, stand_in.most_at_once) == ([], 0)


def test_who_asks_one_after_another_is_counted_once(stand_in: StandIn) -> None:
    for _ in range(100):
        httpx.get(stand_in.url + DAY)

    assert stand_in.most_at_once == 1


def test_who_gave_up_and_asks_again_is_counted_once(
    stand_in: StandIn, client: httpx.Client
) -> None:
    stand_in.inject(faults.hang(), times=3)
    stand_in.inject(faults.latency(10), nth=4, times=3)

    for _ in range(6):
        with pytest.raises(httpx.ReadTimeout):
            client.get(DAY, timeout=httpx.Timeout(5, read=0.05))
    assert client.get(DAY).status_code == 200

    assert stand_in.most_at_once == 1
    assert all(call.end is not None for call in stand_in.requests)


def test_a_call_is_seen_while_it_hangs(stand_in: StandIn) -> None:
    stand_in.inject(faults.hang())
    ended: list[Exception] = []

    def ask() -> None:
        try:
            httpx.get(stand_in.url + DAY, timeout=30)
        except httpx.TransportError as error:
            ended.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: len(stand_in.requests) == 1)

    assert (stand_in.requests[0].status, stand_in.requests[0].end) == (None, None)

    begun = time.monotonic()
    stand_in.stop()
    asking.join(5)

    assert time.monotonic() - begun < 2
    assert [type(error) for error in ended] == [httpx.RemoteProtocolError]
    assert stand_in.requests[0].end is not None


@pytest.mark.parametrize(
    "fault",
    [faults.hang(), faults.latency(60), faults.drip(60), faults.endless(), faults.oversized(2**24)],
    ids=lambda fault: fault.name,
)
def test_whatever_goes_on_stopping_does_not_take_long(fault: faults.Fault) -> None:
    with StandIn() as stand_in:
        stand_in.inject(fault)
        idle = http.client.HTTPConnection("127.0.0.1", stand_in.port, timeout=5)
        busy = http.client.HTTPConnection("127.0.0.1", stand_in.port, timeout=5)
        idle.connect()
        busy.request("GET", f"/v1{DAY}")
        until(lambda: len(stand_in.requests) == 1)
        begun = time.monotonic()

    assert time.monotonic() - begun < 2
    assert stand_in.requests[0].end is not None
    idle.close()
    busy.close()


def test_stopping_does_not_take_long_if_more_was_asked_than_read() -> None:
    with StandIn() as stand_in:
        stand_in.inject(faults.hang())
        connection = socket.create_connection(("127.0.0.1", stand_in.port))
        asked = f"GET /v1{DAY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        connection.sendall(asked)
        until(lambda: len(stand_in.requests) == 1)
        connection.sendall(asked)
        begun = time.monotonic()

    assert time.monotonic() - begun < 2
    connection.close()


def test_it_goes_away_and_comes_back_at_the_same_address(
    stand_in: StandIn, client: httpx.Client
) -> None:
    url = stand_in.url
    client.get(DAY)

    for _ in range(3):
        stand_in.stop()
        with pytest.raises(httpx.ConnectError):
            client.get(DAY)
        stand_in.start()
        assert client.get(DAY).content == BODY

    assert stand_in.url == url
    assert len(stand_in.requests) == 4


def test_a_given_port_is_the_one(stand_in: StandIn) -> None:
    stand_in.stop()

    with StandIn(stand_in.port) as other:
        assert other.url == stand_in.url
        assert httpx.get(other.url + DAY).content == BODY


def test_it_serves_once(stand_in: StandIn) -> None:
    with pytest.raises(RuntimeError, match="serving already"):
        stand_in.start()


def test_days_pass(stand_in: StandIn, client: httpx.Client) -> None:
    stand_in.publish_until(date(2024, 1, 5))
    friday = client.get("/latest?symbols=USD")
    assert friday.content == BODY

    stand_in.publish_until(date(2024, 1, 7))
    assert client.get("/latest?symbols=USD").content == BODY
    assert client.get("/2024-01-08..").status_code == 404

    stand_in.publish_until(date(2024, 1, 5), today=date(2024, 1, 8))
    assert client.get("/2024-01-08..").json()["end_date"] == "2024-01-05"

    stand_in.publish_until(date(2024, 1, 8))
    asked_again = {"If-None-Match": friday.headers["etag"]}
    assert client.get("/latest?symbols=USD", headers=asked_again).json()["date"] == "2024-01-08"

    stand_in.publish_until(None)
    assert client.get("/latest").json()["date"] == "2026-10-30"


def test_a_thousand_calls_of_many_threads_are_all_answered_right(stand_in: StandIn) -> None:
    stand_in.inject(faults.server_error(503), nth=101, times=50)

    with httpx.Client(base_url=stand_in.url, timeout=10) as client, ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: client.get(DAY), range(1000)))

    assert sum(one.status_code == 503 for one in found) == 50
    assert {one.content for one in found if one.status_code == 200} == {BODY}
    assert [call.status for call in stand_in.requests[100:150]] == [503] * 50
    assert len(stand_in.requests) == 1000
    assert 1 < stand_in.most_at_once <= 16
