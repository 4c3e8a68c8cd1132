"""The embedded warehouse: replacing days, people's queries, and several processes at once.

Other processes are real ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pytest

from sales_assets.errors import PermanentError, TransientError, UsageError, WarehouseBusyError
from sales_assets.partitions import Window
from sales_assets.resources import sql_load
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.warehouse import DayLoad, LoadedDay
from sales_assets.resources.warehouse_tables import TABLES
from sales_assets_tests.resources.processes import PROCESSES

SHOP, TILL = "tests/shop", "tests/till"
ONE, TWO, THREE = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)
JANUARY = Window.of_keys("2024-01-01", "2024-01-31")
MANY = 130_001
"""More rows than DuckDB keeps in memory for one row group (122,880)."""

Stage = Callable[..., DayLoad]


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(path=str(tmp_path / "warehouse" / "sales.duckdb"), lock_timeout=60)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A day's staged files, with one row for each customer and one for each rejected line."""
    folder = tmp_path / "it's [staged]=*?"
    folder.mkdir()
    names = (folder / f"{number}.parquet" for number in count())

    def write(table: str, rows: int, values: dict[str, str]) -> Path:
        columns = ", ".join(
            f"({values.get(name, 'NULL')})::{sql_type} AS {name}"
            for name, sql_type in reversed(TABLES[table])
        )
        path = next(names)
        with duckdb.connect() as connection:
            connection.execute(
                f"COPY (SELECT {columns}, 'x' AS extra FROM range({rows}) rows (n)) TO ?",
                [str(path)],
            )
        return path

    def stage(
        day: date,
        customers: int,
        rejected: int = 0,
        *,
        source: str = SHOP,
        price: str = "1.25",
        sold_on: date | None = None,
    ) -> DayLoad:
        values = {
            "source": f"'{source}'",
            "partition_date": f"'{day}'",
            "order_date": f"'{sold_on or day}'",
            "customer_id": "'c' || n",
            "amount": price,
            "net_amount": f"-({price})",
            "currency": "'EUR'",
            "kind": "'sale'",
            "file": f"'{day}.csv'",
            "line": "n + 2",
            "text": "'text'",
            "reasons": "['one', 'two']",
        }
        return DayLoad(
            day=day,
            fingerprint=f"{source} {day} {customers} {rejected} {price}",
            contract_version="1.0.0",
            files="[]",
            lines=customers + rejected,
            accepted=write("revenue", customers, values),
            rejected=write("rejected", rejected, values) if rejected else None,
        )

    return stage


