"""What is brought back, and what is refused before anything is changed."""

from __future__ import annotations

import json
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

from sales_assets.backup import copying
from sales_assets.backup.making import Wanted
from sales_assets.backup.store import FolderBackups
from sales_assets.backup.verifying import problems, read_manifest
from sales_assets.contracts.pseudonyms import read_key
from sales_assets.errors import PermanentError, UsageError
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


@pytest.fixture
def made(made: Settings, place: str) -> Settings:
    """Backed up, and still there."""
    take(made, place)
    return made


def kept_file(place: str, name: str) -> Path:
    backups = FolderBackups(Path(place))
    [digest] = [
        file.sha256
        for file in read_manifest(backups, backups.chosen(None)).files
        if file.name == name
    ]
    return Path(place) / "files" / digest[:2] / digest


def change_manifest(place: str, **changes: object) -> None:
    [file] = Path(place).glob("*.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


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


@pytest.mark.parametrize(
    "name",
    [
        "landing/tests/shop/2024-01-01.csv",
        "warehouse.duckdb",
        "dagster/history/runs/index.db",
        "contracts/shop.odcs.yaml",
    ],
)
@pytest.mark.parametrize("damage", ["a byte", "gone"])
def test_a_damaged_file_is_refused_by_its_name_and_nothing_is_changed(
    made: Settings, place: str, tmp_path: Path, name: str, damage: str
) -> None:
    file = kept_file(place, name)
    if damage == "gone":
        file.unlink()
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    destroy(made)

    with pytest.raises(PermanentError, match=name):
        bring_back(made, place)

    assert not made.home.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backups"]
    backups = FolderBackups(Path(place))
    [problem] = problems(backups, backups.chosen(None))
    assert problem.startswith(f"{name}: ")


def test_a_database_that_was_damaged_before_it_was_backed_up_is_found(
    made: Settings, place: str
) -> None:
    """Its hash is that of the damaged file; so each database is opened."""
    for name in ("catalogue.sqlite", "warehouse.duckdb"):
        file = kept_file(place, name)
        content = bytearray(file.read_bytes())
        quarter = len(content) // 4
        content[quarter : 3 * quarter] = b"\xff" * (2 * quarter)
        file.write_bytes(content)
        found = copying.read(file)
        new = Path(place) / "files" / found.sha256[:2] / found.sha256
        new.parent.mkdir(exist_ok=True)
        file.rename(new)
        [manifest] = Path(place).glob("*.json")
        told = json.loads(manifest.read_text())
        for entry in told["files"]:
            if entry["name"] == name:
                entry.update(sha256=found.sha256, size=found.size)
        manifest.write_text(json.dumps(told))
    backups = FolderBackups(Path(place))

    told = list(problems(backups, backups.chosen(None)))

    assert [problem.partition(": ")[0] for problem in told] == [
        "catalogue.sqlite",
        "warehouse.duckdb",
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"format": 99}, "in the form 99 of a newer sales-assets"),
        ({"versions": {"dagster": "99.0.0"}}, r"dagster 99\.0\.0, and .* is installed"),
        ({"versions": {"duckdb": "99.0.0"}}, r"duckdb 99\.0\.0"),
        ({"versions": {"sales_assets": "99.0.0"}}, r"sales-assets 99\.0\.0"),
        ({"files": "none"}, "is damaged, or no backup"),
    ],
)
def test_a_backup_of_something_newer_is_refused(
    made: Settings, place: str, changes: dict[str, object], told: str
) -> None:
    change_manifest(place, **changes)
    destroy(made)
    with pytest.raises(PermanentError, match=told):
        bring_back(made, place)
    assert not made.home.exists()


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


def test_what_people_keep_outside_of_the_home_stays_and_else_comes_back(
    tmp_path: Path, place: str
) -> None:
    outside = {"landing_zone": str(tmp_path / "drops"), "warehouse_path": tmp_path / "w.duckdb"}
    settings = make_small(tmp_path / "home", **outside)
    take(settings, place)
    destroy(settings)
    drop = tmp_path / "drops" / "tests" / "shop" / "2024-01-01.csv"
    drop.write_text("of today")

    with pytest.raises(UsageError, match=r"w\.duckdb: is there"):
        bring_back(settings, place)
    settings.warehouse_file.unlink()
    restored = bring_back(settings, place)

    assert drop.read_text() == "of today"
    assert restored.left == [f"landing/tests/shop/2024-01-01.csv ({drop})"]
    assert settings.warehouse_file.is_file()
    destroy(settings)
    shutil.rmtree(tmp_path / "drops")
    assert bring_back(settings, place, force=True).left == []
    assert drop.read_text() != "of today"


