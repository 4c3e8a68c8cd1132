"""A bucket: uploading, listing, fetching and deleting its objects.

Belongs here: the calls of S3 that the object store and the landing zone share. Does not: what
keys mean (`s3_object_store`, `s3_landing_zone`), or making a client (`s3`).

Every object is kept with its CRC-64/NVME, which S3 checks when the object arrives, in one piece or
in parts, and which is checked here against the bytes that come back.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from sales_assets.costs.moved import count_read, count_written, sizes
from sales_assets.errors import TransientError
from sales_assets.resources.s3_errors import Told

CHECKSUM = "CRC64NVME"
"""The checksum that S3 keeps of every object by itself. Of those that it knows this one costs the
least (9 GB/s; CRC32 by zlib 1.4 to 3.7), and it is of the whole object also after an upload in
parts, so that it can be checked after any download."""
DELETE_AT_ONCE = 1000
"""The most objects that S3 deletes in one request."""
COPIED_AT_ONCE = 1 << 20
ABSENT = frozenset({"404", "NoSuchKey"})
"""S3's words for an object that is not there; HEAD has no more than a number."""
REFUSED = frozenset({"403", "AccessDenied"})
"""S3's words for an object that one may not read, or of which it will not say that it is not there:
it does so only to whom it lets list the whole bucket."""

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


