"""The object store in a directory.

Belongs here: objects as files. Does not: what keys mean (`staged_objects`).
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sales_assets.costs.moved import count_read, count_written, sizes
from sales_assets.resources.files import whole
from sales_assets.resources.object_store import ObjectStore, missing


class DirectoryObjectStore(ObjectStore):
    """Objects as files below a directory."""

    root: str

    def put(self, files: Sequence[tuple[Path, str]]) -> None:
        """Move files into place; each appears by an atomic rename."""
        for local, key in files:
            target, size = Path(self.root, key), local.stat().st_size
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.replace(local, target)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                with whole(target) as unfinished:  # the local file is on another file system
                    shutil.copyfile(local, unfinished)
            count_written(size)

    def find(self, prefix: str) -> list[str]:
        """The keys that begin with a prefix; unfinished files do not count."""
        root = Path(self.root)
        found = (
            path.relative_to(root).as_posix()
            for path in Path(root, prefix.rpartition("/")[0]).rglob("*")
            if not path.name.startswith(".") and path.is_file()
        )
        return sorted(key for key in found if key.startswith(prefix))

    def delete(self, keys: Iterable[str]) -> None:
        """Remove files."""
        for key in keys:
            path = Path(self.root, key)
            if path.is_file():
                path.unlink(missing_ok=True)

    @contextmanager
    def local(self, keys: Sequence[str]) -> Iterator[list[Path]]:
        """The files themselves."""
        paths = [Path(self.root, key) for key in keys]
        for key, path in zip(keys, paths, strict=True):
            if not path.is_file():
                raise missing(self.address(key))
        count_read(sizes(paths))
        yield paths

    def address(self, key: str) -> str:
        """The file's absolute path."""
        return str(Path(self.root, key).absolute())
