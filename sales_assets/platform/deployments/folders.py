"""Where deployments keep what they make.

Belongs here: the folders and files below `platform` in the home, and who may look into them. Does
not: what is in them.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sales_assets.errors import PermanentError

_SOCKET_PATH = 100
"""Characters; Linux takes 107, macOS 103."""
_LONGEST_SOCKET_NAME = 36
_WHOLE_NAME, _CUT_NAME = 22, 16
"""How long a team's name may be to begin its sockets' names as it is, and what is left if not."""


@dataclass(frozen=True)
class Folders:
    """The places of an installation's deployments."""

    home: Path

    @property
    def root(self) -> Path:
        """The folder of all of it."""
        return self.home / "platform"

    @property
    def _own_root(self) -> Path:
        """The same, made for this user alone if it is not there."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.root

    @property
    def workspace(self) -> Path:
        """The file that webserver and daemon read the code locations from."""
        return self.root / "workspace.yaml"

    @property
    def children(self) -> Path:
        """The programs that a terminal's installation started."""
        return self.root / "children.json"

    def lock(self, name: str) -> Path:
        """The file that keeps two processes from doing the same."""
        return _made(self._own_root / "locks") / f"{name}.lock"

    def record(self, team: str) -> Path:
        """What is known of a team's deployments."""
        return _private(self._own_root / "records") / f"{team}.json"

    def releases(self, team: str) -> Path:
        """The checkouts of a team, each in a folder named by its number."""
        return _made(_private(self._own_root / "releases") / team)

    def environment(self, digest: str) -> Path:
        """A virtual environment, by what is in it."""
        return self.environments / digest

    @property
    def environments(self) -> Path:
        """The folder of all virtual environments."""
        return _private(self._own_root / "environments")

    def mirror(self, repository: str) -> Path:
        """The copy of a Git repository, which checkouts are made of."""
        name = hashlib.sha256(repository.encode()).hexdigest()[:16]
        return _private(self._own_root / "repositories") / f"{name}.git"

    def log(self, team: str, number: int) -> Path:
        """What the servers of a release wrote."""
        return _private(self._own_root / "logs") / f"{team}-{number}.log"

    def secrets(self, team: str) -> Path:
        """The file with a team's secrets; an operator writes it."""
        return _private(self._own_root / "secrets") / f"{team}.env"

    def new_socket(self, team: str) -> Path:
        """A path that no server has had, so that none can answer for another one."""
        return self.sockets / f"{socket_beginning(team)}{uuid.uuid4().hex[:8]}.sock"

    @cached_property
    def sockets(self) -> Path:
        """The folder of the servers' sockets, in which nobody else may look.

        Where the home's path is too long for a socket's address, it is a folder in /tmp.
        """
        own = self._own_root.absolute() / "sockets"
        if len(str(own)) + 1 + _LONGEST_SOCKET_NAME < _SOCKET_PATH:
            return _private(own)
        digest = hashlib.sha256(str(own).encode()).hexdigest()[:8]
        # TMPDIR may be as long as the home; the folder is refused if it is not this user's.
        return _private(Path("/tmp") / f"sa-{os.getuid()}-{digest}")  # noqa: S108


def socket_beginning(team: str) -> str:
    """How the names of a team's sockets begin, and those of no other team."""
    if len(team) < _WHOLE_NAME:
        return f"{team}-"
    digest = hashlib.sha256(team.encode()).hexdigest()
    return f"{team[:_CUT_NAME]}{digest[: _WHOLE_NAME - _CUT_NAME]}-"


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _private(folder: Path) -> Path:
    """A folder of this user alone.

    Raises PermanentError if it is somebody else's, as may be where all may make folders.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or folder.is_symlink():
        raise PermanentError(f"{folder}: belongs to somebody else; remove it")
    if found.st_mode & 0o077:
        folder.chmod(0o700)
    return folder
