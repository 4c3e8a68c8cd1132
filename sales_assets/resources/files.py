"""Files that appear complete or not at all.

Belongs here: writing beside the target and putting the result in its place. Does not: what is
written, or where.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_LEFT_SECONDS = 86_400
"""After a day a folder of unfinished files is one that a killed process left."""


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


@contextmanager
def all_whole(folder: Path) -> Iterator[Path]:
    """Give a hidden folder to write files to; they move into `folder` when all went well.

    Each replaces its target by itself, one right after the other. After an error all targets are as
    they were, and nothing is left; what a killed process left is removed a day later.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".*.tmp"):
        if left.is_dir() and time.time() - left.stat().st_mtime > _LEFT_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=".", suffix=".tmp", dir=folder) as name:
        unfinished = Path(name)
        yield unfinished
        for file in sorted(path for path in unfinished.rglob("*") if path.is_file()):
            target = folder / file.relative_to(unfinished)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, target)
