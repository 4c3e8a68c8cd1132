"""The machine: packages and the home folder.

Belongs here: what needs no service. Does not: what lies in the home (`databases`, `warehouse`).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryFile

from packaging.requirements import Requirement

from sales_assets.doctor.findings import Finding, ok, problem, warning
from sales_assets.setting_kinds import ExecutorKind
from sales_assets.settings import Settings

LITTLE_ROOM, NO_ROOM = 2 * 2**30, 256 * 2**20
"""Bytes: with less than the first a large backfill may not fit, with less than the second none."""
GIGABYTE = 1e9
CLOCK_SECONDS = 60
"""Seconds that a file may be younger than now: the clock of a file server may run ahead."""


def packages(settings: Settings) -> Iterator[Finding]:
    """Whether every package is there in a version that the project was made for."""
    extras = {""}
    if settings.executor is ExecutorKind.CELERY or settings.dagster_postgres_url:
        extras.add("distributed")
    wanted = [Requirement(text) for text in metadata.requires("sales-assets") or ()]
    wrong = [
        told
        for requirement in wanted
        if requirement.marker is None
        or any(requirement.marker.evaluate({"extra": e}) for e in extras)
        if (told := _lacking(requirement))
    ]
    python = ".".join(map(str, sys.version_info[:3]))
    extra = "[distributed]" if "distributed" in extras else ""
    if wrong:
        yield problem(
            "packages",
            f"Python {python}; {'; '.join(wrong)}",
            f"pip install --constraint constraints.txt --editable '.{extra}'",
        )
    else:
        yield ok("packages", f"Python {python}, Dagster {metadata.version('dagster')}, all there")


def _lacking(requirement: Requirement) -> str:
    try:
        there = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(there, prereleases=True):
        return ""
    return f"{requirement.name} is {there}, not {requirement.specifier}"


def home(settings: Settings) -> Iterator[Finding]:
    """Whether there is a folder to write to, room in it, and a clock that does not go back."""
    folder = settings.home
    there = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with TemporaryFile(dir=there):
            pass
    except OSError as error:
        yield problem(
            "home",
            f"{there} cannot be written to ({error.strerror})",
            "give this user the right to, or choose another folder: SALES_ASSETS_HOME",
        )
        return
    yield ok("home", str(folder) if there == folder else f"{folder}, made by the first command")
    yield _room(settings, there)
    yield _clock(folder)


def _room(settings: Settings, there: Path) -> Finding:
    free = shutil.disk_usage(there).free
    told = f"{free / GIGABYTE:,.1f} GB are free at {there}"
    if free < NO_ROOM:
        return problem("disk", told, "make room, or choose another disk: SALES_ASSETS_HOME")
    file = settings.warehouse_file
    # Building the models copies the file for those who read meanwhile, and rewrites parts of it.
    needed = file.stat().st_size if settings.warehouse_snapshot and file.exists() else 0
    if free < max(LITTLE_ROOM, 2 * needed):
        return warning(
            "disk",
            told,
            "make room: a backfill needs some GB, and the models twice the warehouse's "
            f"{needed / GIGABYTE:,.1f} GB"
            if needed
            else "make room: a large backfill needs some GB",
        )
    return ok("disk", told)


def _clock(folder: Path) -> Finding:
    """Compare with what was written last: days, retries and leases go by the clock."""
    written = max((_modified(file) for file in folder.glob("*")), default=0.0)
    now = datetime.now(UTC)
    told = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if written > now.timestamp() + CLOCK_SECONDS:
        last = datetime.fromtimestamp(written, UTC)
        return problem(
            "clock",
            f"{told}, but {folder} was written to at {last:%Y-%m-%d %H:%M:%S} UTC",
            "set the clock, best by NTP",
        )
    return ok("clock", told)


def _modified(file: Path) -> float:
    try:
        return file.lstat().st_mtime
    except OSError:
        return 0.0
