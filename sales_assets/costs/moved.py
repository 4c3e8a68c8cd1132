"""Bytes that this process has read from, and written to, the object store and the landing zone.

Belongs here: the two counters. Does not: who adds to them (the stores and zones in `resources`),
or which step they are of (`meter`).

An object in a directory counts with its size when a step asks for it: of a Parquet file that is
read where it lies, less may have been looked at.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path

_lock = threading.Lock()
# A thread of the parent may hold the lock when a child is made, in which it would never be free.
os.register_at_fork(after_in_child=_lock._at_fork_reinit)  # type: ignore[attr-defined]
_counted = {"read": 0, "written": 0}


def count_read(size: int) -> None:
    """Bytes that came in."""
    with _lock:
        _counted["read"] += size


def count_written(size: int) -> None:
    """Bytes that went out."""
    with _lock:
        _counted["written"] += size


def sizes(files: Iterable[Path]) -> int:
    """Bytes of some files."""
    return sum(file.stat().st_size for file in files)


def moved() -> tuple[int, int]:
    """Bytes read and written since the process began."""
    with _lock:
        return _counted["read"], _counted["written"]
