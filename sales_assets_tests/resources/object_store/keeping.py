"""Object stores, and ways past them to what they keep.

Belongs here: what several test files need. Does not: any expectation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sales_assets.resources.directory_object_store import DirectoryObjectStore
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.s3_object_store import S3ObjectStore
from sales_assets_tests.s3 import s3_backend

PREFIX = "staged/here"
MEGABYTE = 1024 * 1024
ODD_KEYS = [
    "accepted/Süd & Nord/day=2024-01-01/a b.parquet",
    "accepted/Süd & Nord/day=2024-01-01/a+b%20c#d?e;f.parquet",
    "accepted/Süd & Nord/[x]*/<'\"quoted\"'>.parquet",
    "accepted/東京/~{0}$HOME\\.parquet",
]


class Kept(ABC):
    """A store, and a way past it to what it keeps."""

    store: ObjectStore

    @abstractmethod
    def fill(self, keys: Sequence[str]) -> None:
        """Put one byte under each key without the store."""


@dataclass
class InDirectory(Kept):
    store: DirectoryObjectStore

    def fill(self, keys: Sequence[str]) -> None:
        for key in keys:
            path = Path(self.store.root, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")


@dataclass
class OnS3(Kept):
    store: S3ObjectStore

    def fill(self, keys: Sequence[str]) -> None:
        for key in keys:
            s3_backend().put_object(self.store.bucket, f"{PREFIX}/{key}", b"x")


Write = Callable[[bytes], Path]


def fetch(store: ObjectStore, *keys: str) -> list[bytes]:
    with store.local(keys) as paths:
        return [path.read_bytes() for path in paths]
