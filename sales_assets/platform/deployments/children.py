"""Programs that this process runs and watches, as a terminal's `make platform` does.

Belongs here: starting them, starting them again, ending them. Does not: which they are
(`running`). One that ends is started again, after a while that grows, and the others go on.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_LIVED_SECONDS = 60.0
"""Who lived as long as this before it ended is started again at once."""
_END_SECONDS = 20.0
_log = logging.getLogger("sales_assets")


@dataclass
class Child:
    """A program that is to run all the time."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)
    _wait: float = field(default=0.0, init=False)

    @property
    def pid(self) -> int | None:
        """The number of its process, if one runs."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and running else None

    @staticmethod
    def now() -> float:
        """The clock that it is looked after by."""
        return time.monotonic()

    def look_after(self, now: float) -> None:
        """Start it if it does not run and has waited long enough since it last ended."""
        if self.pid is not None:
            return
        if self._process is not None:
            code, self._process = self._process.returncode, None
            lived = now - self._started
            self._wait = 0.0 if lived > _LIVED_SECONDS else self._longer()
            _log.warning(
                "%s ended with %d; again in %g s (%s)", self.name, code, self._wait, self.log
            )
            self._started = now
        if now - self._started >= self._wait:
            self._start(now)

    def _longer(self) -> float:
        return min(max(self._wait * 2, _FIRST_WAIT), _LONGEST_WAIT)

    def _start(self, now: float) -> None:
        with self.log.open("ab") as writing:
            self._process = subprocess.Popen(  # noqa: S603 (no shell)
                self.command,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,  # Ctrl-C is for the one who watches
            )
        self._started = now

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to the programs that it started."""
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, after so long at most."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(seconds, 0.0))
        except subprocess.TimeoutExpired:
            return False
        return True


def end_all(children: Sequence[Child], seconds: float = _END_SECONDS) -> None:
    """End programs together; those that do not in time are killed."""
    for child in children:
        child.signal(signal.SIGTERM)
    deadline = time.monotonic() + seconds
    for child in children:
        if not child.wait(deadline - time.monotonic()):
            child.signal(signal.SIGKILL)
            child.wait(_END_SECONDS)
