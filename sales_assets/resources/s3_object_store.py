"""The object store in a bucket.

Belongs here: keys below a prefix, and local copies. Does not: the calls of S3 (`s3_bucket`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from sales_assets.resources.object_store import ObjectStore, missing
from sales_assets.resources.s3_bucket import Bucket, NoSuchKeyError


class S3ObjectStore(ObjectStore):
    """Objects in a bucket, below a prefix; credentials come from AWS's standard chain.

    With `kms_key`, the id or ARN of a key in AWS KMS, every object is encrypted by it. For
    failures see `s3_bucket.Bucket`.
    """

    bucket: str
    prefix: str = ""
    region: str | None = None
    endpoint_url: str | None = None
    kms_key: str | None = None
    timeout: float = 30.0
    attempts: int = 5

    @cached_property
    def _bucket(self) -> Bucket:
        return Bucket(
            self.bucket,
            "SALES_ASSETS_S3_BUCKET",
            region=self.region,
            endpoint_url=self.endpoint_url,
            kms_key=self.kms_key,
            timeout=self.timeout,
            attempts=self.attempts,
        )

    def _key(self, key: str) -> str:
        return f"{self.prefix.strip('/')}/{key}".lstrip("/")

    def put(self, files: Sequence[tuple[Path, str]]) -> None:
        """Upload files, several at once; large ones in parts."""
        self._bucket.upload([(local, self._key(key)) for local, key in files])

    def find(self, prefix: str) -> list[str]:
        """The keys that begin with a prefix, read in pages."""
        skipped = len(self._key(""))
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
        return self._bucket.now(self._key(""))

    def address(self, key: str) -> str:
        """The object's s3:// address."""
        return f"s3://{self.bucket}/{self._key(key)}"
