"""What is brought back into a home, and what becomes of what is there already."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from sales_assets.backup.making import Wanted
from sales_assets.contracts.pseudonyms import read_key
from sales_assets.errors import UsageError
from sales_assets.settings import Settings
from sales_assets_tests.backup.scene import (
    asks_for_nothing,
    bring_back,
    destroy,
    files_of,
    make_small,
    take,
    tick,
)
from sales_assets_tests.harness import SHOP, Installation


def test_drops_come_back_with_their_times_so_that_none_counts_as_changed(
    made: Settings, place: str
) -> None:
    drop = made.landing_folder / "tests" / "shop" / "2024-01-01.csv"
    modified, content = drop.stat().st_mtime_ns, drop.read_bytes()
    assert modified % 1000, "down to the nanosecond"
    destroy(made)

    bring_back(made, place)

    assert (drop.stat().st_mtime_ns, drop.read_bytes()) == (modified, content)
    with Installation(made.home, [SHOP]) as again:
        assert asks_for_nothing(tick(again))


def test_a_home_that_is_not_empty_is_refused_and_by_force_moved_aside(
    made: Settings, place: str
) -> None:
    home = made.home
    (home / "mine.txt").write_text("of today")
    before = files_of(home)
    with pytest.raises(UsageError, match="--force moves it aside"):
        bring_back(made, place)
    assert files_of(home) == before

    [aside] = bring_back(made, place, force=True).aside

    assert files_of(aside) == before
    assert not (home / "mine.txt").exists()
    assert made.warehouse_file.is_file()


def test_an_empty_home_is_taken(made: Settings, place: str) -> None:
    destroy(made)
    made.home.mkdir()
    bring_back(made, place)
    assert made.warehouse_file.is_file()


@pytest.mark.parametrize("there", [False, True], ids=["gone", "there"])
def test_a_home_that_is_a_link_stays_one_and_what_it_points_at_comes_back(
    made: Settings, place: str, tmp_path: Path, there: bool
) -> None:
    disk = tmp_path / "disk" / "home"
    disk.parent.mkdir()
    made.home.rename(disk)
    made.home.symlink_to(disk)
    settings = made.model_copy(update={"landing_zone": str(disk / "landing")})
    before = files_of(disk / "landing")
    take(settings, place)
    if there:
        shutil.rmtree(disk / "landing")
    else:
        shutil.rmtree(disk)

    aside = bring_back(settings, place, force=there).aside

    assert made.home.is_symlink()
    assert files_of(disk / "landing") == before
    assert [path.parent for path in aside] == [disk.parent] * there
    assert len(list(disk.parent.iterdir())) == 1 + there, "nothing else is left"
    with dg.DagsterInstance.from_config(str(made.dagster_home)) as instance:
        assert instance.get_runs_count() == 1


def test_keys_that_come_back_outside_of_the_home_are_not_told_as_missing(
    made: Settings, place: str, tmp_path: Path
) -> None:
    settings = made.model_copy(update={"pseudonym_keys": tmp_path / "keys"})
    read_key(settings.pseudonym_folder, "customers")
    keys = files_of(settings.pseudonym_folder)
    take(settings, place, Wanted(keys=True))
    destroy(settings)
    shutil.rmtree(settings.pseudonym_folder)

    restored = bring_back(settings, place)

    assert (restored.missing_keys, restored.aside) == ([], [])
    assert files_of(settings.pseudonym_folder) == keys


def test_without_the_keys_no_run_makes_another_one(made: Settings, place: str) -> None:
    read_key(made.pseudonym_folder, "customers")
    take(made, place)
    destroy(made)

    restored = bring_back(made, place)

    assert restored.missing_keys == [made.pseudonym_folder / "customers.key"]
    with pytest.raises(UsageError, match=r"customers\.key: cannot be read"):
        read_key(made.pseudonym_folder, "customers")


KILLED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("CREATE TABLE later AS SELECT 1 AS of_today")
connection.commit()
os._exit(9)
"""


@pytest.mark.parametrize("gone", [False, True], ids=["there", "gone"])
def test_what_a_killed_program_left_beside_a_database_is_not_read_into_the_restored_one(
    made: Settings, tmp_path: Path, place: str, gone: bool
) -> None:
    file = tmp_path / "elsewhere" / "catalogue.sqlite"
    file.parent.mkdir()
    shutil.move(made.home / "catalogue.sqlite", file)
    settings = made.model_copy(update={"catalogue_url": f"sqlite:///{file}"})
    taken = take(settings, place).name
    subprocess.run([sys.executable, "-c", KILLED, file], check=False)
    assert {path.name for path in file.parent.iterdir()} > {f"{file.name}-wal"}
    if gone:
        file.unlink()

    aside = bring_back(settings, place, taken, force=True).aside

    with closing(sqlite3.connect(file)) as restored:
        assert restored.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = {name for (name,) in restored.execute("SELECT name FROM sqlite_master")}
    assert "later" not in tables
    assert "drops" in tables
    if not gone:
        with closing(sqlite3.connect(aside[0])) as before:
            assert before.execute("SELECT * FROM later").fetchall() == [(1,)], "nothing is lost"


def test_what_a_killed_program_left_beside_the_warehouse_is_moved_aside(
    tmp_path: Path, place: str
) -> None:
    settings = make_small(tmp_path / "home", warehouse_path=tmp_path / "w" / "w.duckdb")
    take(settings, place)
    endings = [".wal", ".wal.checkpoint", ".wal.recovery"]
    left = [tmp_path / "w" / f"w.duckdb{ending}" for ending in endings]
    for file in left:
        file.write_text(file.name)

    aside = bring_back(settings, place, force=True).aside

    assert not [file for file in left if file.exists()]
    assert [path.read_text() for path in aside if ".wal" in path.name] == [p.name for p in left]


@pytest.mark.parametrize(
    ("status", "after"),
    [
        (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE),
        (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.FAILURE),
        (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.FAILURE),
        (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.FAILURE),
        (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.QUEUED),
    ],
)
def test_runs_that_had_begun_are_ended_and_those_that_wait_still_wait(
    made: Settings, place: str, status: dg.DagsterRunStatus, after: dg.DagsterRunStatus
) -> None:
    location = InProcessCodeLocationOrigin(LoadableTargetOrigin())
    origin = RemoteRepositoryOrigin(location, "any").get_job_origin("any")
    run = dg.DagsterRun("any", status=status, remote_job_origin=origin)
    with dg.DagsterInstance.from_config(str(made.dagster_home)) as instance:
        instance.add_run(run)
    take(made, place)
    destroy(made)
    ended = bring_back(made, place).ended_runs
    with dg.DagsterInstance.from_config(str(made.dagster_home)) as instance:
        found = instance.get_run_by_id(run.run_id)
        assert found is not None
        assert found.status is after
    assert ended == (after is dg.DagsterRunStatus.FAILURE)
