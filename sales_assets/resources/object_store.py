"""The object store: where staged Parquet lies, in a directory or on S3.

Belongs here: putting, finding, fetching and deleting objects by key. Does not: what the keys
mean (`staged_objects`) or what is in the objects (`contracts.staging`).
"""

from __future__ import annotations

import errno
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg

from sales_assets.errors import PermanentError, TransientError
from sales_assets.resources.files import whole

DELETE_AT_ONCE = 1000
"""The most objects that S3 deletes in one request."""
PASSING = frozenset({"InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown"})
"""S3's words for what may succeed later, also where the answer as a whole was a success."""


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
    def local(self, keys: Sequence[str]) -> AbstractContextManager[list[Path]]:
        """Give local paths of the objects, in the keys' order, valid inside the block.

        Raises PermanentError if an object is not there.
        """

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
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                with whole(target) as unfinished:  # the local file is on another file system
                    shutil.copyfile(local, unfinished)

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
                raise _missing(self.address(key))
        yield paths

    def address(self, key: str) -> str:
        """The file's absolute path."""
        return str(Path(self.root, key).absolute())


class S3ObjectStore(ObjectStore):
    """Objects in a bucket, below a prefix; credentials come from AWS's standard chain.

    A server that does not answer is tried `attempts` times, each for up to `timeout` seconds;
    then, as after every failure that may pass, TransientError is raised. What a person has to
    set right is a PermanentError.
    """

    bucket: str
    prefix: str = ""
    region: str | None = None
    endpoint_url: str | None = None
    timeout: float = 30.0
    attempts: int = 5

    @cached_property
    def _client(self) -> Any:
        from sales_assets.resources.s3 import S3WithTimeouts

        with self._errors_told():
            return S3WithTimeouts(
                region_name=self.region,
                endpoint_url=self.endpoint_url,
                max_attempts=self.attempts,
                timeout=self.timeout,
            ).get_client()

    def _key(self, key: str) -> str:
        return f"{self.prefix.strip('/')}/{key}".lstrip("/")

    def put(self, files: Sequence[tuple[Path, str]]) -> None:
        """Upload files; large ones in parts, each object visible when it is complete."""
        for local, key in files:
            with local.open("rb") as stream, self._errors_told():
                self._client.upload_fileobj(stream, self.bucket, self._key(key))

    def find(self, prefix: str) -> list[str]:
        """The keys that begin with a prefix, read in pages."""
        skipped = len(self._key(""))
        with self._errors_told():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self._key(prefix)
            )
            return sorted(
                item["Key"][skipped:] for page in pages for item in page.get("Contents", [])
            )

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, as many in one request as S3 allows."""
        pending = [{"Key": self._key(key)} for key in keys]
        for start in range(0, len(pending), DELETE_AT_ONCE):
            some = pending[start : start + DELETE_AT_ONCE]
            with self._errors_told():
                answer = self._client.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": some, "Quiet": True}
                )
            for kept in answer.get("Errors", []):
                raise self._refused(
                    f"s3://{self.bucket}/{kept['Key']}",
                    kept.get("Code", ""),
                    kept.get("Message", ""),
                )

    @contextmanager
    def local(self, keys: Sequence[str]) -> Iterator[list[Path]]:
        """Downloads in a temporary folder, removed after the block."""
        with TemporaryDirectory(prefix="sales-assets-") as folder:
            paths = [Path(folder, f"{number}.parquet") for number in range(len(keys))]
            for key, path in zip(keys, paths, strict=True):
                self._download(key, path)
            yield paths

    def _download(self, key: str, path: Path) -> None:
        from botocore.exceptions import ClientError

        with self._errors_told():
            try:
                self._client.download_file(self.bucket, self._key(key), str(path))
            except ClientError as error:
                if error.response["Error"]["Code"] != "404":
                    raise
                self.find(key)  # tells a bucket that is missing from an object that is
                raise _missing(self.address(key)) from error

    def address(self, key: str) -> str:
        """The object's s3:// address."""
        return f"s3://{self.bucket}/{self._key(key)}"

    @contextmanager
    def _errors_told(self) -> Iterator[None]:
        """Raise what boto3 reports as an error of this project."""
        from boto3.exceptions import Boto3Error
        from botocore import exceptions

        address = f"s3://{self.bucket}"
        try:
            yield
        except exceptions.ClientError as error:
            told = error.response["Error"]
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            code = "ServiceUnavailable" if status >= 500 else told.get("Code", "")
            raise self._refused(address, code, str(error)) from error
        except (
            exceptions.ConnectionError,
            exceptions.HTTPClientError,
            exceptions.IncompleteReadError,
            exceptions.FlexibleChecksumError,
            Boto3Error,
        ) as error:
            raise TransientError(f"{address}: {error}; try again later") from error
        except (exceptions.BotoCoreError, ValueError) as error:
            raise PermanentError(
                f"{address}: {error}; correct the AWS credentials or the SALES_ASSETS_S3_ settings"
            ) from error

    def _refused(self, address: str, code: str, reason: str) -> PermanentError | TransientError:
        if code in PASSING:
            return TransientError(f"{address}: {reason} ({code}); try again later")
        if code == "NoSuchBucket":
            where = self.endpoint_url or "AWS"
            return PermanentError(
                f"{address}: {where} has no such bucket; create it, or correct "
                "SALES_ASSETS_S3_BUCKET"
            )
        return PermanentError(
            f"{address}: {reason}; check what the AWS credentials may do and the SALES_ASSETS_S3_ "
            "settings"
        )


def _missing(address: str) -> PermanentError:
    return PermanentError(
        f"{address}: the object is not there; materialise the day's staged asset again"
    )
