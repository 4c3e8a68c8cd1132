"""The warehouse on Snowflake, as far as it is its own: sign-in, one writer, kills, what is sent."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sales_assets.errors import PermanentError, TransientError, UsageError, WarehouseBusyError
from sales_assets.resources.snowflake_session import SnowflakeSession
from sales_assets.resources.snowflake_warehouse import SnowflakeWarehouse
from sales_assets.resources.warehouse import DayLoad
from sales_assets.resources.warehouse_tables import TABLES
from sales_assets_tests.resources.staged import ONE, SHOP, TWO, Stage, counts
from sales_assets_tests.snowflake.keys import write_private_key
from sales_assets_tests.snowflake.running import SnowflakeServer

pytestmark = pytest.mark.long
FORKED = multiprocessing.get_context("fork")
"""Processes that have imported what this one has: the connector takes seconds."""


@pytest.fixture
def warehouse(snowflake_server: SnowflakeServer) -> SnowflakeWarehouse:
    return snowflake_server.warehouse()


@pytest.fixture(autouse=True)
def _nothing_left(snowflake_server: SnowflakeServer) -> Iterator[None]:
    yield
    snowflake_server.abort_sessions()


def replace_day(
    server: SnowflakeServer, database: str, load: DayLoad, lease_seconds: float = 600
) -> None:
    """As a run does; with a lease so long that no renewal comes between the statements."""
    server.warehouse(database, lease_seconds=lease_seconds).replace(SHOP, [load])


def lease_ends(warehouse: SnowflakeWarehouse) -> None:
    """What the time does to the lease of a process that is gone."""
    with warehouse._read() as session:
        session.change("UPDATE main.writers SET until = CAST('2024-01-01' AS TIMESTAMP_NTZ)")


def test_a_process_killed_before_any_statement_of_a_load_leaves_the_old_day_or_the_new_one(
    snowflake_server: SnowflakeServer, warehouse: SnowflakeWarehouse, stage: Stage
) -> None:
    old, new = stage(TWO, 4, 1), stage(TWO, 6, 2, price="2.5")
    warehouse.replace(SHOP, [stage(ONE, 3, 1), old])
    before = _without_times(warehouse)
    seen = len(snowflake_server.statements())
    replace_day(snowflake_server, warehouse.database, new)
    after = _without_times(warehouse)
    sent = [sql for _, sql in snowflake_server.statements()[seen:]]
    begun, committed = sent.index("BEGIN TRANSACTION") + 1, sent.index("COMMIT") + 1
    numbers = range(begun, committed + 2)  # the last one gives up the lease
    assert len(numbers) > 20, "the statements of a load"

    outcomes = []
    for number in numbers:
        warehouse.replace(SHOP, [old])
        told = (snowflake_server, warehouse.database, new)
        process = FORKED.Process(target=replace_day, args=told)
        snowflake_server.stop_before(".", number)
        process.start()
        assert snowflake_server.wait_until_stopped()
        process.kill()
        process.join()
        snowflake_server.abort_sessions()
        lease_ends(warehouse)

        found = _without_times(warehouse)
        assert found in (before, after), f"before statement {number}, {sent[number - 1]}"
        outcomes.append(found == after)
        warehouse.replace(SHOP, [new])
        assert _without_times(warehouse) == after, "the rerun repairs it"
    assert outcomes == sorted(outcomes), "the old day, and from the commit on the new one"
    assert outcomes[0] is False
    assert outcomes[-1] is True


def _without_times(warehouse: SnowflakeWarehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Every row but the times of loading, and what only grows."""
    with warehouse._read() as session:
        found = {
            name: sorted(session.query(f"SELECT * FROM main.{name}"), key=repr)
            for name in TABLES.keys() - {"restated"}
        }
    found["ledger"] = [row[:-1] for row in found["ledger"]]
    return found


