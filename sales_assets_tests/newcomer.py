"""What a newcomer has and types: a fresh clone of the project, and the commands of a text.

Belongs here: taking commands out of Markdown, and running them as typed, one after the other. Does
not: any expectation.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sales_assets_tests.harness import PROJECT


def blocks_of(markdown: str) -> list[str]:
    """The commands to type, block by block: those fenced as `sh`."""
    return re.findall(r"```sh\n(.*?)```", markdown, flags=re.DOTALL)


def commands_of(markdown: str) -> list[str]:
    """The commands to type, each a line."""
    return [line for block in blocks_of(markdown) for line in block.splitlines() if line.strip()]


def clone_of_project(folder: Path) -> Path:
    """A copy of the project as a newcomer clones it, with this environment as its `.venv`."""
    if not (Path(sys.prefix) / ".installed").exists():
        pytest.skip("the tests do not run in the virtual environment that make installs")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


class Terminal:
    """A terminal in a clone: its own package and home come before the installed ones."""

    def __init__(self, clone: Path) -> None:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SALES_ASSETS_", "DAGSTER_"))
        }
        self.folder = clone
        self.env = {**kept, "PYTHONPATH": str(clone)}

    def type(self, command: str) -> subprocess.CompletedProcess[str]:
        """Do one command, which has to succeed; `export` and `unset` hold for the next ones."""
        words = command.split()
        if words[0] == "export":
            name, _, value = command.removeprefix("export ").partition("=")
            self.env[name] = value.replace("$PWD", str(self.folder))
            command = "true"
        elif words[0] == "unset":
            self.env = {name: value for name, value in self.env.items() if name not in words}
            command = "true"
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done
