"""Telling that fails nothing: what describes data must not undo work that is done.

Belongs here: what becomes of an error while a materialisation is described. Does not: describing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_log = logging.getLogger("sales_assets.telling")


@contextmanager
def without_failing(what: str) -> Iterator[None]:
    """Log an error of the block as a warning: the data that it was to describe are in place."""
    try:
        yield
    except Exception:  # noqa: BLE001 - whatever it is, the data do not depend on it
        _log.warning(
            "%s: the data are in place, but what the UI shows of them is incomplete; materialise "
            "again to have it told",
            what,
            exc_info=True,
        )
