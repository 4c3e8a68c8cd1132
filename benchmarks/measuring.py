"""What a command costs, and on what machine and code it was measured.

Belongs here: running a command in a process of its own and reading what it took. Does not: which
commands there are (`contenders`, `growth`).

The process that measures imports nothing large: the kernel counts the peak of a parent's memory
for the child that it starts.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("dagster", "dagster-dbt", "dbt-core", "dbt-duckdb", "duckdb", "pandas", "pyarrow")
MEASURED = ("sales_assets", "dbt_project", "benchmarks")
CODE = {".py", ".sql", ".yml", ".yaml"}


@dataclass(frozen=True)
class Cost:
    """What commands and their children took.

    CPU seconds are user and system together, `mebibytes` is the peak of the largest process.
    """

    cpu: float
    wall: float
    mebibytes: float

    def __add__(self, other: Cost) -> Cost:
        peak = max(self.mebibytes, other.mebibytes)
        return Cost(self.cpu + other.cpu, self.wall + other.wall, peak)


def cost_of(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> tuple[Cost, str]:
    """The cost of a command run in the project's folder, and what it printed.

    Raises RuntimeError with all that it printed if it fails.
    """
    with tempfile.TemporaryFile("w+") as output:
        begun = time.monotonic()
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{text}")
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024), text


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without settings of the person who measures, and with some others."""
    ours = ("SALES_ASSETS_", "DAGSTER_", "DBT_", "TUTORIAL_")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    # The commands of packages, like dbt, are found beside this Python.
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    here = os.pathsep.join(filter(None, [str(PROJECT), kept.get("PYTHONPATH")]))
    return {**kept, "PATH": path, "PYTHONPATH": here, **more}


def machine() -> dict[str, str]:
    """What the figures depend on: processor, kernel, Python and packages; nothing that names it."""
    told = {
        "processor": _first(r"^model name\s*:\s*(.+)$", "/proc/cpuinfo") or platform.machine(),
        "cores": str(os.cpu_count()),
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
    }
    kibibytes = _first(r"^MemTotal:\s*(\d+) kB$", "/proc/meminfo")
    if kibibytes:
        told["memory"] = f"{int(kibibytes) / 1024**2:.0f} GiB"
    for package in PACKAGES:
        try:
            told[package] = version(package)
        except PackageNotFoundError:
            continue
    return told


def _first(pattern: str, file: str) -> str | None:
    """The first match in a file of Linux's, or nothing on another system."""
    try:
        found = re.search(pattern, Path(file).read_text(), re.MULTILINE)
    except OSError:
        return None
    return found[1] if found else None


def code_digest() -> str:
    """Which code is measured: a hash of the project's and the benchmarks' own files."""
    digest = hashlib.sha256()
    for folder in MEASURED:
        for file in sorted((PROJECT / folder).rglob("*")):
            inside = file.relative_to(PROJECT)
            if file.suffix in CODE and "target" not in inside.parts and file.is_file():
                digest.update(f"{inside.as_posix()}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:12]
