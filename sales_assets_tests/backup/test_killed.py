"""SIGKILL before any change of a file: there is a whole backup or none, a whole home or none."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path

import pytest

from sales_assets.backup.making import forget_older
from sales_assets.backup.store import FolderBackups
from sales_assets.backup.verifying import problems, read_manifest
from sales_assets.settings import Settings
from sales_assets_tests.backup.killing import killed_before
from sales_assets_tests.backup.scene import bring_back, destroy, files_of, land, make_small, take

pytestmark = pytest.mark.long


def test_a_backup_that_is_killed_anywhere_is_none_and_the_next_one_is_whole(
    made: Settings, place: str
) -> None:
    backups = FolderBackups(Path(place))
    whole = [take(made, place).name]
    for step in count(1):
        land(made, "2024-01-01.csv", f"{step},2024-01-01,tea,ann,1")
        killed = killed_before(step, lambda: take(made, place))
        for name in set(backups.names()) - set(whole):
            assert not list(problems(backups, name)), f"killed before change {step}"
            whole.append(name)
        if not killed:
            break
    assert step > 40
    assert backups.names() == whole, "none went"
    last = take(made, place).name
    for name in (whole[0], last):
        assert not list(problems(backups, name))
    forget_older(backups, 1)
    assert {*backups.sizes()} == read_manifest(backups, last).digests
    assert not list(Path(place).glob("*.tmp"))


def test_deleting_older_backups_that_is_killed_anywhere_leaves_whole_ones(
    made: Settings, place: str, tmp_path: Path
) -> None:
    for number in range(3):
        land(made, "2024-01-01.csv", f"{number},2024-01-01,tea,ann,1")
        take(made, place)
    trial = tmp_path / "trial"
    backups = FolderBackups(trial)
    for step in count(1):
        shutil.copytree(place, trial)
        killed = killed_before(step, lambda: forget_older(FolderBackups(trial), 1))
        assert backups.names()
        for name in backups.names():
            assert not list(problems(backups, name)), f"killed before change {step}"
        forget_older(backups, 1)
        assert {*backups.sizes()} == read_manifest(backups, backups.chosen(None)).digests
        shutil.rmtree(trial)
        if not killed:
            break
    assert step > 5


def test_a_restore_that_is_killed_anywhere_leaves_a_whole_home_or_what_was_there(
    made: Settings, place: str, tmp_path: Path
) -> None:
    take(made, place)
    destroy(made)
    bring_back(made, place)
    home = made.home
    whole = sorted(files_of(home))
    for step in count(1):
        shutil.rmtree(home, ignore_errors=True)
        killed = killed_before(step, lambda: bring_back(made, place))
        assert not home.exists() or sorted(files_of(home)) == whole, f"before change {step}"
        if not killed:
            break
    assert step > 30
    assert home.exists()
    for last in range(step - 8, step + 1):  # where it is put in the place of another home
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        (home / "old.txt").write_text("old")
        killed_before(last, lambda: bring_back(made, place, force=True))
        found = sorted(files_of(home)) if home.exists() else None
        aside = [path for path in tmp_path.iterdir() if "before-" in path.name]
        assert found in (["old.txt"], whole) or (found is None and aside), f"change {last}"
        assert found == ["old.txt"] or [sorted(files_of(path)) for path in aside] == [["old.txt"]]
        for path in aside:
            shutil.rmtree(path)
    assert found == whole
    assert {path.name for path in tmp_path.iterdir()} == {"home", "backups"}


def test_drops_outside_of_the_home_are_whole_wherever_a_restore_is_killed_and_come_with_the_next(
    tmp_path: Path, place: str
) -> None:
    drops = tmp_path / "drops"
    settings = make_small(tmp_path / "home", landing_zone=str(drops))
    take(settings, place)
    before = files_of(drops)
    for step in count(1):
        shutil.rmtree(settings.home, ignore_errors=True)
        shutil.rmtree(drops)
        drops.mkdir()
        killed = killed_before(step, lambda: bring_back(settings, place))
        found = {name: content for name, content in files_of(drops).items() if name[0] != "."}
        assert found in ({}, before), f"killed before change {step}"
        if not settings.home.exists():
            bring_back(settings, place)
        assert files_of(drops) == before, f"killed before change {step}"
        if not killed:
            break
    assert step > 30
