"""A file is opened in an engine that stays; no trace of one use is seen by the next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from sales_assets.resources import duckdb_engine
from sales_assets.resources.duckdb_engine import opened

WRITE = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('INSERT INTO sales VALUES (2)')"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with opened(path, read_only=False) as connection:
        connection.execute("CREATE TABLE sales (amount INTEGER); INSERT INTO sales VALUES (1)")
    return path


def count_engines(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Gets an entry for each engine that is made from now on."""
    made: list[object] = []
    real = duckdb.connect

    def connect(*arguments: object, **more: object) -> duckdb.DuckDBPyConnection:
        made.append(arguments)
        return real(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(duckdb, "connect", connect)
    return made


def test_a_file_is_opened_again_in_the_engine_of_before(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = count_engines(monkeypatch)
    for _ in range(3):
        with opened(file, read_only=True) as connection:
            assert connection.execute("FROM sales").fetchall() == [(1,)]
    assert not made


def test_between_two_uses_another_process_may_write(file: Path) -> None:
    subprocess.run([sys.executable, "-c", WRITE, str(file)], check=True)
    with opened(file, read_only=True) as connection:
        assert connection.execute("FROM sales").fetchall() == [(1,), (2,)]


def test_what_was_written_is_in_the_file_itself_afterwards(file: Path) -> None:
    with opened(file, read_only=False) as connection:
        connection.execute("INSERT INTO sales VALUES (3)")
    assert not file.with_name(f"{file.name}.wal").exists()
    with duckdb.connect(file, read_only=True) as connection:
        assert connection.execute("SELECT sum(amount) FROM sales").fetchone() == (4,)


def test_temporary_tables_and_the_search_path_end_with_a_use(file: Path) -> None:
    with opened(file, read_only=False) as connection:
        connection.execute("CREATE TEMP TABLE mine (x INTEGER); CREATE SCHEMA marts")
        connection.execute("CREATE TABLE marts.daily (x INTEGER)")
        connection.execute("SET search_path = 'main,marts'")
        connection.execute("FROM daily")
    with opened(file, read_only=False) as connection:
        for name in ("mine", "daily"):
            with pytest.raises(duckdb.CatalogException):
                connection.execute(f"FROM {name}")


def test_an_engine_in_which_anything_failed_is_not_used_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = "SET threads = 1; BEGIN; INSERT INTO sales VALUES (9); FROM nothing"
    with pytest.raises(duckdb.CatalogException), opened(file, read_only=False) as connection:
        connection.execute(failing)
    made = count_engines(monkeypatch)
    with opened(file, read_only=True) as connection:
        assert connection.execute("FROM sales").fetchall() == [(1,)]
    assert len(made) == 1


def test_a_file_that_is_open_is_opened_a_second_time_in_another_engine(file: Path) -> None:
    with opened(file, read_only=True) as first, opened(file, read_only=True) as second:
        assert first.execute("FROM sales").fetchall() == second.execute("FROM sales").fetchall()


def test_a_file_may_not_be_changed_where_it_is_opened_to_be_read(file: Path) -> None:
    with (
        pytest.raises(duckdb.InvalidInputException, match="read-only"),
        opened(file, read_only=True) as connection,
    ):
        connection.execute("INSERT INTO sales VALUES (9)")


def test_only_some_engines_are_kept(tmp_path: Path) -> None:
    for number in range(10):
        with opened(tmp_path / f"{number}.duckdb", read_only=False):
            pass
    assert len(duckdb_engine._own()) == duckdb_engine._MOST


def test_an_engine_that_spilled_ends_while_the_file_is_still_its_users(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spilled = file.with_name(f"{file.name}.tmp")
    with opened(file, read_only=True) as connection:
        connection.execute("SET memory_limit = '40MB'; SET threads = 1")
        connection.execute(
            "CREATE TEMP TABLE large AS SELECT n, md5(n::VARCHAR) AS t FROM range(2000000) AS r (n)"
        )
        assert spilled.exists()
    assert not spilled.exists()
    made = count_engines(monkeypatch)
    with opened(file, read_only=True) as connection:
        assert connection.execute("FROM sales").fetchall() == [(1,)]
    assert len(made) == 1


def test_a_forked_process_uses_and_closes_no_engine_of_its_parent(file: Path) -> None:
    [kept] = [engine for (_, path), engine in duckdb_engine._kept.items() if path == file]
    child = os.fork()
    if child == 0:  # no assertion of the child reaches pytest
        duckdb_engine.close_all()
        os._exit(0 if kept in duckdb_engine._kept.values() and not duckdb_engine._own() else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert kept.connection.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.parametrize("name", ["memory.duckdb", "temp.duckdb", "main.db", "a.b", 'it\'s "q".db'])
def test_a_file_may_have_any_name_and_gives_the_database_the_same_one(
    tmp_path: Path, name: str
) -> None:
    asked = "SELECT current_database(), current_setting('temp_directory')"
    with duckdb.connect(tmp_path / name) as connection:
        expected = connection.execute(asked).fetchall()
    with opened(tmp_path / name, read_only=True) as connection:
        assert connection.execute(asked).fetchall() == expected
