"""Files that appear complete or not at all.

Belongs here: writing beside the target and putting the result in its place. Does not: what is
written, or where.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Give a hidden path beside the target to write to; it becomes the target when all went well.

    The folder is made if need be. After an error the target is as it was, and nothing is left.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        yield unfinished
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
