"""The Python that a release runs with.

Belongs here: virtual environments, each made once for all releases that need the same packages.
Does not: the release's own code, which is found by PYTHONPATH: so releases share an environment
without one of them being the one that is installed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import sys
import time
import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sales_assets.errors import PermanentError
from sales_assets.platform.deployments.commands import call
from sales_assets.platform.deployments.folders import Folders
from sales_assets.platform.deployments.locks import held

_COMPLETE = "complete"
_UNUSED_SECONDS = 86_400
"""One that nobody uses may be that of a deployment which has just begun."""
_log = logging.getLogger("sales_assets")


class Environments(Protocol):
    """Gives releases a Python."""

    def python_for(self, code: Path) -> Path:
        """The Python for the code in a folder; it is made if need be."""

    def prune(self, used: Set[Path]) -> None:
        """Remove what no release uses; `used` are the Pythons in use."""


class OwnEnvironment:
    """The environment that this process has, for code that is developed in it."""

    def python_for(self, code: Path) -> Path:  # noqa: ARG002 (others need it)
        """This process's Python."""
        return Path(sys.executable)

    def prune(self, used: Set[Path]) -> None:
        """Nothing is made, and so nothing is removed."""


@dataclass(frozen=True)
class VirtualEnvironments:
    """An environment for each set of packages that releases say they need.

    `environment` is pip's: an index, a proxy or `PIP_NO_INDEX` are set there.
    """

    folders: Folders
    environment: Mapping[str, str]
    seconds: float
    """How long making one may take."""
    extras: tuple[str, ...] = ()

    def python_for(self, code: Path) -> Path:
        """The Python for a release; its pyproject.toml and constraints.txt say what it needs."""
        needed, constraints = _needed(code, self.extras), _constraints(code)
        folder = self.folders.environment(_digest(needed, constraints))
        python = folder / "bin" / "python"
        with held(self.folders.lock(f"environment-{folder.name}"), self.seconds):
            if (folder / _COMPLETE).is_file():
                (folder / _COMPLETE).touch()
                return python
            _log.info("Making the virtual environment %s", folder.name)
            shutil.rmtree(folder, ignore_errors=True)
            try:
                self._make(folder, needed, constraints)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        return python

    def _make(self, folder: Path, needed: list[str], constraints: str) -> None:
        self._call("venv", [sys.executable, "-m", "venv", "--without-pip", str(folder)])
        (folder / "requirements.txt").write_text("\n".join([*needed, ""]))
        (folder / "constraints.txt").write_text(constraints)
        if needed:
            # This process's pip installs into it: a pip in each environment takes as long as all.
            pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
            how = ["install", "--disable-pip-version-check", "--no-input"]
            files = ["-r", str(folder / "requirements.txt"), "-c", str(folder / "constraints.txt")]
            self._call("pip", [*pip, *how, *files])
        (folder / _COMPLETE).touch()

    def _call(self, what: str, command: list[str]) -> None:
        call(command, what=what, environment=self.environment, seconds=self.seconds)

    def prune(self, used: Set[Path]) -> None:
        """Remove environments that no release has used for a day."""
        names = {python.parent.parent.name for python in used}
        for folder in self.folders.environments.iterdir():
            marker = folder / _COMPLETE
            try:
                used_at = (marker if marker.is_file() else folder).stat().st_mtime
            except FileNotFoundError:  # another team's deployment has just removed it
                continue
            if folder.name not in names and time.time() - used_at > _UNUSED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _needed(code: Path, extras: tuple[str, ...]) -> list[str]:
    """The packages that a project says it needs."""
    file = _own(code / "pyproject.toml")
    try:
        project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    except FileNotFoundError as error:
        raise PermanentError(f"{file.name}: is not in the release; it says what to install") from (
            error
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PermanentError(f"{file.name}: is no TOML: {error}") from error
    if {"dependencies", "optional-dependencies"} & set(project.get("dynamic", ())):
        raise PermanentError(f"{file.name}: its dependencies are dynamic; list them in the file")
    optional = project.get("optional-dependencies", {})
    wanted = [one for extra in extras for one in optional.get(extra, ())]
    return [*project.get("dependencies", ()), *wanted]


def _constraints(code: Path) -> str:
    file = _own(code / "constraints.txt")
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _own(file: Path) -> Path:
    """A file of the release; a link may lead to what only this process may read."""
    if file.is_symlink():
        raise PermanentError(f"{file.name}: is a symbolic link; put the file itself there")
    return file


def _digest(needed: list[str], constraints: str) -> str:
    version = f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}"
    text = json.dumps([version, sys.platform, sorted(needed), constraints])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
