"""The object store: where staged Parquet lies, in a directory or on S3.

Belongs here: what every store can do. Does not: a store (`directory_object_store`,
`s3_object_store`), what the keys mean (`staged_objects`) or what is in the objects
(`contracts.staging`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import dagster as dg

from sales_assets.errors import PermanentError


class ObjectStore(dg.ConfigurableResource[Any], ABC):
    """Objects by key; a key is a relative path with forward slashes.

    An object is there completely or not at all, and never changes half-way.
    """

    @abstractmethod
    def put(self, files: Sequence[tuple[Path, str]]) -> None:
        """Store local files under keys; the local files may be moved away.

        If one fails, others may be stored already, each completely.
        """

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


def missing(address: str) -> PermanentError:
    """The error for an object that is not at an address."""
    return PermanentError(
        f"{address}: the object is not there; materialise the day's staged asset again"
    )
