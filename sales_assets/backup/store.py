"""Where backups are kept: files by the hash of their content, and a manifest for each backup.

Belongs here: what every place of backups can do, and the one in a folder. Does not: the one in a
bucket (`bucket_store`), or what is in a backup (`making`).

A backup is there when its manifest is, which is written last and appears whole. Files by their
hash are stored once, however many backups have them, and those of a backup that was interrupted
are there for the next one.
"""

from __future__ import annotations

import os
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sales_assets.errors import PermanentError, TransientError, UsageError

FILES = "files"
"""The folder of the files, in which each has its hash for a name."""
SUFFIX = ".json"
"""Of manifests."""
NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z")
"""A backup's name: when it was begun, in UTC."""


class Backups(ABC):
    """A place with backups."""

    address: str

    @abstractmethod
    def working(self) -> AbstractContextManager[Path]:
        """An empty folder for files that are to be kept; nobody else works here meanwhile.

        What a killed process left in it is gone. Raises TransientError if another one works here.
        """

    @abstractmethod
    def keep(self, file: Path, digest: str) -> None:
        """Keep a file of the working folder under its hash; it is moved away."""

    @abstractmethod
    def settle(self) -> None:
        """See that all that was to be kept is."""

    @abstractmethod
    def sizes(self) -> dict[str, int]:
        """The files that are kept: hash -> bytes."""

    @abstractmethod
    def names(self) -> list[str]:
        """The complete backups, the oldest first."""

    @abstractmethod
    def read(self, name: str) -> str:
        """The manifest of a backup."""

    @abstractmethod
    def write(self, name: str, manifest: str) -> None:
        """Make a backup complete; while `working`."""

    @abstractmethod
    def file(self, digest: str) -> AbstractContextManager[Path]:
        """A kept file to read in the block; PermanentError if it is not there."""

    @abstractmethod
    def forget(self, names: Collection[str]) -> None:
        """Take back that these backups are complete."""

    @abstractmethod
    def delete(self, digests: Collection[str]) -> None:
        """Delete files that no backup has."""

    def chosen(self, name: str | None) -> str:
        """The backup of a name, or the newest; UsageError if there is none."""
        names = self.names()
        if not names:
            raise UsageError(f"{self.address}: there is no complete backup")
        if name is not None and name not in names:
            raise UsageError(
                f"{self.address}: there is no complete backup {name}; there are {', '.join(names)}"
            )
        return name or names[-1]

    def manifest_address(self, name: str) -> str:
        """Where a person finds a manifest."""
        return f"{self.address.rstrip('/')}/{name}{SUFFIX}"

    def _lost(self, digest: str) -> PermanentError:
        return PermanentError(
            f"{self.address.rstrip('/')}/{path_of(digest)} is not there; take another backup by "
            "--name"
        )


def path_of(digest: str) -> str:
    """Where a file lies, below the place of backups."""
    return f"{FILES}/{digest[:2]}/{digest}"


class FolderBackups(Backups):
    """Backups in a folder, which is for its owner alone: sales are in it, and maybe keys."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._work = folder, folder / ".unfinished"
        self.address = str(folder)

    @contextmanager
    def working(self) -> Iterator[Path]:
        """A folder beside the files, so that keeping one is a rename."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with one_at_a_time(self._folder / ".lock", self.address):
            work = self._work
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(mode=0o700)
            (self._folder / FILES).mkdir(mode=0o700, exist_ok=True)
            try:
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)

    def keep(self, file: Path, digest: str) -> None:
        """Rename it, after it has reached the disk: the name promises the content."""
        target = self._folder / path_of(digest)
        target.parent.mkdir(exist_ok=True, mode=0o700)
        file.chmod(0o600)
        _flush(file)
        os.replace(file, target)

    def settle(self) -> None:
        """Let the names of all files reach the disk before a manifest names them."""
        for folder in (self._folder / FILES).glob("*"):
            _flush(folder)

    def sizes(self) -> dict[str, int]:
        """By the folder."""
        return {file.name: file.stat().st_size for file in (self._folder / FILES).glob("*/*")}

    def names(self) -> list[str]:
        """By the manifests."""
        found = (file.stem for file in self._folder.glob(f"*{SUFFIX}"))
        return sorted(name for name in found if NAME.fullmatch(name))

    def read(self, name: str) -> str:
        """The text of its file."""
        return (self._folder / f"{name}{SUFFIX}").read_text(encoding="utf-8")

    def write(self, name: str, manifest: str) -> None:
        """Rename it into its place, from the working folder."""
        unfinished = self._work / "manifest"
        unfinished.touch(mode=0o600)
        unfinished.write_text(manifest, encoding="utf-8")
        _flush(unfinished)
        os.replace(unfinished, self._folder / f"{name}{SUFFIX}")
        _flush(self._folder)

    @contextmanager
    def file(self, digest: str) -> Iterator[Path]:
        """The file itself."""
        path = self._folder / path_of(digest)
        if not path.is_file():
            raise self._lost(digest)
        yield path

    def forget(self, names: Collection[str]) -> None:
        """Remove the manifests."""
        for name in names:
            (self._folder / f"{name}{SUFFIX}").unlink(missing_ok=True)

    def delete(self, digests: Collection[str]) -> None:
        """Remove the files."""
        for digest in digests:
            (self._folder / path_of(digest)).unlink(missing_ok=True)


@contextmanager
def one_at_a_time(lock: Path, place: str) -> Iterator[None]:
    """Keep other backups out; TransientError if one is under way."""
    try:
        with FileLock(lock, timeout=0, mode=0o600):
            yield
    except Timeout as error:
        raise TransientError(
            f"{place}: another backup or restore is under way; try again when it has ended"
        ) from error


def _flush(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
