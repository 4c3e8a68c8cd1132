from __future__ import annotations

import os
import shutil
import time
from collections import namedtuple
from importlib import metadata
from pathlib import Path

import pytest

from sales_assets.doctor.findings import Severity
from sales_assets.doctor.machine import LITTLE_ROOM, NO_ROOM, home, packages
from sales_assets.setting_kinds import ExecutorKind
from sales_assets.settings import Settings

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "home").mkdir()
    return Settings(home=tmp_path / "home")


def test_the_packages_of_this_installation_are_all_there(settings: Settings) -> None:
    [found] = packages(settings)
    assert found.severity is Severity.OK


def test_a_package_of_another_version_and_one_that_is_not_there_are_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = metadata.version

    def version(name: str) -> str:
        if name == "celery":
            raise metadata.PackageNotFoundError(name)
        return "1.0.0" if name == "dagster" else there(name)

    monkeypatch.setattr(metadata, "version", version)
    [found] = packages(settings)
    assert found.severity is Severity.WARNING
    assert "dagster is 1.0.0, not ==" in found.found
    assert "celery" not in found.found, "nobody needs it here"

    celery = settings.model_copy(update={"executor": ExecutorKind.CELERY})
    [found] = packages(celery)
    assert found.severity is Severity.PROBLEM
    assert found.found.endswith("not installed: celery")
    assert ".[distributed]" in found.to_do


def test_a_home_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = list(home(Settings(home=tmp_path / "file" / "home")))
    assert [f.severity for f in found] == [Severity.PROBLEM]
    assert "SALES_ASSETS_HOME" in found[0].to_do


@pytest.mark.parametrize(
    ("free", "severity"),
    [
        (NO_ROOM - 1, Severity.PROBLEM),
        (LITTLE_ROOM - 1, Severity.WARNING),
        (LITTLE_ROOM, Severity.OK),
    ],
)
def test_little_room_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free: int, severity: Severity
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free, 0, free))
    assert {f.check: f.severity for f in home(settings)}["disk"] is severity


def test_room_is_needed_twice_for_the_warehouse_that_is_copied(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 2 * LITTLE_ROOM))
    with settings.warehouse_file.open("wb") as file:
        file.truncate(LITTLE_ROOM + 1)
    assert {f.check: f.severity for f in home(settings)}["disk"] is Severity.WARNING
    uncopied = settings.model_copy(update={"warehouse_snapshot": False})
    assert {f.check: f.severity for f in home(uncopied)}["disk"] is Severity.OK


def test_a_clock_that_was_set_back_is_told(settings: Settings) -> None:
    file = settings.home / "catalogue.sqlite"
    file.touch()
    assert {f.check: f.severity for f in home(settings)}["clock"] is Severity.OK
    later = time.time() + 3600
    os.utime(file, (later, later))
    assert {f.check: f.severity for f in home(settings)}["clock"] is Severity.PROBLEM