def test_only_the_owner_of_the_key_signs_in_and_the_refusal_says_what_to_do(
    snowflake_server: SnowflakeServer, tmp_path: Path
) -> None:
    write_private_key(tmp_path / "other.p8")
    other = snowflake_server.warehouse(private_key_path=str(tmp_path / "other.p8"))

    with pytest.raises(PermanentError, match=r"JWT token is invalid.*SALES_ASSETS_SNOWFLAKE_"):
        other.rows("SELECT 1")


@pytest.mark.parametrize("passphrase", [None, "wrong"])
def test_a_key_that_cannot_be_opened_is_told_without_the_passphrase(
    snowflake_server: SnowflakeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    passphrase: str | None,
) -> None:
    write_private_key(tmp_path / "sealed.p8", "open sesame")
    if passphrase:
        monkeypatch.setenv("SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", passphrase)
    sealed = snowflake_server.warehouse(private_key_path=str(tmp_path / "sealed.p8"))

    with pytest.raises(PermanentError, match=r"sealed\.p8: is no private key") as refused:
        sealed.rows("SELECT 1")
    assert "wrong" not in str(refused.value)
    missing = snowflake_server.warehouse(private_key_path=str(tmp_path / "none.p8"))
    with pytest.raises(PermanentError, match=r"none\.p8: the private key cannot be read"):
        missing.rows("SELECT 1")


def test_every_statement_has_a_tag(
    snowflake_server: SnowflakeServer, warehouse: SnowflakeWarehouse, stage: Stage
) -> None:
    seen = len(snowflake_server.statements())
    warehouse.replace(SHOP, [stage(ONE, 3, 1)])
    tags = [json.loads(tag) for tag, _ in snowflake_server.statements()[seen:]]
    assert tags
    assert all(tag == {"app": "sales_assets"} for tag in tags), "outside of a run"


def test_one_run_writes_at_a_time_and_another_waits_or_is_told_so(
    snowflake_server: SnowflakeServer, warehouse: SnowflakeWarehouse, stage: Stage
) -> None:
    database = warehouse.database
    warehouse.replace(SHOP, [stage(ONE, 1)])
    impatient = snowflake_server.warehouse(database, lock_timeout=0.5)
    patient = snowflake_server.warehouse(database, lock_timeout=60)
    with ThreadPoolExecutor(1) as pool:
        with warehouse.exclusive():
            with pytest.raises(WarehouseBusyError):
                impatient.replace(SHOP, [stage(ONE, 2)])
            assert counts(impatient) == {(SHOP, ONE): 1}, "readers wait for nobody"
            waiting = pool.submit(patient.replace, SHOP, [stage(ONE, 3)])
            time.sleep(warehouse.lease_seconds * 1.5)
            assert not waiting.done(), "the lease is renewed while it is held"
            warehouse.replace(SHOP, [stage(TWO, 2)])
        waiting.result(timeout=60)
    assert counts(warehouse) == {(SHOP, ONE): 3, (SHOP, TWO): 2}


def test_a_writer_that_is_killed_keeps_nobody_out_for_longer_than_its_lease(
    snowflake_server: SnowflakeServer, warehouse: SnowflakeWarehouse, stage: Stage
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 1)])
    told = (snowflake_server, warehouse.database, stage(ONE, 2), 2)
    process = FORKED.Process(target=replace_day, args=told)
    snowflake_server.stop_before("^COMMIT")
    process.start()
    assert snowflake_server.wait_until_stopped()
    process.kill()
    process.join()
    snowflake_server.abort_sessions()

    warehouse.replace(SHOP, [stage(ONE, 3)])
    assert counts(warehouse) == {(SHOP, ONE): 3}


def test_a_writer_that_lost_its_lease_changes_nothing(
    snowflake_server: SnowflakeServer, warehouse: SnowflakeWarehouse, stage: Stage
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 1)])
    other = snowflake_server.warehouse(warehouse.database)

    def lose() -> None:
        with other._read() as session:
            session.change("UPDATE main.writers SET holder = 'somebody else'")

    one_try = warehouse.model_copy(update={"attempts": 1})
    with pytest.raises(TransientError, match="Another run has become the writer"):
        one_try.replace(SHOP, [stage(ONE, 2)], lose)
    assert counts(warehouse) == {(SHOP, ONE): 1}


