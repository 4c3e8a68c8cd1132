"""A file with a key, made once.

Belongs here: making it, so that of several processes that do so one key counts. Does not: what a
key is for (`contracts.pseudonyms`, `platform`).
"""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


def make_key(file: Path, size: int) -> None:
    """Write a random key of so many bytes, as hexadecimal digits, for this user alone.

    If the file is there by then, it stays as it is. Raises OSError if it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=".", encoding="ascii") as key:
        key.write(secrets.token_hex(size) + "\n")  # for its owner alone, as such files are
        key.flush()
        os.fsync(key.fileno())
        with suppress(FileExistsError):  # another process was first, and its key counts
            os.link(key.name, file)
