"""The keys that seal the audit log.

Belongs here: their names, which one seals and which ones only verify, the file of a key that is
made. Does not: the seal (`rows`), or which settings have keys (`opening`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from sales_assets.errors import UsageError
from sales_assets.key_file import make_key
from sales_assets.platform.options import SHORTEST_KEY


def key_id(key: bytes) -> str:
    """The name of a key, which tells nothing of it."""
    return hashlib.sha256(key).hexdigest()[:8]


class Keys:
    """The key that seals, and those that sealed before it."""

    def __init__(self, key: bytes, old: Iterable[bytes] = ()) -> None:
        """Raises UsageError for a key that is too short."""
        every = (*old, key)
        if any(len(one) < SHORTEST_KEY for one in every):
            raise UsageError(
                f"A key of the audit log is shorter than {SHORTEST_KEY} bytes; make one by "
                f"`openssl rand -hex {SHORTEST_KEY}`"
            )
        self.current = key
        self.current_id = key_id(key)
        self.by_id = {key_id(one): one for one in every}


def key_of_file(file: Path, *, make: bool) -> bytes:
    """The key in a file, which is made if it is not there and may be.

    Raises UsageError if it cannot be had.
    """
    try:
        if make and not file.exists():
            make_key(file, SHORTEST_KEY)
        return file.read_bytes().strip()
    except OSError as error:
        raise UsageError(
            f"{file}: the key of the audit log cannot be had ({error.strerror}); set "
            "SALES_ASSETS_AUDIT_KEY to the same key on all machines, such as "
            f"`openssl rand -hex {SHORTEST_KEY}` writes"
        ) from error
