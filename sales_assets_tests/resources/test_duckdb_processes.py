"""The embedded warehouse when real processes use it at once: who waits, and who is told what."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pytest

from sales_assets.errors import WarehouseBusyError
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.warehouse import DayLoad
from sales_assets_tests.resources.processes import PROCESSES, start_process
from sales_assets_tests.resources.staged import JANUARY, ONE, SHOP, TILL, TWO, Stage, counts


@pytest.fixture
def warehouse(embedded: DuckDBWarehouse) -> DuckDBWarehouse:
    return embedded


def create(path: str, start: Any) -> None:
    start.wait()
    assert DuckDBWarehouse(path=path).rows("SELECT count(*) FROM ledger") == [(0,)]


def test_processes_that_meet_no_file_make_it_together(warehouse: DuckDBWarehouse) -> None:
    start = PROCESSES.Event()
    processes = [PROCESSES.Process(target=create, args=(warehouse.path, start)) for _ in range(3)]
    for process in processes:
        process.start()
    start.set()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0, 0]
    names = {path.name for path in Path(warehouse.path).parent.iterdir()}
    assert names == {"sales.duckdb", "sales.duckdb.lock"}


def use(path: str, way: str, told: Connection) -> None:
    """Use the warehouse until told to stop."""
    warehouse = DuckDBWarehouse(path=path)
    if way == "another program":
        context: Any = duckdb.connect(path)
    else:
        context = warehouse.exclusive() if way == "exclusive" else warehouse._reading()
    with context:
        told.send("in use")
        told.recv()


@pytest.fixture
def used() -> Iterator[Callable[[DuckDBWarehouse, str], Connection]]:
    """Another process uses the warehouse until something is sent to it."""
    kept = []

    def start(warehouse: DuckDBWarehouse, way: str) -> Connection:
        warehouse.rows("SELECT 1")
        process, other = start_process(use, warehouse.path, way)
        kept.append((process, other))
        assert other.recv() == "in use"
        return other

    yield start
    for process, _ in kept:
        process.kill()
        process.join()


Used = Callable[[DuckDBWarehouse, str], Connection]


def patient(warehouse: DuckDBWarehouse, seconds: float) -> DuckDBWarehouse:
    return DuckDBWarehouse(path=warehouse.path, lock_timeout=seconds)


def test_while_one_process_writes_others_wait_or_are_told_that_it_is_busy(
    warehouse: DuckDBWarehouse, stage: Stage, used: Used, caplog: pytest.LogCaptureFixture
) -> None:
    other = used(warehouse, "exclusive")
    hasty = patient(warehouse, 0.1)

    for use_it in (
        lambda: hasty.replace(SHOP, []),
        lambda: hasty.rows("SELECT 1"),
        lambda: hasty.select("SELECT 1"),
        lambda: hasty.loaded(SHOP, JANUARY),
        lambda: hasty.exclusive().__enter__(),
    ):
        with pytest.raises(WarehouseBusyError, match=r"sales\.duckdb: another run kept"):
            use_it()

    caplog.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(warehouse.replace, SHOP, [stage(ONE, 2)])
        while "waiting up to 60 s" not in caplog.text:
            assert not waiting.done()
            time.sleep(0.02)
        other.send("enough")
        waiting.result()
    assert counts(warehouse) == {(SHOP, ONE): 2}


def test_readers_read_together_and_a_writer_waits_for_them(
    warehouse: DuckDBWarehouse, stage: Stage, used: Used
) -> None:
    other = used(warehouse, "read")
    hasty = patient(warehouse, 0.1)

    assert hasty.rows("SELECT 1") == [(1,)]
    with pytest.raises(WarehouseBusyError):
        hasty.replace(SHOP, [stage(ONE, 2)])
    assert counts(warehouse) == {}

    other.send("enough")
    warehouse.replace(SHOP, [stage(ONE, 2)])
    assert counts(warehouse) == {(SHOP, ONE): 2}


def test_a_killed_process_keeps_nobody_out(warehouse: DuckDBWarehouse) -> None:
    warehouse.rows("SELECT 1")
    process, other = start_process(use, warehouse.path, "exclusive")
    assert other.recv() == "in use"
    process.kill()
    process.join()

    patient(warehouse, 0.1).replace(SHOP, [])


def test_a_program_that_does_not_queue_is_named_as_the_reason(
    warehouse: DuckDBWarehouse, used: Used
) -> None:
    used(warehouse, "another program")

    for use_it in (lambda: warehouse.replace(SHOP, []), lambda: warehouse.rows("SELECT 1")):
        with pytest.raises(WarehouseBusyError, match="a program outside of sales-assets"):
            use_it()


def replace_in_turn(path: str, source: str, loads: list[DayLoad], start: Any) -> None:
    warehouse = DuckDBWarehouse(path=path, lock_timeout=60)
    start.wait()
    for load in loads:
        warehouse.replace(source, [load])


def test_processes_that_write_at_once_lose_nothing(
    warehouse: DuckDBWarehouse, stage: Stage
) -> None:
    start = PROCESSES.Event()
    processes = [
        PROCESSES.Process(
            target=replace_in_turn,
            args=(
                warehouse.path,
                source,
                [stage(day, number, source=source) for number in (1, 2) for day in (ONE, TWO)],
                start,
            ),
        )
        for source in (SHOP, TILL)
    ]
    for process in processes:
        process.start()
    start.set()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0]
    assert counts(warehouse) == {(s, day): 2 for s in (SHOP, TILL) for day in (ONE, TWO)}
    assert warehouse.loaded(TILL, JANUARY).keys() == {ONE, TWO}


def test_exclusive_lets_another_program_connect_and_frees_the_warehouse_also_on_failure(
    warehouse: DuckDBWarehouse,
) -> None:
    with warehouse.exclusive(), duckdb.connect(warehouse.path) as connection:
        connection.execute("CREATE TABLE marts.best AS SELECT 1 AS one")
    with pytest.raises(KeyError), warehouse.exclusive():
        raise KeyError

    assert patient(warehouse, 0.1).rows("SELECT * FROM best") == [(1,)]


def test_exclusive_can_be_nested_and_holds_until_the_outer_block_ends(
    warehouse: DuckDBWarehouse, stage: Stage
) -> None:
    started, end = Event(), Event()

    def hold() -> None:
        nested = patient(warehouse, 1)
        with nested.exclusive():
            with nested.exclusive():
                nested.replace(SHOP, [stage(ONE, 2)])
            started.set()
            end.wait()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        while not started.wait(0.1):
            assert not holding.done(), holding.result()
        try:
            process, other = start_process(try_to_write, warehouse.path)
            assert other.recv() == "busy"
        finally:
            end.set()
        holding.result()
        process.join()
    assert counts(warehouse) == {(SHOP, ONE): 2}


def try_to_write(path: str, told: Connection) -> None:
    try:
        DuckDBWarehouse(path=path, lock_timeout=0.1).replace(SHOP, [])
    except WarehouseBusyError:
        told.send("busy")
    else:
        told.send("free")
