"""The landing zone: where people and machines drop CSV files.

Belongs here: listing, opening and adding drops. Does not: which day a drop is for
(`contracts.inspection`), or what was read of it before (`catalogue`).
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import dagster as dg

from sales_assets.errors import DropError, TransientError
from sales_assets.resources.files import whole

UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".swp", "~")
"""Endings that programs give to files while they write them; such files are left alone."""


def is_finished(name: str) -> bool:
    """Whether a file of this name counts as a drop."""
    return not name.startswith(".") and not name.endswith(UNFINISHED)


@dataclass(frozen=True)
class Drop:
    """A file in the landing zone as a listing shows it; `file` is its path below the root."""

    file: str
    size: int
    modified_ns: int


class LandingZone(dg.ConfigurableResource[Any]):
    """A directory as landing zone; `root` holds a folder for each source's drops."""

    root: str

    def list(self, pattern: str) -> list[Drop]:
        """The finished drops that match a glob below the root, sorted by name.

        Odd bytes of a name that is not UTF-8 are shown in hexadecimal, and `local` refuses it.
        """
        root = Path(self.root)
        if self.is_away(pattern):
            return []
        drops = []
        for path in root.glob(pattern):
            if not is_finished(path.name):
                continue
            file = os.fsencode(path.relative_to(root)).decode("utf-8", "backslashreplace")
            with suppress(FileNotFoundError):  # it went since the folder was read
                found = path.stat()
                if stat.S_ISREG(found.st_mode):
                    name = PurePath(file).as_posix()
                    drops.append(Drop(name, found.st_size, found.st_mtime_ns))
        return sorted(drops, key=lambda drop: drop.file)

    def is_away(self, pattern: str) -> bool:
        """Whether the folder that a glob begins with is not there, as when a share is not mounted.

        Raises TransientError if it is there and cannot be read.
        """
        fixed = takewhile(lambda part: not set(part) & set("*?["), PurePosixPath(pattern).parts)
        folder = Path(self.root, *list(fixed)[: len(PurePosixPath(pattern).parts) - 1])
        try:
            os.scandir(folder).close()
        except FileNotFoundError:
            return True
        except OSError as error:
            raise TransientError(f"{folder}: the drops cannot be listed ({error})") from error
        return False

    def stat(self, file: str) -> Drop | None:
        """One drop, or None if it is gone."""
        try:
            found = Path(self.root, file).stat()
        except FileNotFoundError:
            return None
        return Drop(file, found.st_size, found.st_mtime_ns)

    @contextmanager
    def local(self, file: str) -> Iterator[Path]:
        """A local path of the drop's bytes, valid inside the block.

        Raises DropError if the drop is gone, or cannot be named.
        """
        path = Path(self.root, file)
        if not path.is_file():
            raise DropError(
                f"{file}: its name is not UTF-8; drop the file again under another name"
                if "\\x" in file
                else f"{file}: was removed from the landing zone while it was being read"
            )
        yield path

    def put(self, local: Path, pattern: str, name: str | None = None) -> Drop:
        """Copy a file into the folder of a source's drops, visible only when it is complete.

        Raises DropError if the name does not match the glob that the contract gives, or is one
        that is left alone.
        """
        name = name or local.name
        file = (PurePosixPath(pattern).parent / name).as_posix()
        if not PurePosixPath(file).match(pattern):
            raise DropError(f"{name}: the contract takes files named {PurePosixPath(pattern).name}")
        if not is_finished(name):
            raise DropError(f"{name}: such a name is left alone as unfinished; name it otherwise")
        target = Path(self.root, file)
        with whole(target) as unfinished:
            shutil.copyfile(local, unfinished)
        drop = self.stat(file)
        assert drop is not None
        return drop
