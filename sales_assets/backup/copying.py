"""Copying a file and hashing it on the way.

Belongs here: that, also of a file that may be written meanwhile. Does not: where copies go
(`store`).
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from sales_assets.errors import TransientError

_AT_ONCE = 1 << 20
_TRIES, _PAUSE_SECONDS = 5, 1.0


@dataclass(frozen=True)
class Content:
    """What a file held when it was read."""

    sha256: str
    size: int
    modified_ns: int


def read(file: Path) -> Content:
    """Hash a file."""
    return _through(file, None)


def copy(file: Path, target: Path) -> Content:
    """Copy a file."""
    return _through(file, target)


def read_at_rest(file: Path) -> Content:
    """Hash a file that nobody writes to meanwhile.

    Raises TransientError if somebody does, again and again.
    """
    for _ in range(_TRIES):
        before = file.stat()
        content = read(file)
        after = file.stat()
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            return content
        time.sleep(_PAUSE_SECONDS)
    raise TransientError(
        f"{file}: somebody keeps writing to it; take the backup again when it is complete"
    )


def _through(file: Path, target: Path | None) -> Content:
    digest, size = hashlib.sha256(), 0
    modified_ns = file.stat().st_mtime_ns
    with file.open("rb") as read, (target or Path("/dev/null")).open("wb") as written:
        while some := read.read(_AT_ONCE):
            digest.update(some)
            size += len(some)
            if target is not None:
                written.write(some)
    return Content(digest.hexdigest(), size, modified_ns)
