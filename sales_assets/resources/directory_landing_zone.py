"""The landing zone in a directory.

Belongs here: drops as files. Does not: what is a drop (`landing_zone`).
"""

from __future__ import annotations

import builtins
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

from sales_assets.costs.moved import count_read, count_written, sizes
from sales_assets.errors import DropError, TransientError
from sales_assets.resources.files import whole
from sales_assets.resources.globs import fixed_folder
from sales_assets.resources.landing_zone import Drop, LandingZone, is_finished, removed


class DirectoryLandingZone(LandingZone):
    """A directory as landing zone; drops have no ETag."""

    root: str

    @property
    def address(self) -> str:
        """The directory."""
        return self.root

    def list(self, pattern: str) -> builtins.list[Drop]:
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
        """Whether there is no such folder; TransientError if it is there and cannot be read."""
        folder = Path(self.root, fixed_folder(pattern))
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
    def local(self, drop: Drop) -> Iterator[Path]:
        """The file itself."""
        path = Path(self.root, drop.file)
        if not path.is_file():
            if "\\x" not in drop.file:
                raise removed(drop.file)
            raise DropError(
                f"{drop.file}: its name is not UTF-8; drop the file again under another name"
            )
        count_read(sizes([path]))
        yield path

    def _copy(self, local: Path, file: str) -> None:
        with whole(Path(self.root, file)) as unfinished:
            shutil.copyfile(local, unfinished)
        count_written(sizes([local]))