def tables(warehouse: DuckDBWarehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the warehouse."""
    return {name: warehouse.rows(f"SELECT * FROM main.{name} ORDER BY ALL") for name in TABLES}


def counts(warehouse: DuckDBWarehouse, table: str = "revenue") -> dict[tuple[str, date], int]:
    rows = warehouse.rows(f"SELECT source, partition_date, count(*) FROM {table} GROUP BY ALL")
    return {(source, day): number for source, day, number in rows}


def test_replacing_a_day_replaces_only_it(warehouse: DuckDBWarehouse, stage: Stage) -> None:
    warehouse.replace(SHOP, [stage(ONE, 3, 1), stage(TWO, 4, 2)])
    warehouse.replace(TILL, [stage(ONE, 5, 3, source=TILL)])
    before = tables(warehouse)

    warehouse.replace(SHOP, [stage(TWO, 6, 1, price="2.5")])

    assert counts(warehouse) == {(SHOP, ONE): 3, (SHOP, TWO): 6, (TILL, ONE): 5}
    assert counts(warehouse, "rejected") == {(SHOP, ONE): 1, (SHOP, TWO): 1, (TILL, ONE): 3}
    after = tables(warehouse)
    for table in ("revenue", "rejected", "ledger"):
        position = [name for name, _ in TABLES[table]].index("partition_date")
        assert [row for row in after[table] if (row[0], row[position]) != (SHOP, TWO)] == [
            row for row in before[table] if (row[0], row[position]) != (SHOP, TWO)
        ]
    assert warehouse.rows(
        "SELECT DISTINCT amount FROM revenue WHERE partition_date = ?", [TWO]
    ) == [(Decimal("2.5"),)]


def test_the_ledger_says_what_arrived_with_exact_sums(
    warehouse: DuckDBWarehouse, stage: Stage
) -> None:
    load = stage(ONE, 3, 2, price="12345678901.2345")

    told = warehouse.replace(SHOP, [stage(TWO, 1), load])

    amount = Decimal("37037036703.7035")
    expected = LoadedDay(ONE, load.fingerprint, 5, 3, 2, amount, -amount)
    assert told[0] == expected
    assert warehouse.loaded(SHOP, Window.of_keys("2024-01-01", "2024-01-01")) == {ONE: expected}
    assert warehouse.loaded(SHOP, JANUARY).keys() == {ONE, TWO}
    assert warehouse.loaded(TILL, JANUARY) == {}


def test_values_arrive_by_the_name_of_their_column(
    warehouse: DuckDBWarehouse, stage: Stage
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 1, 1)])

    names = [name for name, _ in TABLES["revenue"]]
    (row,) = warehouse.rows("SELECT * FROM revenue")
    found = {name: value for name, value in zip(names, row, strict=True) if value is not None}
    assert found == {
        "source": SHOP,
        "partition_date": ONE,
        "order_date": ONE,
        "customer_id": "c0",
        "amount": Decimal("1.25"),
        "net_amount": Decimal("-1.25"),
        "currency": "EUR",
        "kind": "sale",
        "file": "2024-01-01.csv",
        "line": 2,
    }
    assert warehouse.rows("SELECT text, reasons FROM rejected") == [("text", ["one", "two"])]


def test_a_day_without_files_becomes_empty_and_stays_in_the_ledger(
    warehouse: DuckDBWarehouse, stage: Stage
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 3, 1), stage(TWO, 4)])

    warehouse.replace(SHOP, [DayLoad(ONE, "empty", "1.0.0", "[]", 0, None, None)])

    assert counts(warehouse) == {(SHOP, TWO): 4}
    assert counts(warehouse, "rejected") == {}
    nothing = Decimal(0)
    assert warehouse.loaded(SHOP, JANUARY)[ONE] == LoadedDay(
        ONE, "empty", 0, 0, 0, nothing, nothing
    )


def test_what_was_replaced_is_kept_as_restated_once(
    warehouse: DuckDBWarehouse, stage: Stage
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 2, sold_on=THREE)])
    assert warehouse.rows("SELECT * FROM restated") == []

    for _ in range(3):
        warehouse.replace(SHOP, [stage(ONE, 1)])

    assert warehouse.rows("SELECT * FROM restated ORDER BY ALL") == [
        (SHOP, ONE, ONE, "c0"),
        (SHOP, ONE, THREE, "c0"),
        (SHOP, ONE, THREE, "c1"),
    ]


def fewer(stage: Stage) -> DayLoad:
    return replace(stage(TWO, 5, 2), lines=8)


def more(stage: Stage) -> DayLoad:
    return replace(stage(TWO, 5, 2), lines=6)


def of_another_day(stage: Stage) -> DayLoad:
    return replace(stage(THREE, 5), day=TWO)


def of_another_source(stage: Stage) -> DayLoad:
    return stage(TWO, 5, source=TILL)


def without_rejected(stage: Stage) -> DayLoad:
    return replace(stage(TWO, 5, 2), rejected=None)


@pytest.mark.parametrize(
    "wrong", [fewer, more, of_another_day, of_another_source, without_rejected]
)
def test_a_day_whose_lines_did_not_all_arrive_is_refused_and_nothing_is_changed(
    warehouse: DuckDBWarehouse, stage: Stage, wrong: Callable[[Stage], DayLoad]
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 3, 1), stage(TWO, 4)])
    before = tables(warehouse)
    load = wrong(stage)

    with pytest.raises(PermanentError, match="nothing was changed") as error:
        warehouse.replace(SHOP, [stage(ONE, 2), load])

    assert str(error.value).startswith(f"{SHOP}, {TWO}: {load.lines} lines went in but ")
    assert tables(warehouse) == before


def test_a_load_that_is_no_longer_wanted_changes_nothing(
    warehouse: DuckDBWarehouse, stage: Stage
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 3)])
    before = tables(warehouse)

    def refuse() -> None:
        raise TransientError("another run was faster")

    with pytest.raises(TransientError, match="faster"):
        warehouse.replace(SHOP, [stage(ONE, 5)], refuse)

    assert tables(warehouse) == before


def test_rows_of_another_day_beside_those_of_the_day_are_refused(
    warehouse: DuckDBWarehouse, stage: Stage
) -> None:
    both = stage(TWO, 5)
    assert isinstance(both.accepted, Path)
    other = stage(THREE, 1).accepted
    mixed = both.accepted.with_name("mixed.parquet")
    with duckdb.connect() as connection:
        files = [str(both.accepted), str(other)]
        connection.read_parquet(files).write_parquet(str(mixed))
    before = tables(warehouse)

    with pytest.raises(PermanentError, match="rows of other days or sources"):
        warehouse.replace(SHOP, [replace(both, accepted=mixed)])

    assert tables(warehouse) == before


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


@pytest.mark.parametrize("before", [0, MANY])
def test_a_large_day_is_seen_whole_whatever_it_replaces(
    warehouse: DuckDBWarehouse, stage: Stage, before: int
) -> None:
    """DuckDB 2.0.0 hides rows if no row is inserted before many are, in one transaction."""
    if before:
        warehouse.replace(SHOP, [stage(TWO, before)])

    (_, told) = warehouse.replace(SHOP, [stage(ONE, 0), stage(TWO, MANY, MANY, price="n")])

    amount = Decimal(MANY * (MANY - 1) // 2)
    seen = "SELECT count(*), count(DISTINCT line), sum(amount) FROM revenue"
    assert warehouse.rows(seen) == [(MANY, MANY, amount)]
    assert warehouse.rows("SELECT count(*), count(DISTINCT line) FROM rejected") == [(MANY, MANY)]
    assert warehouse.rows("SELECT count(*) FROM restated") == [(before,)]
    assert (told.accepted, told.rejected, told.amount) == (MANY, MANY, amount)


def start_process(target: Callable[..., None], *arguments: Any) -> tuple[Any, Connection]:
    """Start a process with a connection to it as its last argument."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=target, args=(*arguments, theirs))
    process.start()
    theirs.close()  # so that the end of the process ends a wait for it
    return process, ours


def hang_in(step: str, path: str, load: DayLoad, told: Connection) -> None:
    """Replace a day, but stop for good after one step of it."""
    original = getattr(sql_load, step)

    def stopped(*arguments: Any) -> None:
        original(*arguments)
        told.send("here")
        told.recv()

    setattr(sql_load, step, stopped)
    DuckDBWarehouse(path=path).replace(SHOP, [load])


@pytest.mark.parametrize("step", ["_check_counts", "_replace"])
def test_a_process_killed_while_it_replaces_leaves_the_old_days_whole(
    warehouse: DuckDBWarehouse, stage: Stage, step: str
) -> None:
    warehouse.replace(SHOP, [stage(ONE, 3, 1), stage(TWO, 4)])
    before = tables(warehouse)
    load = stage(TWO, MANY, MANY)

    process, other = start_process(hang_in, step, warehouse.path, load)
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


def test_number_is_exact_and_counts_only_the_rows_of_the_source_and_its_days(
    warehouse: DuckDBWarehouse, stage: Stage
) -> None:
    warehouse.replace(SHOP, [stage(day, 3, price="0.0001") for day in (ONE, TWO, THREE)])
    warehouse.replace(TILL, [stage(ONE, 7, source=TILL)])
    two_days = Window(ONE, THREE)

    def number(query: str, window: Window = two_days) -> Decimal | None:
        return warehouse.number(query, SHOP, window)

    assert number("SELECT count(*) FROM revenue") == 6
    assert number("SELECT sum(amount) FROM revenue") == Decimal("0.0006")
    another = Window(date(2025, 1, 1), date(2025, 1, 2))
    assert number("SELECT count(*) FROM revenue", another) == 0
    assert number("SELECT min(amount) FROM revenue", another) is None


def test_a_query_gives_its_column_names_and_rows(warehouse: DuckDBWarehouse, stage: Stage) -> None:
    warehouse.replace(SHOP, [stage(ONE, 2)])

    assert warehouse.select(
        'SELECT customer_id, amount * 2 AS "twice the amount" FROM revenue'
    ) == (
        ["customer_id", "twice the amount"],
        [("c0", Decimal("2.5")), ("c1", Decimal("2.5"))],
    )
    assert warehouse.select("SELECT line FROM revenue WHERE false") == (["line"], [])


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
