"""Drops that share days: after any sequence of them the tables equal a build from scratch."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sales_assets_tests.harness import TILL, Installation, drop

FIRST, LAST = "2024-01-01", "2024-01-04"
MONTH = [f"m{n},2024-01-0{n},tea,ann,{n}" for n in (1, 2, 3)]
LATER = ["l1,2024-01-01,cup,bob,10", "l2,2024-01-04,pot,cid,40"]
UNDATED = ["u1,,tea,ann,1", "u2,x,tea,ann,1"]


def write(made: Installation, name: str, seconds: int, *lines: str) -> Path:
    path = made.write_drop("till", name, drop(*lines))
    os.utime(path, (1_700_000_000 + seconds,) * 2)
    return path


@pytest.mark.parametrize("rule", ["latest", "latestByName", "union"])
def test_restated_touched_and_removed_files_leave_the_tables_of_a_build_from_scratch(
    tmp_path: Path, rule: str
) -> None:
    contract = tmp_path / TILL.name
    contract.write_text(TILL.read_text().replace("value: latest}", f"value: {rule}}}"))
    with Installation(tmp_path / "home", [contract], chunk_days=2) as made:
        month = write(made, "month.csv", 1, *MONTH, *UNDATED)
        steps = 0

        def equals_scratch() -> None:
            nonlocal steps
            steps += 1
            made.materialize(FIRST, LAST)
            with Installation(tmp_path / f"scratch{steps}", [contract]) as scratch:
                shutil.copytree(made.settings.landing_folder, scratch.settings.landing_folder)
                scratch.materialize(FIRST, LAST)
                assert made.tables() == scratch.tables()

        equals_scratch()
        later = write(made, "later.csv", 2, *LATER)
        equals_scratch()
        rejected = made.query("SELECT partition_date::VARCHAR, line FROM rejected ORDER BY line")
        day = "2024-01-02" if rule == "latest" else "2024-01-01"
        assert rejected == [(day, 5), (day, 6)]
        os.utime(month, (1_700_000_003,) * 2)
        equals_scratch()
        later.unlink()
        write(made, "again.csv", 4, *MONTH, *UNDATED)
        equals_scratch()
        # Each line once, also where files add up: it is the same content under two names.
        assert made.query("SELECT sum(lines) FROM ledger") == [(5,)]


def test_only_the_day_that_undated_lines_moved_to_may_be_materialised(tmp_path: Path) -> None:
    with Installation(tmp_path / "home", [TILL]) as made:
        write(made, "month.csv", 1, *MONTH, *UNDATED)
        made.materialize(FIRST, LAST, marts=False)
        write(made, "later.csv", 2, *LATER)
        for day in ("2024-01-03", "2024-01-02", "2024-01-01", "2024-01-04"):
            made.materialize(day, day, marts=False)
        rows = made.query("SELECT partition_date::VARCHAR, rejected FROM ledger WHERE rejected > 0")
        assert rows == [("2024-01-02", 2)]
