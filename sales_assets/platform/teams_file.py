"""Reading teams.yaml, and reading it again after a change.

Belongs here: from the file to `Teams`, with errors that say where it is wrong. Does not: the
file's words and rules (`teams`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sales_assets.errors import UsageError
from sales_assets.platform.teams import Teams

_log = logging.getLogger("sales_assets")


class _Once(yaml.SafeLoader):
    """YAML in which a name that stands twice is an error, and not the later one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names: set[object] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if name in names:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{name!r} stands here for the second time", key.start_mark
                )
            names.add(name)
        return super().construct_mapping(node, deep)


def read_teams(file: Path) -> Teams:
    """The teams of a file.

    Raises UsageError naming the file, each wrong field and what is wrong with it.
    """
    try:
        data = yaml.load(file.read_text(encoding="utf-8"), _Once)  # noqa: S506 (a SafeLoader)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}); name another one") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: is no YAML: {error}") from error
    try:
        return Teams.model_validate(data)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" if one["loc"] else one["msg"]
            for one in error.errors()
        )
        raise UsageError(f"{file}: {wrong}") from error


def read_teams_if_right(file: Path) -> Teams | None:
    """The teams of a file; None if it is wrong, which is a warning.

    For definitions, which have to load whatever became of the file: runs under way need them.
    """
    try:
        return read_teams(file)
    except UsageError as error:
        _log.warning("The definitions load without the teams, and nothing is checked: %s", error)
        return None


class TeamsFile:
    """A file of teams that may change while a server runs.

    A change counts from the next question on. A file that has become wrong changes nothing: the
    last good one stays in force, and the log says why.
    """

    def __init__(self, file: Path) -> None:
        """Read the file; raises UsageError as `read_teams` does."""
        self.file = file
        self._lock = threading.Lock()
        self._seen = self._stamp()
        self._teams = read_teams(file)

    def current(self) -> Teams:
        """The teams as the file has them now."""
        stamp = self._stamp()
        if stamp != self._seen:
            with self._lock:
                if stamp != self._seen:
                    self._read_again(stamp)
        return self._teams

    def _read_again(self, stamp: tuple[int, int, int] | None) -> None:
        try:
            self._teams = read_teams(self.file)
        except UsageError as error:
            _log.error("The change of %s is not in force: %s", self.file, error)
        self._seen = stamp

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
