"""The landing zone: where people and machines drop CSV files, in a directory or on S3.

Belongs here: what a drop is, and what every zone can do. Does not: a zone
(`directory_landing_zone`, `s3_landing_zone`), which day a drop is for (`contracts.inspection`), or
what was read of it before (`catalogue`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import dagster as dg

from sales_assets.errors import DropError
from sales_assets.resources.globs import fixed_folder, matches

UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".swp", "~")
"""Endings that programs give to files while they write them; such files are left alone."""


def is_finished(name: str) -> bool:
    """Whether a file of this name counts as a drop."""
    return not name.startswith(".") and not name.endswith(UNFINISHED)


def is_drop(file: str, pattern: str) -> bool:
    """Whether a file at this path below the root is a drop by a glob."""
    return is_finished(PurePosixPath(file).name) and matches(file, pattern)


@dataclass(frozen=True)
class Drop:
    """A file in the landing zone as a listing shows it; `file` is its path below the root.

    An `etag` says which version of the file it is, where the zone has such a thing. Such a file
    appears whole, and another content has another ETag, whatever its size and time.
    """

    file: str
    size: int
    modified_ns: int
    etag: str = ""


class LandingZone(dg.ConfigurableResource[Any], ABC):
    """Drops by their path below a root, which holds a folder for each source's drops."""

    @property
    @abstractmethod
    def address(self) -> str:
        """Where the root is: the drops of another zone are others, whatever their names."""

    @abstractmethod
    def list(self, pattern: str) -> list[Drop]:
        """The finished drops that match a glob below the root, sorted by name.

        There are none where the folder that the glob begins with is away.
        """

    def any_drop(self, pattern: str) -> Drop | None:
        """One of the drops that `list` gives, or None if there is none."""
        return next(iter(self.list(pattern)), None)

    @abstractmethod
    def is_away(self, pattern: str) -> bool:
        """Whether the folder that a glob begins with is not there, as when a share is not mounted.

        Raises TransientError or PermanentError if it cannot be told.
        """

    @abstractmethod
    def stat(self, file: str) -> Drop | None:
        """One drop, or None if it is gone."""

    def look(self, files: Sequence[str]) -> Sequence[Drop]:
        """Those of some drops that are there."""
        return [found for file in files if (found := self.stat(file)) is not None]

    @abstractmethod
    def local(self, drop: Drop) -> AbstractContextManager[Path]:
        """A local path of the drop's bytes, valid inside the block.

        Raises DropError if the drop is gone, or another version of it is there than the one that
        was listed, or it cannot be named.
        """

    def try_to_read(self, drop: Drop) -> None:
        """Read the beginning of a drop; raises as `local` does, or OSError."""
        with self.local(drop) as path, path.open("rb") as file:
            file.read(1)

    def put(self, local: Path, pattern: str, name: str | None = None) -> Drop:
        """Copy a file into the folder of a source's drops, visible only when it is complete.

        Raises DropError if the name does not match the glob that the contract gives, or is one
        that is left alone.
        """
        file = target(pattern, name or local.name)
        self._copy(local, file)
        drop = self.stat(file)
        if drop is None:
            raise removed(file)
        return drop

    @abstractmethod
    def _copy(self, local: Path, file: str) -> None:
        """Copy a local file to a path below the root, complete or not at all."""


def target(pattern: str, name: str) -> str:
    """Where a file of a name is landed, for the glob that the contract gives.

    Raises DropError if the glob does not take it there, or it would be left alone.
    """
    file = f"{fixed_folder(pattern)}/{name}".lstrip("/")
    if not matches(file, pattern):
        raise DropError(f"{name}: the contract takes files named {PurePosixPath(pattern).name}")
    if not is_finished(name):
        raise DropError(f"{name}: such a name is left alone as unfinished; name it otherwise")
    return file


def removed(file: str) -> DropError:
    """The error for a drop that went."""
    return DropError(f"{file}: was removed from the landing zone while it was being read")
