"""The object store: where staged Parquet lies, in a directory or on S3.

Belongs here: putting, finding, fetching and deleting objects by key. Does not: what the keys
mean (`staged_objects`) or what is in the objects (`contracts.staging`).
"""

from __future__ import annotations

import os
import shutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from dagster_aws.s3 import S3Resource


class ObjectStore(dg.ConfigurableResource[Any], ABC):
    """Objects by key; a key is a relative path with forward slashes.

    An object is there completely or not at all, and never changes half-way.
    """

    @abstractmethod
    def put(self, files: Sequence[tuple[Path, str]]) -> None:
        """Store local files under keys; the local files may be moved away."""

    @abstractmethod
    def find(self, prefix: str) -> list[str]:
        """The keys that begin with a prefix, sorted."""

    @abstractmethod
    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; a key that is not there is no error."""

    @abstractmethod
    def local(self, keys: Sequence[str]) -> Any:
        """A context manager that gives local paths of the objects, in the keys' order."""

    @abstractmethod
    def address(self, key: str) -> str:
        """Where a person or another tool finds the object."""


class DirectoryObjectStore(ObjectStore):
    """Objects as files below a directory."""

    root: str

    def put(self, files: Sequence[tuple[Path, str]]) -> None:
        """Move files into place; each appears by an atomic rename."""
        for local, key in files:
            target = Path(self.root, key)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.replace(local, target)
            except OSError:  # the local file lies on another file system
                unfinished = target.with_name(f".{uuid.uuid4().hex}.tmp")
                shutil.copyfile(local, unfinished)
                os.replace(unfinished, target)

    def find(self, prefix: str) -> list[str]:
        """The keys below a prefix; unfinished files do not count."""
        root = Path(self.root)
        folder = root / prefix
        found = folder.rglob("*") if folder.is_dir() else folder.parent.glob(f"{folder.name}*")
        return sorted(
            path.relative_to(root).as_posix()
            for path in found
            if path.is_file() and not path.name.startswith(".")
        )

    def delete(self, keys: Iterable[str]) -> None:
        """Remove files."""
        for key in keys:
            Path(self.root, key).unlink(missing_ok=True)

    @contextmanager
    def local(self, keys: Sequence[str]) -> Iterator[list[Path]]:
        """The files themselves."""
        yield [Path(self.root, key) for key in keys]

    def address(self, key: str) -> str:
        """The file's absolute path."""
        return str(Path(self.root, key).absolute())


class S3ObjectStore(ObjectStore):
    """Objects in a bucket, below a prefix, through dagster-aws' S3 resource."""

    bucket: str
    prefix: str = ""
    region: str | None = None
    endpoint_url: str | None = None

    def _resource(self) -> S3Resource:
        from dagster_aws.s3 import S3Resource

        return S3Resource(region_name=self.region, endpoint_url=self.endpoint_url)

    def _key(self, key: str) -> str:
        return f"{self.prefix.strip('/')}/{key}".lstrip("/")

    def put(self, files: Sequence[tuple[Path, str]]) -> None:
        """Upload files; large ones in parts, each object visible when it is complete."""
        client = self._resource().get_client()
        for local, key in files:
            client.upload_file(str(local), self.bucket, self._key(key))

    def find(self, prefix: str) -> list[str]:
        """The keys below a prefix, read in pages."""
        pages = (
            self._resource()
            .get_client()
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self.bucket, Prefix=self._key(prefix))
        )
        skipped = len(self._key(""))
        return sorted(item["Key"][skipped:] for page in pages for item in page.get("Contents", []))

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, up to 1,000 in one request as S3 allows."""
        client = self._resource().get_client()
        pending = [{"Key": self._key(key)} for key in keys]
        for start in range(0, len(pending), 1000):
            client.delete_objects(
                Bucket=self.bucket,
                Delete={"Objects": pending[start : start + 1000], "Quiet": True},
            )

    @contextmanager
    def local(self, keys: Sequence[str]) -> Iterator[list[Path]]:
        """Downloads in a temporary folder, removed after the block."""
        client = self._resource().get_client()
        with TemporaryDirectory(prefix="sales-assets-") as folder:
            paths = [Path(folder, f"{number}.parquet") for number in range(len(keys))]
            for key, path in zip(keys, paths, strict=True):
                client.download_file(self.bucket, self._key(key), str(path))
            yield paths

    def address(self, key: str) -> str:
        """The object's s3:// address."""
        return f"s3://{self.bucket}/{self._key(key)}"
