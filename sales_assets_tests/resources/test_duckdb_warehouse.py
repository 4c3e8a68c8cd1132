"""The embedded warehouse: replacing days, people's queries, and several processes at once.

Other processes are real ones.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pytest

from sales_assets.errors import UsageError, WarehouseBusyError
from sales_assets.resources import sql_load
from sales_assets.resources.duckdb_session import DuckDBSession
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.warehouse import DayLoad
from sales_assets_tests.resources.processes import PROCESSES
from sales_assets_tests.resources.staged import (
    JANUARY,
    MANY,
    ONE,
    SHOP,
    TILL,
    TWO,
    Stage,
    counts,
    tables,
)


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(path=str(tmp_path / "warehouse" / "sales.duckdb"), lock_timeout=60)


@pytest.mark.parametrize("content", [None, b"", b"PAR1 damaged PAR1"])
def test_a_staged_file_that_cannot_be_read_changes_nothing(
    warehouse: DuckDBWarehouse, stage: Stage, tmp_path: Path, content: bytes | None
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 3, 1)])
    before = tables(warehouse)
    damaged = tmp_path / "damaged.parquet"
    if content is not None:
        damaged.write_bytes(content)

    with pytest.raises(duckdb.Error, match=r"damaged\.parquet"):
        warehouse.replace(SHOP, [stage(ONE, 2), replace(stage(TWO, 3), accepted=damaged)])

    assert tables(warehouse) == before
    warehouse.replace(SHOP, [stage(ONE, 2)])
    assert counts(warehouse) == {(SHOP, ONE): 2}


def start_process(target: Callable[..., None], *arguments: Any) -> tuple[Any, Connection]:
    """Start a process with a connection to it as its last argument."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=target, args=(*arguments, theirs))
    process.start()
    theirs.close()  # so that the end of the process ends a wait for it
    return process, ours


def die_before(number: int, path: str, load: DayLoad, told: Connection) -> None:
    """Replace a day, but be killed before the n-th statement; tells how many there were else."""
    sent = count(1)
    query = DuckDBSession.query

    def counted(session: DuckDBSession, *asked: Any) -> Any:
        if next(sent) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return query(session, *asked)

    DuckDBSession.query = counted  # type: ignore[method-assign, assignment]
    DuckDBWarehouse(path=path).replace(SHOP, [load])
    told.send(next(sent))


def test_a_process_killed_before_any_statement_of_a_load_leaves_the_old_days_whole(
    warehouse: DuckDBWarehouse, stage: Stage
) -> None:
    load = stage(TWO, 6, 2)
    process, other = start_process(die_before, 0, f"{warehouse.path}.other", load)
    statements = other.recv()
    process.join()
    assert statements > 20
    warehouse.replace(SHOP, [stage(ONE, 3, 1), stage(TWO, 4)])
    before = tables(warehouse)

    for number in range(1, statements):
        process, _ = start_process(die_before, number, warehouse.path, load)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert tables(warehouse) == before, f"before statement {number}"

    warehouse.replace(SHOP, [load])
    assert counts(warehouse) == {(SHOP, ONE): 3, (SHOP, TWO): 6}


def hang_before_the_commit(path: str, load: DayLoad, told: Connection) -> None:
    """Replace a day, but stop for good when all of it is done but the commit."""
    original = sql_load._replace

    def stopped(*arguments: Any) -> None:
        original(*arguments)
        told.send("here")
        told.recv()

    sql_load._replace = stopped  # type: ignore[assignment]
    DuckDBWarehouse(path=path).replace(SHOP, [load])


def test_a_process_killed_before_it_commits_a_large_day_leaves_the_old_days_whole(
    warehouse: DuckDBWarehouse, stage: Stage
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 3, 1), stage(TWO, 4)])
    before = tables(warehouse)
    load = stage(TWO, MANY, MANY)

    process, other = start_process(hang_before_the_commit, warehouse.path, load)
    assert other.recv() == "here"
    process.kill()
    process.join()

    assert tables(warehouse) == before
    warehouse.replace(SHOP, [load])
    assert counts(warehouse) == {(SHOP, ONE): 3, (SHOP, TWO): MANY}


def test_rows_binds_parameters_and_looks_in_every_schema_in_utc(
    warehouse: DuckDBWarehouse,
) -> None:
    with warehouse.exclusive(), duckdb.connect(warehouse.path) as connection:
        connection.execute("CREATE TABLE marts.best AS SELECT TIMESTAMPTZ '2024-01-01 00:00Z' AS t")

    assert warehouse.rows("SELECT ?, t::VARCHAR FROM best WHERE ? IS NULL", ["o'k", None]) == [
        ("o'k", "2024-01-01 00:00:00+00")
    ]


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO ledger (source) VALUES ('x')",
        "SELECT 1; DELETE FROM revenue",
        "BEGIN; UPDATE revenue SET amount = 0; COMMIT",
        "TRUNCATE revenue",
        "DROP TABLE revenue",
        "ALTER TABLE revenue ADD COLUMN more INTEGER",
        "CREATE TABLE more AS SELECT 1",
        "CREATE VIEW more AS SELECT 1",
        "CREATE SCHEMA more",
        "EXPLAIN ANALYZE DELETE FROM revenue",
        "COPY ledger FROM '{folder}/secret.csv'",
        "COPY revenue TO '{folder}/copy.csv'",
        "COPY (SELECT 1) TO '{folder}/copy.parquet' (FORMAT parquet)",
        "EXPORT DATABASE '{folder}/export'",
        "ATTACH '{folder}/other.duckdb' AS other",
        "ATTACH ':memory:' AS other",
        "ATTACH '{path}' AS again (READ_WRITE)",
        "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM read_text('{folder}/secret.csv')",
        "SELECT * FROM read_blob('{folder}/*')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM sniff_csv('{folder}/secret.csv')",
        "SELECT getenv('HOME')",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "SET memory_limit = '1TB'",
        "PRAGMA profiling_output = '{folder}/profile.json'",
        "LOAD httpfs",
        "",
        "-- nothing is asked",
        "SELECT",
        "SELECT nothing FROM revenue",
        "SELECT 1 / 'x'",
    ],
)
def test_a_query_that_is_wrong_or_would_do_more_than_read_the_warehouse_is_refused(
    filled: DuckDBWarehouse, query: str
) -> None:
    folder = Path(filled.path).parent
    before = (Path(filled.path).read_bytes(), sorted(folder.iterdir()))

    with pytest.raises(UsageError):
        filled.select(query.format(folder=folder, path=filled.path))

    assert (Path(filled.path).read_bytes(), sorted(folder.iterdir())) == before


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    """A warehouse that no test changes, beside a file that nobody is to read."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "secret.csv").write_text("a\n1\n")
    made = DuckDBWarehouse(path=str(folder / "sales.duckdb"))
    made.replace(SHOP, [DayLoad(ONE, "empty", "1.0.0", "[]", 0, None, None)])
    return made


def test_what_a_query_makes_in_memory_is_gone_with_it(filled: DuckDBWarehouse) -> None:
    filled.select("CREATE TEMP TABLE mine AS SELECT 1")

    with pytest.raises(UsageError, match="mine does not exist"):
        filled.select("SELECT * FROM mine")
    filled.replace(SHOP, [])


def test_a_refused_query_leaves_the_warehouse_free(
    warehouse: DuckDBWarehouse, stage: Stage
) -> None:
    with pytest.raises(UsageError):
        warehouse.select("DROP TABLE revenue")

    warehouse.replace(SHOP, [stage(ONE, 2)])
    assert counts(warehouse) == {(SHOP, ONE): 2}


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
