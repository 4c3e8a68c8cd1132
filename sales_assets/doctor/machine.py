"""The machine: packages, the home folder and the others that are written to.

Belongs here: what needs no service. Does not: what lies in the folders (`databases`, `warehouse`).
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryFile

from packaging.requirements import Requirement

from sales_assets.doctor.findings import Finding, ok, problem, warning
from sales_assets.setting_kinds import ExecutorKind, WarehouseKind
from sales_assets.settings import Settings

LITTLE_ROOM, NO_ROOM = 2 * 2**30, 256 * 2**20
"""Bytes: with less than the first a large backfill may not fit, with less than the second none."""
GIGABYTE = 1e9
CLOCK_SECONDS = 60
"""Seconds that a file may be younger than now: the clock of a file server may run ahead."""


def packages(settings: Settings) -> Iterator[Finding]:
    """Whether every package is there, and of a version that the project was made for."""
    extras = {""}
    on_postgresql = settings.catalogue_address.startswith("postgresql")
    if (
        settings.executor is ExecutorKind.CELERY
        or settings.dagster_postgres_url is not None
        or on_postgresql
    ):
        extras.add("distributed")
    wanted = [Requirement(text) for text in metadata.requires("sales-assets") or ()]
    wanted = [
        requirement
        for requirement in wanted
        if requirement.marker is None
        or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)
    ]
    versions = {requirement: _version(requirement.name) for requirement in wanted}
    missing = [requirement.name for requirement, there in versions.items() if there is None]
    other = [
        f"{requirement.name} is {there}, not {requirement.specifier}"
        for requirement, there in versions.items()
        if there is not None and not requirement.specifier.contains(there, prereleases=True)
    ]
    python = f"Python {'.'.join(map(str, sys.version_info[:3]))}"
    extra = "[distributed]" if "distributed" in extras else ""
    install = f"pip install --constraint constraints.txt --editable '.{extra}', or a newer image"
    if missing:
        yield problem("packages", f"{python}; not installed: {', '.join(missing)}", install)
    elif other:
        yield warning("packages", f"{python}; untried: {'; '.join(other)}", install)
    else:
        yield ok("packages", f"{python}, Dagster {metadata.version('dagster')}, all there")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def home(settings: Settings) -> Iterator[Finding]:
    """Whether there is a folder to write to, room in it, and a clock that does not go back."""
    folder = settings.home
    if complaint := unwritable(folder):
        yield problem("home", complaint, "give this user the right to, or set SALES_ASSETS_HOME")
        return
    yield ok("home", str(folder) if folder.exists() else f"{folder}, made by the first command")
    yield _room(settings)
    yield _clock(folder)


def unwritable(path: Path) -> str:
    """Why a file or folder cannot be written to or made; empty if it can."""
    there = _nearest(path)
    if there.is_file():
        if there != path:
            return f"{there} is a file, and no folder for {path}"
        return "" if os.access(there, os.W_OK) else f"{there} cannot be written to"
    try:
        with TemporaryFile(dir=there):
            return ""
    except OSError as error:
        return f"{there} cannot be written to ({error.strerror})"


def _nearest(path: Path) -> Path:
    """The path, or what of the folders above it is there."""
    # Path.exists raises where a folder above may not be entered.
    return next(part for part in (path, *path.parents) if os.path.exists(part))  # noqa: PTH110


def _room(settings: Settings) -> Finding:
    there = _nearest(settings.home)
    free = shutil.disk_usage(there).free
    told = f"{free / GIGABYTE:,.1f} GB are free at {there}"
    if free < NO_ROOM:
        return problem("disk", told, "make room, or choose another disk: SALES_ASSETS_HOME")
    needed = _copied(settings)
    if free < max(LITTLE_ROOM, 2 * needed):
        of_models = f", and the models twice the warehouse's {needed / GIGABYTE:,.1f} GB"
        more = of_models if needed else ""
        return warning("disk", told, f"make room: a large backfill needs some GB{more}")
    return ok("disk", told)


def _copied(settings: Settings) -> int:
    """Bytes of the file that is copied for readers before the models are built in it."""
    embedded = settings.warehouse is WarehouseKind.DUCKDB
    if not embedded or not settings.warehouse_snapshot or not settings.warehouse_file.exists():
        return 0
    return settings.warehouse_file.stat().st_size


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