@pytest.fixture
def with_drops_outside(tmp_path: Path, place: str) -> Settings:
    """Backed up with drops and contracts that are not in the home, which is gone."""
    settings = make_small(tmp_path / "home", landing_zone=str(tmp_path / "drops"))
    contracts = tmp_path / "contracts"
    shutil.move(settings.contracts_folder, contracts)
    settings = settings.model_copy(update={"contracts": contracts})
    settings.landing_folder.joinpath("tests", "shop", "2024-01-02.csv").write_text("another day")
    take(settings, place)
    destroy(settings)
    return settings


@pytest.mark.parametrize("gone", ["drops/*", "drops/tests/shop/2024-01-01.csv", "contracts/*"])
def test_what_is_missing_in_folders_outside_of_the_home_comes_back_into_them(
    with_drops_outside: Settings, place: str, tmp_path: Path, gone: str
) -> None:
    """As on a new disk: the folder is mounted, so it stays the same one."""
    settings = with_drops_outside
    folders = [settings.landing_folder, settings.contracts_folder]
    before = [files_of(folder) for folder in folders]
    drop = folders[0] / "tests" / "shop" / "2024-01-01.csv"
    modified, same = drop.stat().st_mtime_ns, [folder.stat().st_ino for folder in folders]
    for path in tmp_path.glob(gone):
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    restored = bring_back(settings, place)

    assert restored.left == []
    assert [files_of(folder) for folder in folders] == before
    assert [folder.stat().st_ino for folder in folders] == same
    assert drop.stat().st_mtime_ns == modified


def test_a_restore_that_fails_leaves_folders_outside_of_the_home_as_they_were(
    with_drops_outside: Settings, place: str
) -> None:
    settings = with_drops_outside
    shutil.rmtree(settings.landing_folder / "tests")
    (settings.landing_folder / ".7.restoring.tmp").write_text("of a restore that was killed")
    kept_file(place, "warehouse.duckdb").unlink()

    with pytest.raises(PermanentError, match=r"warehouse\.duckdb"):
        bring_back(settings, place)

    assert list(settings.landing_folder.iterdir()) == []


def test_a_place_outside_of_the_home_where_nothing_can_be_made_is_told(
    with_drops_outside: Settings, place: str
) -> None:
    settings = with_drops_outside
    shutil.rmtree(settings.landing_folder / "tests")
    (settings.landing_folder / "tests").write_text("a file")
    with pytest.raises(UsageError, match=r"drops/tests: .* make it a folder that can be"):
        bring_back(settings, place)
    shutil.rmtree(settings.landing_folder)
    settings.landing_folder.symlink_to("/not/mounted")
    with pytest.raises(UsageError, match="drops: is a link to /not/mounted, which is not there"):
        bring_back(settings, place, force=True)
    assert not settings.home.exists()


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


def test_an_instance_that_dagster_looks_for_elsewhere_is_refused_until_it_is_told_the_place(
    made: Settings, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    made.dagster_home.rename(elsewhere)
    monkeypatch.setenv("DAGSTER_HOME", str(elsewhere))
    take(made, place)
    files = files_of(elsewhere)
    destroy(made)

    with pytest.raises(UsageError, match=f"DAGSTER_HOME is {elsewhere}, .* into {made.home}"):
        bring_back(made, place)

    assert not made.home.exists()
    assert files_of(elsewhere) == files
    monkeypatch.delenv("DAGSTER_HOME")
    bring_back(made, place)
    with dg.DagsterInstance.from_config(str(made.dagster_home)) as instance:
        assert instance.get_runs_count() == 1


def test_a_name_that_is_no_backup_is_told_with_those_that_are(
    made: Settings, place: str, tmp_path: Path
) -> None:
    destroy(made)
    with pytest.raises(UsageError, match="there is no complete backup yesterday; there are 20"):
        bring_back(made, place, "yesterday")
    with pytest.raises(UsageError, match="there is no complete backup"):
        bring_back(made, str(tmp_path / "nowhere"))
