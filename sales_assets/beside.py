"""Work in a thread of its own while a block lasts.

Belongs here: its beginning and its end. Does not: the work, which ends soon after it is told to.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_JOINED_SECONDS = 60.0
"""Work that does not end by then is left behind; it keeps no process alive."""


@contextmanager
def beside(name: str, work: Callable[[threading.Event], object]) -> Iterator[None]:
    """Do `work` in a thread of this name; the event is set when the block ends."""
    ended = threading.Event()
    thread = threading.Thread(target=work, args=(ended,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_JOINED_SECONDS)
