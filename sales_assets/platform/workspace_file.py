"""The workspace's file, and taking it in again when a deployment has written another.

Belongs here: noticing that it has changed. Does not: writing it (`sales-assets deploy`), or
loading code locations (`context`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster._core.workspace.context import WorkspaceProcessContext

from sales_assets.beside import beside

_log = logging.getLogger("sales_assets")
_EVERY_SECONDS = 1.0
Stamp = tuple[int, int, int]


@contextmanager
def following(
    file: Path,
    workspace: WorkspaceProcessContext,
    seen: Stamp | None,
    every: float = _EVERY_SECONDS,
) -> Iterator[None]:
    """Take the workspace in again, within the block, whenever its file is another.

    `seen` is the stamp from before it was loaded: loading takes a while, in which it may change.

    The code servers go on as they are: only what the file says is asked again. A file that is
    wrong changes nothing until it is right.
    """
    with beside("workspace-file", lambda ended: _follow(file, workspace, seen, ended, every)):
        yield


def _follow(
    file: Path,
    workspace: WorkspaceProcessContext,
    seen: Stamp | None,
    ended: threading.Event,
    every: float,
) -> None:
    while not ended.wait(every):
        stamp = stamp_of(file)
        if stamp is None or stamp == seen:
            continue
        seen = stamp
        try:
            workspace.refresh_workspace()
        except Exception:  # noqa: BLE001 (logged; the workspace stays as it was)
            _log.exception("%s has changed, and cannot be taken in; mend it.", file)
        else:
            _log.info("%s has changed, and is taken in.", file)


def stamp_of(file: Path) -> Stamp | None:
    """What a file is told from another by; None if it is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