class NoSuchKeyError(Exception):
    """The object of a `key` is not in the bucket, which is there."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class ChangedKeyError(Exception):
    """An object is another version than the one that was asked for."""


@dataclass(frozen=True)
class Object:
    """An object as S3 lists it; its time has whole seconds, as HEAD has no more."""

    key: str
    size: int
    modified_ns: int
    etag: str


@dataclass(frozen=True)
class Bucket:
    """A bucket at an endpoint; `setting` is the one to correct if it is not there.

    A server that does not answer is tried `attempts` times, each for up to `timeout` seconds;
    then, as after every failure that may pass, TransientError is raised. What a person has to
    set right is a PermanentError.
    """

    name: str
    setting: str
    region: str | None = None
    endpoint_url: str | None = None
    kms_key: str | None = None
    timeout: float = 30.0
    attempts: int = 5

    @cached_property
    def told(self) -> Told:
        """How failures are told."""
        return Told(f"s3://{self.name}", self.setting, self.endpoint_url)

    @cached_property
    def client(self) -> Any:
        """The client, made when it is first used."""
        from sales_assets.resources.s3 import S3WithTimeouts

        with self.told.errors():
            return S3WithTimeouts(
                region_name=self.region,
                endpoint_url=self.endpoint_url,
                max_attempts=self.attempts,
                timeout=self.timeout,
            ).get_client()

    def upload(self, files: Sequence[tuple[Path, str]]) -> None:
        """Store local files under keys, several at once and large ones in parts.

        Each object is visible when it is complete. If one fails, those that were complete before
        stay, and what was begun of the others is taken back.
        """
        from sales_assets.resources.s3 import transfer_manager

        if not files:
            return
        extra = {"ChecksumAlgorithm": CHECKSUM}
        if self.kms_key:
            extra |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key}
        with self.told.errors(), transfer_manager(self.client) as manager:
            sent = [
                manager.upload(str(local), self.name, key, extra_args=dict(extra))
                for local, key in files
            ]
            for (local, key), future in zip(files, sent, strict=True):
                with self.told.errors(key):
                    future.result()
                count_written(sizes([local]))

    def pages(self, prefix: str, *, below: bool = True) -> Iterator[list[Object]]:
        """The objects whose keys begin with a prefix, a thousand at a time, in the order of keys.

        Without `below`, those with a further slash in their keys are left out by the server.
        """
        more = {} if below else {"Delimiter": "/"}
        with self.told.errors():
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix, **more
            )
            for page in pages:
                yield [
                    _object(item["Key"], item["Size"], item["LastModified"], item["ETag"])
                    for item in page.get("Contents", [])
                ]

    def holds_any(self, prefix: str) -> bool:
        """Whether any key begins with a prefix."""
        return bool(self._first(prefix).get("Contents"))

    def now(self, prefix: str) -> datetime:
        """S3's time, as an answer about keys with a prefix bears it; in UTC, in whole seconds."""
        headers = self._first(prefix)["ResponseMetadata"]["HTTPHeaders"]
        return parsedate_to_datetime(str(headers["date"]))

    def _first(self, prefix: str) -> dict[str, Any]:
        with self.told.errors():
            found: dict[str, Any] = self.client.list_objects_v2(
                Bucket=self.name, Prefix=prefix, MaxKeys=1
            )
        return found

    def head(self, key: str) -> Object | None:
        """One object, or None if it is not in the bucket."""
        from botocore.exceptions import ClientError

        with self.told.errors(key):
            try:
                found = self.client.head_object(Bucket=self.name, Key=key)
            except ClientError as error:
                if _code(error) not in ABSENT | REFUSED:
                    raise
                if self._lists(key) and _code(error) in REFUSED:
                    raise
                return None
        return _object(key, found["ContentLength"], found["LastModified"], found["ETag"])

    def heads(self, keys: Sequence[str]) -> list[Object | None]:
        """Several objects, asked for at once."""
        return _at_once(self.head, keys)

    def _lists(self, key: str) -> bool:
        """Whether an object that HEAD does not find, or that may not be read, is there.

        The right to list below the prefix is enough to ask so. A bucket that is not there, of which
        HEAD says the same as of an object, is told.
        """
        found = self.client.list_objects_v2(Bucket=self.name, Prefix=key, MaxKeys=1)
        return [item["Key"] for item in found.get("Contents", [])] == [key]  # the shortest is first

    def download(self, keys: Sequence[tuple[str, Path]]) -> None:
        """Fetch objects into files, several at once; see `fetch` for what it raises."""
        _at_once(lambda pair: self.fetch(*pair), keys)

    def fetch(self, key: str, path: Path, etag: str = "") -> None:
        """Fetch an object into a file, in the version of an ETag if one is given.

        A download that breaks off or does not have the object's checksum is begun again, as often
        as other calls. Raises NoSuchKeyError, and ChangedKeyError if it is another version.
        """
        from tenacity import (
            Retrying,
            retry_if_exception_type,
            stop_after_attempt,
            wait_random_exponential,
        )

        for attempt in Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(self.attempts),
            wait=wait_random_exponential(max=10),
            reraise=True,
        ):
            with attempt:
                self._fetch(key, path, etag)

    def fetch_first_byte(self, key: str) -> None:
        """Fetch the beginning of an object, which may be empty, and forget it."""
        from botocore.exceptions import ClientError

        with self.told.errors(key):
            try:
                self.client.get_object(Bucket=self.name, Key=key, Range="bytes=0-0")["Body"].read()
            except ClientError as error:
                if _code(error) not in {"InvalidRange", "416"}:
                    raise

    def _fetch(self, key: str, path: Path, etag: str) -> None:
        from botocore.exceptions import ClientError

        version = {"IfMatch": f'"{etag}"'} if etag else {}
        with self.told.errors(key):
            try:
                body = self.client.get_object(
                    Bucket=self.name, Key=key, ChecksumMode="ENABLED", **version
                )["Body"]
            except ClientError as error:
                if _code(error) in ABSENT or (_code(error) in REFUSED and not self._lists(key)):
                    raise NoSuchKeyError(key) from error
                if _code(error) in {"PreconditionFailed", "412"}:
                    raise ChangedKeyError(key) from error
                raise
            with body, path.open("wb") as file:
                try:
                    shutil.copyfileobj(body, file, COPIED_AT_ONCE)
                finally:  # what came of a download that broke off has come too
                    count_read(file.tell())

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects, as many in one request as S3 allows."""
        pending = [{"Key": key} for key in keys]
        for start in range(0, len(pending), DELETE_AT_ONCE):
            some = pending[start : start + DELETE_AT_ONCE]
            with self.told.errors():
                answer = self.client.delete_objects(
                    Bucket=self.name,
                    Delete={"Objects": some, "Quiet": True},
                    ChecksumAlgorithm=CHECKSUM,
                )
            for kept in answer.get("Errors", []):
                raise self.told.refused(kept.get("Code", ""), kept.get("Message", ""), kept["Key"])


def _code(error: Any) -> str:
    return str(error.response["Error"].get("Code", ""))


def _object(key: str, size: int, modified: datetime, etag: str) -> Object:
    return Object(key, size, int(modified.timestamp()) * 1_000_000_000, etag.strip('"'))


def _at_once(call: Callable[[_Given], _Found], given: Sequence[_Given]) -> list[_Found]:
    """The results of calls that are made side by side; the first error stops what is not begun."""
    from sales_assets.resources.s3 import AT_ONCE

    if len(given) < 2:
        return [call(one) for one in given]
    with ThreadPoolExecutor(min(AT_ONCE, len(given)), thread_name_prefix="s3") as pool:
        pending = [pool.submit(call, one) for one in given]
        try:
            return [future.result() for future in pending]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
