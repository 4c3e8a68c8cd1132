"""Backups in a bucket.

Belongs here: the same as in a folder (`store`), as objects. Does not: the calls of S3
(`resources.s3_bucket`).
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sales_assets.backup.store import (
    FILES,
    NAME,
    SUFFIX,
    Backups,
    FolderBackups,
    one_at_a_time,
    path_of,
)
from sales_assets.errors import UsageError
from sales_assets.places import bucket_and_prefix
from sales_assets.resources.in_bucket import root_of
from sales_assets.resources.s3_bucket import Bucket, NoSuchKeyError
from sales_assets.settings import PREFIX, Settings

_FILES_AT_ONCE, _BYTES_AT_ONCE = 200, 64 * 1024 * 1024
"""What waits for an upload at most: uploads go side by side."""


class BucketBackups(Backups):
    """Backups below a prefix of a bucket; `work` is a folder here for files on their way."""

    def __init__(self, bucket: Bucket, prefix: str, work: Path) -> None:
        self._bucket = bucket
        self._root = root_of(prefix)
        self._work = work
        self._waiting: list[tuple[Path, str]] = []
        self.address = f"s3://{bucket.name}/{self._root}"

    @contextmanager
    def working(self) -> Iterator[Path]:
        """A folder in the home."""
        self._work.parent.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(Path(f"{self._work}.lock"), self.address):
            shutil.rmtree(self._work, ignore_errors=True)
            self._work.mkdir(mode=0o700)
            try:
                yield self._work
            finally:
                self._waiting.clear()
                shutil.rmtree(self._work, ignore_errors=True)

    def keep(self, file: Path, digest: str) -> None:
        """Upload it, with others; by a name of its own, as the next one may have this one's."""
        waiting = file.rename(self._work / digest)
        self._waiting.append((waiting, self._root + path_of(digest)))
        size = sum(one.stat().st_size for one, _ in self._waiting)
        if len(self._waiting) >= _FILES_AT_ONCE or size >= _BYTES_AT_ONCE:
            self.settle()

    def settle(self) -> None:
        """Upload what waits for others."""
        self._bucket.upload(self._waiting)
        for file, _ in self._waiting:
            file.unlink()
        self._waiting.clear()

    def sizes(self) -> dict[str, int]:
        """By a listing."""
        pages = self._bucket.pages(f"{self._root}{FILES}/")
        return {found.key.rpartition("/")[2]: found.size for page in pages for found in page}

    def names(self) -> list[str]:
        """By the manifests."""
        keys = (found.key for page in self._bucket.pages(self._root, below=False) for found in page)
        names = (key.removeprefix(self._root) for key in keys if key.endswith(SUFFIX))
        return sorted(n for name in names if NAME.fullmatch(n := name.removesuffix(SUFFIX)))

    def read(self, name: str) -> str:
        """The text of its object."""
        with TemporaryDirectory() as folder:
            file = Path(folder, "manifest")
            self._bucket.fetch(f"{self._root}{name}{SUFFIX}", file)
            return file.read_text(encoding="utf-8")

    def write(self, name: str, manifest: str) -> None:
        """Upload it; an object is there completely or not at all."""
        with TemporaryDirectory() as folder:
            file = Path(folder, "manifest")
            file.write_text(manifest, encoding="utf-8")
            self._bucket.upload([(file, f"{self._root}{name}{SUFFIX}")])

    @contextmanager
    def file(self, digest: str) -> Iterator[Path]:
        """A download."""
        with TemporaryDirectory() as folder:
            file = Path(folder, "file")
            try:
                self._bucket.fetch(self._root + path_of(digest), file)
            except NoSuchKeyError as error:
                raise self._lost(digest) from error
            yield file

    def forget(self, names: Collection[str]) -> None:
        """Delete the manifests."""
        self._bucket.delete(f"{self._root}{name}{SUFFIX}" for name in names)

    def delete(self, digests: Collection[str]) -> None:
        """Delete the objects."""
        self._bucket.delete(self._root + path_of(digest) for digest in digests)


def open_backups(settings: Settings, place: str | None) -> Backups:
    """The place of backups that somebody named, or that the settings name.

    Raises UsageError if neither does, or if it is in the home that it is to outlive.
    """
    place = place or settings.backup_to
    if place is None:
        raise UsageError(
            f"Say where: name a folder or s3://bucket/prefix, or set {PREFIX}BACKUP_TO"
        )
    if place.startswith("s3://"):
        found = bucket_and_prefix(place)
        if found is None:
            raise UsageError(f"{place}: is no s3://bucket/prefix with a bucket's name")
        name, prefix = found
        bucket = Bucket(
            name,
            f"{PREFIX}BACKUP_TO",
            region=settings.s3_region,
            endpoint_url=settings.s3_endpoint_url,
            kms_key=settings.s3_kms_key,
        )
        return BucketBackups(bucket, prefix, settings.home / ".backup")
    folder = Path(place).absolute()
    for own in (settings.home, settings.landing_folder):
        if folder.resolve().is_relative_to(own.resolve()):
            raise UsageError(f"{place}: is in {own}, which a backup is to outlive; name another")
    return FolderBackups(folder)
