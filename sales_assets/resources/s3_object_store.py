"""The object store in a bucket.

Belongs here: keys below a prefix, and local copies. Does not: the calls of S3 (`s3_bucket`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from sales_assets.resources.in_bucket import InBucket
from sales_assets.resources.object_store import ObjectStore, missing
from sales_assets.resources.s3_bucket import NoSuchKeyError


class S3ObjectStore(InBucket, ObjectStore):
    """Objects in a bucket, below a prefix; for failures see `s3_bucket.Bucket`."""

    setting: ClassVar[str] = "SALES_ASSETS_S3_BUCKET"

    def _key(self, key: str) -> str:
        return self._root + key

    def put(self, files: Sequence[tuple[Path, str]]) -> None:
        """Upload files, several at once; large ones in parts."""
        self._bucket.upload([(local, self._key(key)) for local, key in files])

    def find(self, prefix: str) -> list[str]:
        """The keys that begin with a prefix, read in pages."""
        skipped = len(self._root)
        pages = self._bucket.pages(self._key(prefix))
        return sorted(found.key[skipped:] for page in pages for found in page)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, many in one request."""
        self._bucket.delete(map(self._key, keys))

    @contextmanager
    def local(self, keys: Sequence[str]) -> Iterator[list[Path]]:
        """Downloads in a temporary folder, removed after the block; several at once."""
        with TemporaryDirectory(prefix="sales-assets-") as folder:
            paths = [Path(folder, f"{number}.parquet") for number in range(len(keys))]
            try:
                self._bucket.download(list(zip(map(self._key, keys), paths, strict=True)))
            except NoSuchKeyError as error:
                raise missing(f"s3://{self.bucket}/{error.key}") from error
            yield paths

    def now(self) -> datetime:
        """S3's time, in UTC."""
        return self._bucket.now(self._root)

    def address(self, key: str) -> str:
        """The object's s3:// address."""
        return f"s3://{self.bucket}/{self._key(key)}"
