"""The circuit breaker that all processes share: threads with own engines, and processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Lock
from typing import NoReturn

import pytest

from sales_assets.errors import PermanentError, TransientError
from sales_assets.exchange_rates.api import ApiRefusedError, CircuitOpenError
from sales_assets.exchange_rates.breaker import Circuit
from sales_assets.exchange_rates.state import RateState
from sales_assets_tests.resources.processes import PROCESSES
from sales_assets_tests.services import database

NAME = "http://api/v1"
LONG = 3600.0
MANY = 8


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    with database(request.param, tmp_path / "catalogue.sqlite") as address:
        yield address


def circuit(
    url: str, failures: int = 3, open_seconds: float = LONG, lease: float = LONG
) -> Circuit:
    """One with an engine of its own, as another process has."""
    return Circuit(RateState(url=url).engine, NAME, failures, open_seconds, lease)


def fail() -> NoReturn:
    raise TransientError("away")


def refuse() -> NoReturn:
    raise ApiRefusedError("not found")


def answer() -> str:
    return "rates"


def failing(at: Circuit, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(TransientError, match="away"):
            at.call(fail)


def never() -> NoReturn:
    raise AssertionError("the API was called")


def test_what_is_called_gives_its_result_and_its_error(url: str) -> None:
    assert circuit(url).call(answer) == "rates"
    with pytest.raises(TransientError, match="away"):
        circuit(url).call(fail)


def test_failures_in_a_row_open_it_whoever_has_them(url: str) -> None:
    one, two = circuit(url), circuit(url)
    failing(one)
    failing(two)
    assert one.condition().state == "closed"
    failing(one)
    for other in (one, two, circuit(url)):
        with pytest.raises(CircuitOpenError, match=r"after 3 failures in a row; .* tries again at"):
            other.call(never)
    assert two.condition().failures == 3


def test_a_success_of_anybody_begins_the_count_anew(url: str) -> None:
    one, two = circuit(url), circuit(url)
    failing(one, 2)
    two.call(answer)
    failing(one, 2)
    assert one.condition().state == "closed"


def test_a_refusal_is_an_answer(url: str) -> None:
    at = circuit(url)
    failing(at, 2)
    for _ in range(5):
        with pytest.raises(PermanentError):
            at.call(refuse)
    failing(at, 2)
    assert at.condition().state == "closed"


def test_it_stays_open_for_the_pause_and_then_a_success_closes_it(url: str) -> None:
    failing(circuit(url), 3)
    with pytest.raises(CircuitOpenError):
        circuit(url, open_seconds=60).call(never)
    assert circuit(url, open_seconds=0).condition().tries_again_at is None
    assert circuit(url, open_seconds=0).call(answer) == "rates"
    now = circuit(url).condition()
    assert (now.state, now.failures, str(now)) == ("closed", 0, "closed")


def test_a_probe_that_fails_opens_it_again_at_once(url: str) -> None:
    failing(circuit(url), 3)
    failing(circuit(url, open_seconds=0))
    with pytest.raises(CircuitOpenError):
        circuit(url).call(never)


def test_a_probe_that_is_refused_closes_it(url: str) -> None:
    failing(circuit(url), 3)
    with pytest.raises(PermanentError):
        circuit(url, open_seconds=0).call(refuse)
    assert circuit(url).call(answer) == "rates"


def test_who_saw_it_open_counts_on_after_another_has_closed_it(url: str) -> None:
    saw_it_open, other = circuit(url), circuit(url)
    failing(other, 3)
    with pytest.raises(CircuitOpenError):
        saw_it_open.call(never)
    circuit(url, open_seconds=0).call(answer)
    failing(other, 2)
    failing(saw_it_open)
    assert other.condition().state == "open"


def test_of_many_that_come_after_the_pause_exactly_one_probes(url: str) -> None:
    at_once = Barrier(MANY)
    for _ in range(20):
        failing(circuit(url), 3)
        all_others_refused, lock = Event(), Lock()
        probes: list[int] = []
        refused: list[int] = []

        def probe(seen: list[int] = probes, all_others_refused: Event = all_others_refused) -> None:
            seen.append(1)
            assert all_others_refused.wait(60)

        def come(
            work: Callable[[], None] = probe,
            refusals: list[int] = refused,
            lock: Lock = lock,
            all_others_refused: Event = all_others_refused,
        ) -> None:
            state = RateState(url=url)
            own = Circuit(state.engine, NAME, 3, 0, LONG)
            at_once.wait(60)
            try:
                own.call(work)
            except CircuitOpenError:
                with lock:
                    refusals.append(1)
                    if len(refusals) == MANY - 1:
                        all_others_refused.set()
            finally:
                state.engine.dispose()  # a server has a hundred connections

        with ThreadPoolExecutor(MANY) as threads:
            for done in [threads.submit(come) for _ in range(MANY)]:
                done.result(120)
        assert (len(probes), len(refused)) == (1, MANY - 1)


def test_of_many_that_come_around_the_end_of_the_pause_no_two_probe_at_once(url: str) -> None:
    """They ask again and again, so that some look just before it ends and call just after."""
    probing, overlaps = Lock(), []
    at_once = Barrier(MANY)

    def probe() -> None:
        if not probing.acquire(blocking=False):
            overlaps.append(1)
            fail()
        try:
            time.sleep(0.002)
            fail()
        finally:
            probing.release()

    def come() -> None:
        own = circuit(url, open_seconds=0.02)
        at_once.wait(60)
        for _ in range(60):
            try:
                own.call(probe)
            except TransientError:
                continue

    failing(circuit(url), 3)
    with ThreadPoolExecutor(MANY) as threads:
        for done in [threads.submit(come) for _ in range(MANY)]:
            done.result(120)
    assert not overlaps


def test_the_probe_of_the_dead_is_free_again_after_its_lease(url: str) -> None:
    failing(circuit(url), 3)
    process = PROCESSES.Process(target=_die_probing, args=(url,))
    process.start()
    process.join(120)
    assert process.exitcode == 9
    with pytest.raises(CircuitOpenError, match="another process is finding out"):
        circuit(url, open_seconds=0).call(never)
    assert circuit(url).condition().state == "half-open"

    _lease_ends(url)

    assert circuit(url).call(answer) == "rates"


def test_failures_of_processes_add_up_from_a_row_that_they_make_at_once(url: str) -> None:
    ready = PROCESSES.Barrier(4)
    processes = [PROCESSES.Process(target=_fail_at_once, args=(url, ready)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * 4
    assert circuit(url).condition().failures == 4
    assert circuit(url, failures=5).condition().state == "closed"
    failing(circuit(url, failures=5))
    assert circuit(url).condition().state == "open"


def test_it_is_left_alone_for_as_long_as_was_asked_for_and_nothing_shortens_that(
    url: str,
) -> None:
    one, two = circuit(url, failures=1, open_seconds=0.01), circuit(url, open_seconds=0.01)

    def fail_late() -> NoReturn:
        one.leave_alone(LONG)  # another call was told so, meanwhile
        fail()

    begun = time.time()
    failing_late = pytest.raises(TransientError, match="away")
    with failing_late:
        one.call(fail_late)
    two.leave_alone(1)
    until = two.condition().tries_again_at
    assert until is not None
    assert until.timestamp() >= begun + LONG
    with pytest.raises(CircuitOpenError):
        two.call(never)


def test_an_answer_to_a_call_of_before_does_not_close_it(url: str) -> None:
    one, other = circuit(url), circuit(url)

    def answer_late() -> str:
        failing(other, 3)
        return "rates"

    assert one.call(answer_late) == "rates"
    with pytest.raises(CircuitOpenError):
        one.call(never)


def test_circuits_of_other_apis_are_their_own(url: str) -> None:
    failing(circuit(url), 3)
    other = Circuit(RateState(url=url).engine, "http://other/v1", 3, LONG, LONG)
    assert other.call(answer) == "rates"


def _die_probing(url: str) -> None:
    circuit(url, open_seconds=0).call(lambda: os._exit(9))


def _fail_at_once(url: str, ready: Barrier) -> None:
    own = circuit(url, failures=5)
    ready.wait(60)
    failing(own)


def _lease_ends(url: str) -> None:
    from sales_assets.exchange_rates.tables import BREAKERS

    with RateState(url=url).engine.begin() as connection:
        connection.execute(BREAKERS.update().values(probe_until=time.time() - 1))
