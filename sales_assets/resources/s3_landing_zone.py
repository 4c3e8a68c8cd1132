"""The landing zone in a bucket.

Belongs here: drops as objects. Does not: what is a drop (`landing_zone`), the calls of S3
(`s3_bucket`), or who tells that an object came (`sqs_landing_events`).
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from sales_assets.errors import DropError
from sales_assets.resources.globs import fixed_folder, fixed_prefix
from sales_assets.resources.in_bucket import InBucket
from sales_assets.resources.landing_zone import Drop, LandingZone, is_drop, removed
from sales_assets.resources.s3_bucket import ChangedKeyError, NoSuchKeyError, Object

LONGEST_NAME = 60
"""Characters of a key's end that a downloaded file is named with: a file's name has 255 bytes, a
key's last part up to 1,024, and only its ending says how the file is read."""


class S3LandingZone(InBucket, LandingZone):
    """Objects in a bucket, below a prefix.

    The ETag is the version of a drop, and S3's clock says when it came. S3 has no folders: one is
    there if any key begins with it, so that a prefix with nothing at all below it is away, as a
    missing directory is. An object named like the folder with a slash at its end, as S3's console
    makes one for "Create folder", keeps it there when the last drop goes.

    For failures see `s3_bucket.Bucket`.
    """

    setting: ClassVar[str] = "SALES_ASSETS_LANDING_ZONE"

    @property
    def address(self) -> str:
        """The s3:// address of the prefix."""
        return f"s3://{self.bucket}/{self._root}"

    def _drop(self, found: Object) -> Drop:
        file = found.key[len(self._root) :]
        return Drop(file, found.size, found.modified_ns, found.etag)

    def list(self, pattern: str) -> builtins.list[Drop]:
        """The finished drops that match a glob below the prefix, sorted by name.

        Only keys that begin as the glob does are listed, and none of folders that it leaves out.
        """
        return sorted(self._drops(pattern), key=lambda drop: drop.file)

    def any_drop(self, pattern: str) -> Drop | None:
        """The first drop in the order of keys; what comes after it is not listed."""
        return next(self._drops(pattern), None)

    def _drops(self, pattern: str) -> Iterator[Drop]:
        below = "/" in pattern[len(fixed_folder(pattern)) :].lstrip("/")
        for page in self._bucket.pages(self._root + fixed_prefix(pattern), below=below):
            yield from (drop for drop in map(self._drop, page) if is_drop(drop.file, pattern))

    def is_away(self, pattern: str) -> bool:
        """Whether no key at all begins with the folder."""
        folder = fixed_folder(pattern)
        return not self._bucket.holds_any(self._root + (f"{folder}/" if folder else ""))

    def stat(self, file: str) -> Drop | None:
        """One drop, or None if it is gone."""
        found = self._bucket.head(self._root + file)
        return self._drop(found) if found else None

    def look(self, files: Sequence[str]) -> Sequence[Drop]:
        """Those of some drops that are there; one request for each."""
        found = self._bucket.heads([self._root + file for file in files])
        return [self._drop(one) for one in found if one is not None]

    @contextmanager
    def local(self, drop: Drop) -> Iterator[Path]:
        """A download in a temporary folder, removed after the block."""
        with TemporaryDirectory(prefix="sales-assets-") as folder:
            path = Path(folder, drop.file.rpartition("/")[2][-LONGEST_NAME:])
            try:
                self._bucket.fetch(self._root + drop.file, path, drop.etag)
            except NoSuchKeyError as error:
                raise removed(drop.file) from error
            except ChangedKeyError as error:
                raise DropError(
                    f"{drop.file}: changed since it was listed, and is another version now; "
                    "materialise the day again"
                ) from error
            yield path

    def try_to_read(self, drop: Drop) -> None:
        """Fetch the first byte, which takes all the rights that the whole takes."""
        self._bucket.fetch_first_byte(self._root + drop.file)

    def _copy(self, local: Path, file: str) -> None:
        self._bucket.upload([(local, self._root + file)])
