"""Queries of people while another process has the embedded warehouse to itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sales_assets.errors import WarehouseBusyError
from sales_assets.resources.build import build_warehouse
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.settings import Settings
from sales_assets_tests.harness import calling
from sales_assets_tests.resources.processes import PROCESSES


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A warehouse with one row in a model's table."""
    file = str(tmp_path / "sales.duckdb")
    with DuckDBWarehouse(path=file, snapshot=False).exclusive(), duckdb.connect(file) as made:
        made.execute("CREATE TABLE marts.best AS SELECT 1 AS n")
    return file


def of_people(path: str, **options: Any) -> DuckDBWarehouse:
    return DuckDBWarehouse(path=path, lock_timeout=0.3, patience=0.1, **options)


def work(path: str, snapshot: bool, told: Connection) -> None:
    """Be dbt: change a table, commit, and go on working until told to stop."""
    with DuckDBWarehouse(path=path, snapshot=snapshot).exclusive(), duckdb.connect(path) as own:
        own.execute("INSERT INTO marts.best VALUES (2)")
        told.send("working")
        told.recv()


@contextmanager
def working(path: str, *, snapshot: bool = True) -> Iterator[Any]:
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=work, args=(path, snapshot, there))
    process.start()
    assert here.recv() == "working"
    try:
        yield process
    finally:
        if process.is_alive():
            here.send("enough")
        process.join()


BEST = "SELECT n FROM best ORDER BY n"


def test_a_query_meanwhile_is_answered_as_the_warehouse_stood_before(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    reader = of_people(path)
    with working(path):
        assert reader.select(BEST)[1] == [(1,)]
        assert "this is how the warehouse stood at 20" in caplog.text
    caplog.clear()
    assert reader.select(BEST)[1] == [(1,), (2,)], "and by the file itself when it is free"
    assert caplog.text == ""


def test_the_snapshot_is_that_of_the_last_work(path: str) -> None:
    with working(path):
        pass
    with working(path):
        assert of_people(path).select(BEST)[1] == [(1,), (2,)]


def test_a_run_waits_for_the_last_word(path: str) -> None:
    with working(path), pytest.raises(WarehouseBusyError):
        DuckDBWarehouse(path=path, lock_timeout=0.1).rows(BEST)


def test_without_a_snapshot_a_query_waits_too(path: str) -> None:
    with working(path, snapshot=False), pytest.raises(WarehouseBusyError, match=r"for 0\.3 s"):
        of_people(path).select(BEST)
    assert not Path(f"{path}.snapshot").exists()


def test_what_a_killed_process_had_committed_is_in_the_snapshot(path: str) -> None:
    with working(path) as process:
        process.kill()
        process.join()
        assert Path(f"{path}.wal").exists(), "its commit is not in the file itself"
    with working(path):
        assert of_people(path).select(BEST)[1] == [(1,), (2,)]


def test_who_reads_a_snapshot_keeps_it_though_the_next_takes_its_place(path: str) -> None:
    with working(path):
        pass
    with duckdb.connect(f"{path}.snapshot", read_only=True) as reading:
        with working(path):
            pass
        assert reading.execute(BEST.replace("best", "marts.best")).fetchall() == [(1,)]


def test_work_within_work_leaves_the_snapshot_as_it_was(path: str) -> None:
    warehouse = DuckDBWarehouse(path=path)
    with warehouse.exclusive():
        with duckdb.connect(path) as own:
            own.execute("INSERT INTO marts.best VALUES (2)")
        with warehouse.exclusive():
            pass
    with duckdb.connect(f"{path}.snapshot", read_only=True) as kept:
        assert kept.execute("SELECT n FROM marts.best").fetchall() == [(1,)]


def test_the_setting_switches_it_off(tmp_path: Path) -> None:
    with_it, without = (
        build_warehouse(Settings(home=tmp_path, warehouse_snapshot=on), for_people=True)
        for on in (True, False)
    )
    for_runs = build_warehouse(Settings(home=tmp_path))
    assert isinstance(with_it, DuckDBWarehouse)
    assert isinstance(without, DuckDBWarehouse)
    assert isinstance(for_runs, DuckDBWarehouse)
    assert (with_it.snapshot, with_it.patience is None) == (True, False)
    assert (without.snapshot, without.patience) == (False, None)
    assert for_runs.patience is None


def test_the_command_query_tells_of_when_its_answer_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    monkeypatch.setenv("SALES_ASSETS_WAREHOUSE_PATH", path)
    monkeypatch.setattr("sales_assets.resources.build.PATIENCE_SECONDS", 0.1)
    with working(path):
        code, out, err = calling(monkeypatch, capsys)("query", BEST, "--format", "csv")
    assert (code, out.split()) == (0, ["n", "1"])
    assert "how the warehouse stood at" in err
