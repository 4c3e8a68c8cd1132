"""A COMMIT on Snowflake whose answer is lost: nothing is done twice, and nothing is left untold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from sales_assets.errors import TransientError
from sales_assets.resources.snowflake_session import SnowflakeSession
from sales_assets.resources.snowflake_warehouse import SnowflakeWarehouse
from sales_assets.resources.warehouse import LoadedRates, RateLoad
from sales_assets_tests.resources.keyed import DAYS, Shelf, load
from sales_assets_tests.resources.staged import ONE, SHOP, Stage, counts
from sales_assets_tests.snowflake.running import SnowflakeServer

pytestmark = pytest.mark.long
Result = TypeVar("Result")
COMMIT = "^COMMIT$"


@pytest.fixture
def warehouse(snowflake_server: SnowflakeServer) -> Iterator[SnowflakeWarehouse]:
    yield snowflake_server.warehouse(lease_seconds=1)
    snowflake_server.abort_sessions()


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _: None))


def break_off(server: SnowflakeServer, change: Callable[[], Result]) -> Result:
    """What a change gives whose session ends where the server was told to stop."""
    with ThreadPoolExecutor(1) as pool:
        changing = pool.submit(change)
        assert server.wait_until_stopped()
        server.abort_sessions()
        return changing.result(timeout=120)


def begun(server: SnowflakeServer, since: int) -> int:
    return [sql for _, sql in server.statements()[since:]].count("BEGIN TRANSACTION")


def test_days_of_which_lines_moved_are_told_though_the_answer_to_the_commit_is_lost(
    snowflake_server: SnowflakeServer, warehouse: SnowflakeWarehouse, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path)
    load(warehouse, shelf, {DAYS[1]: ["b", "c"]})
    seen = len(snowflake_server.statements())
    snowflake_server.stop_after(COMMIT)

    told = break_off(snowflake_server, lambda: load(warehouse, shelf, {DAYS[0]: ["a", "b"]}))

    assert told == [DAYS[0], DAYS[1]]
    assert begun(snowflake_server, seen) == 1, "it is not loaded again"


def test_changed_and_quarantined_rates_are_told_though_the_answer_to_the_commit_is_lost(
    snowflake_server: SnowflakeServer, warehouse: SnowflakeWarehouse
) -> None:
    def rates(rate: str, *quarantined: tuple[date, str, str, str, str]) -> LoadedRates:
        given = [(ONE, "USD", Decimal(rate), "key")]
        return warehouse.replace_rates(RateLoad(given, quarantined, [(ONE, ONE)]))

    rates("1.1")
    snowflake_server.stop_after(COMMIT)

    told = break_off(snowflake_server, lambda: rates("1.2", (ONE, "GBP", "9", "odd", "key")))

    assert told == LoadedRates([ONE], [(ONE, "GBP", "9", "odd")])


def test_a_commit_that_did_not_take_effect_is_made_again_with_all_that_it_commits(
    snowflake_server: SnowflakeServer, warehouse: SnowflakeWarehouse, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path)
    load(warehouse, shelf, {DAYS[1]: ["b", "c"]})
    seen = len(snowflake_server.statements())
    snowflake_server.stop_before(COMMIT)

    told = break_off(snowflake_server, lambda: load(warehouse, shelf, {DAYS[0]: ["a", "b"]}))

    assert told == [DAYS[0], DAYS[1]]
    assert begun(snowflake_server, seen) == 2
    assert counts(warehouse) == {(SHOP, DAYS[0]): 2, (SHOP, DAYS[1]): 1}


def test_a_commit_that_is_still_under_way_is_waited_for(
    snowflake_server: SnowflakeServer,
    warehouse: SnowflakeWarehouse,
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 1)])
    query, late = SnowflakeSession.query, list[Thread]()
    seen = len(snowflake_server.statements())

    def commit_later(session: SnowflakeSession) -> None:
        while not any(
            "SET until = until" in sql for _, sql in snowflake_server.statements()[seen:]
        ):
            time.sleep(0.05)
        query(session, "COMMIT")

    def unanswered(session: SnowflakeSession, sql: str, *more: Any) -> Any:
        if sql != "COMMIT":
            return query(session, sql, *more)
        late.append(Thread(target=commit_later, args=[session], daemon=True))
        late[-1].start()
        raise TransientError("the network")

    monkeypatch.setattr(SnowflakeSession, "query", unanswered)
    [loaded] = warehouse.replace(SHOP, [stage(ONE, 3)])

    assert (loaded.day, loaded.accepted) == (ONE, 3)
    assert len(late) == 1, "it is not loaded again"
    assert counts(warehouse) == {(SHOP, ONE): 3}


def test_marks_of_commits_are_kept_for_a_day(warehouse: SnowflakeWarehouse, stage: Stage) -> None:
    warehouse.replace(SHOP, [stage(ONE, 1)])
    with warehouse._read() as session:
        session.change("UPDATE main.commits SET left_at = DATEADD(hour, -25, left_at)")
        session.change(
            "INSERT INTO main.commits SELECT 'recent', DATEADD(hour, 2, left_at) FROM main.commits"
        )
    warehouse.replace(SHOP, [stage(ONE, 2)])

    marks = [mark for (mark,) in warehouse.rows("SELECT mark FROM main.commits")]
    assert len(marks) == 2
    assert "recent" in marks
