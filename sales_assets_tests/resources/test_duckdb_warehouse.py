"""The embedded warehouse: days are replaced whole or not at all, and people's queries only read."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sales_assets.errors import UsageError
from sales_assets.resources import sql_load
from sales_assets.resources.duckdb_session import DuckDBSession
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.warehouse import DayLoad
from sales_assets_tests.resources.processes import start_process
from sales_assets_tests.resources.staged import MANY, ONE, SHOP, TWO, Stage, counts, tables


@pytest.fixture
def warehouse(embedded: DuckDBWarehouse) -> DuckDBWarehouse:
    return embedded


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
