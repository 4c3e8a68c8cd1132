"""Which programs an installation started, for whoever comes after it was killed.

Belongs here: the file of them, and ending those that are still there. Does not: starting them
(`children`). A process is ended only if number, time of start and arguments are those noted.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from sales_assets.errors import PermanentError
from sales_assets.platform.deployments import processes
from sales_assets.resources.files import whole

_CLOCK_SECONDS = 5.0
"""By how much the time of a start may differ: it moves when the machine's clock is set."""
_POLL_SECONDS = 0.01


class _Noted(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    pid: int
    created: float
    arguments: tuple[str, ...]


_FILE = TypeAdapter(tuple[_Noted, ...])


def note(file: Path, pids: Iterable[int]) -> None:
    """Write down which processes these are."""
    found = [one for pid in pids if (one := _seen(pid))]
    with whole(file) as unfinished:
        unfinished.write_bytes(_FILE.dump_json(tuple(found), indent=2))


def end_noted(file: Path) -> None:
    """End the processes of a file that are still there, and remove it."""
    try:
        noted = _FILE.validate_json(file.read_bytes())
    except FileNotFoundError:
        return
    except (OSError, ValidationError) as error:
        raise PermanentError(
            f"{file}: cannot be read ({error}); end the webserver and the daemon, and remove it"
        ) from error
    for one in noted:
        now = _seen(one.pid)
        if (
            now is not None
            and now.arguments == one.arguments
            and abs(now.created - one.created) < _CLOCK_SECONDS
        ):
            processes.end_process(psutil.Process(one.pid))
    file.unlink(missing_ok=True)


def _seen(pid: int) -> _Noted | None:
    try:
        process = psutil.Process(pid)
        # For a moment a new process has no arguments yet.
        while not (arguments := process.cmdline()):
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            time.sleep(_POLL_SECONDS)
        return _Noted(pid=pid, created=process.create_time(), arguments=tuple(arguments))
    except psutil.Error:
        return None