def test_a_lease_that_was_lost_meanwhile_is_told_at_the_end(
    snowflake_server: SnowflakeServer, warehouse: SnowflakeWarehouse
) -> None:
    other = snowflake_server.warehouse(warehouse.database)
    with (
        pytest.raises(TransientError, match="Another run has become the writer"),
        warehouse.exclusive(),
        other._read() as session,
    ):
        session.change("UPDATE main.writers SET holder = 'somebody else'")


def test_a_lease_that_two_first_runs_made_twice_has_one_holder(
    snowflake_server: SnowflakeServer, warehouse: SnowflakeWarehouse, stage: Stage
) -> None:
    impatient = snowflake_server.warehouse(warehouse.database, lock_timeout=0.5)
    with warehouse.exclusive():
        with impatient._read() as session:
            session.change(
                "INSERT INTO main.writers (name, holder, until) "
                "VALUES ('warehouse', '', CAST('2024-01-01' AS TIMESTAMP_NTZ))"
            )
        with pytest.raises(WarehouseBusyError):
            impatient.replace(SHOP, [stage(ONE, 2)])
    impatient.replace(SHOP, [stage(ONE, 2)])


def test_a_statement_may_take_longer_than_the_network(
    snowflake_server: SnowflakeServer, warehouse: SnowflakeWarehouse
) -> None:
    hasty = snowflake_server.warehouse(warehouse.database, network_timeout=2, attempts=1)
    snowflake_server.stop_before("'slow'")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(hasty.rows, "SELECT 'slow'")
        assert snowflake_server.wait_until_stopped()
        time.sleep(4)
        snowflake_server.ask("go", {})
        assert asked.result(60) == [("slow",)]


def test_what_may_pass_is_tried_again_and_what_cannot_is_not(
    warehouse: SnowflakeWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    query = SnowflakeSession.query

    def failing(session: Any, sql: str, *more: Any) -> Any:
        if sql.startswith("SELECT 'asked'"):
            calls.append(sql)
            if len(calls) < 3:
                raise TransientError("the network")
        return query(session, sql, *more)

    monkeypatch.setattr(SnowflakeSession, "query", failing)
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _: None))
    assert warehouse.rows("SELECT 'asked'") == [("asked",)]
    assert len(calls) == 3
    calls.clear()
    assert warehouse.answers(["SELECT 'asked'"]) == [[("asked",)]]
    assert len(calls) == 3

    calls.extend(["", ""])
    with pytest.raises(PermanentError):
        warehouse.rows("SELECT 'asked' FROM nowhere")
    assert len(calls) == 6


def test_connections_are_closed_on_every_path(
    snowflake_server: SnowflakeServer, warehouse: SnowflakeWarehouse, stage: Stage
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 2)])
    with pytest.raises(PermanentError):
        warehouse.rows("SELECT nothing FROM main.revenue")
    with pytest.raises(PermanentError):
        warehouse.replace(SHOP, [stage(ONE, 2, source="tests/other")])
    with pytest.raises(KeyError), warehouse.exclusive():
        raise KeyError

    assert snowflake_server.ask("sessions") == 0


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM main.revenue",
        "SELECT 1; DELETE FROM main.revenue",
        "CREATE TABLE main.more (a NUMBER)",
        "WITH a AS (SELECT 1) DELETE FROM main.revenue",
        "",
        "SELECT nothing FROM main.revenue",
        "SELEC",
    ],
)
def test_a_query_that_is_wrong_or_would_do_more_than_read_is_refused(
    warehouse: SnowflakeWarehouse, stage: Stage, query: str
) -> None:
    with pytest.raises(UsageError):
        warehouse.select(query)
