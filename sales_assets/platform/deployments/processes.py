"""The processes of code servers: which run, and ending them.

Belongs here: finding a process by its socket, and signals. Does not: what a server answers
(`servers`). A process is a code server if the server's socket is among its arguments: no other
process ever has it, so that none is ended by mistake.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

_END_SECONDS = 10.0
_POLL_SECONDS = 0.01


def start(
    command: Sequence[str], socket: Path, folder: Path, environment: Mapping[str, str], log: Path
) -> int:
    """Start a server that goes on when this process, or its terminal, is gone; its number."""
    with log.open("ab") as writing:
        process = subprocess.Popen(  # noqa: S603 (no shell)
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
        )
    # For a moment a new process has no arguments yet to be known by.
    while process.poll() is None and not is_running(process.pid, socket):
        time.sleep(_POLL_SECONDS)
    return process.pid


def is_running(pid: int, socket: Path) -> bool:
    """Whether a process is there, and is the server of this socket."""
    return _process(pid, socket) is not None


def _process(pid: int, socket: Path) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            _collect(pid)
            return None
        return process if str(socket) in process.cmdline() else None
    except psutil.ZombieProcess:  # it has ended since its state was asked for
        _collect(pid)
        return None
    except psutil.Error:
        return None


def _collect(pid: int) -> None:
    """Let a process that ended go, if it is one that this process started."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def end(pid: int, socket: Path, seconds: float = _END_SECONDS) -> None:
    """End a server and all runs that it has, in a few seconds.

    Runs are told first, and so end as cancelled ones; what is left then is killed.
    """
    process = _process(pid, socket)
    if process is not None:
        end_process(process, seconds)


def end_process(process: psutil.Process, seconds: float = _END_SECONDS) -> None:
    """End a process and all that it started."""
    with suppress(psutil.Error):
        # Its runs are in its session, whether or not it still is there itself.
        processes = [*process.children(recursive=True), process]
        _signal(processes, signal.SIGTERM)
        _, left = psutil.wait_procs(processes, timeout=seconds)
        _signal(left, signal.SIGKILL)
        psutil.wait_procs(left, timeout=seconds)
    _collect(process.pid)


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)


def running_below(folder: Path, beginning: str) -> dict[int, Path]:
    """The servers whose sockets are in a folder and begin so, by their processes."""
    found = {}
    for process in psutil.process_iter(["cmdline", "uids"]):
        uids, arguments = process.info["uids"], process.info["cmdline"] or ()
        if uids is None or uids.real != os.getuid():
            continue
        for argument in arguments:
            path = Path(argument)
            if path.parent == folder and path.name.startswith(beginning):
                found[process.pid] = path
    return found
