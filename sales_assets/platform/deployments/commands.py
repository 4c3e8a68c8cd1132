"""Calling other programs: git, pip, and those of a release.

Belongs here: time-outs, and errors that say what a program said. Does not: which are called.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sales_assets.errors import PermanentError, TransientError

_LINES = 12


def call(
    command: Sequence[str | Path],
    *,
    what: str,
    environment: Mapping[str, str],
    seconds: float,
    folder: Path | None = None,
) -> str:
    """What a program writes.

    Raises PermanentError with the end of what it said if it fails, and TransientError if it takes
    too long; then it and the programs that it called are ended.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 (no shell)
            [str(part) for part in command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise PermanentError(f"{what}: {command[0]} is not installed") from error
    try:
        told, complained = process.communicate(timeout=seconds)
    except BaseException as error:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise TransientError(f"{what}: took more than {seconds:g} s and was ended") from error
        raise
    if process.returncode:
        raise PermanentError(f"{what}: {last_lines(told + complained)}")
    return told


def last_lines(text: str) -> str:
    """The end of what a program said, where the reason stands."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-_LINES:]) or "it said nothing"
