"""Locks that commands of several processes take.

Belongs here: waiting for one, and saying which it was if that took too long. Does not: what they
keep apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sales_assets.errors import SalesAssetsError, TransientError


@contextmanager
def held(file: Path, seconds: float, otherwise: SalesAssetsError | None = None) -> Iterator[None]:
    """Nobody else holds a lock within the block.

    Raises TransientError, or what is given, if another process keeps it for longer than this.
    A time-out within the block is the block's own.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(FileLock(file).acquire(timeout=seconds))
        except Timeout as error:
            raise otherwise or TransientError(
                f"{file}: another command has kept this lock for {seconds:g} s; wait until it has "
                "ended, and try again"
            ) from error
        yield
