"""A session in DuckDB: what is its own about loading."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from sales_assets.resources.duckdb_session import DuckDBSession


@pytest.mark.parametrize("small", [False, True])
def test_a_load_adds_all_rows_in_their_order_and_leaves_the_threads_as_they_were(
    tmp_path: Path, small: bool
) -> None:
    files = [tmp_path / f"{number}.parquet" for number in range(3)]
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("CREATE TABLE main.numbers (n BIGINT)")
        for number, file in enumerate(files):
            first = number * 1000
            connection.execute(
                f"COPY (SELECT range AS n FROM range({first}, {first + 1000})) TO '{file}'"
            )
        session = DuckDBSession(connection)
        [threads] = session.query("SELECT current_setting('threads')")
        with session.transaction():
            rows = session.staged("rows_now", (("n", "BIGINT"),), files)
            assert session.load("numbers", ["n"], rows, small=small) == 3000
        assert session.query("SELECT current_setting('threads')") == [threads]
        found = session.query("SELECT n FROM main.numbers")
        assert found == [(n,) for n in range(3000)]
