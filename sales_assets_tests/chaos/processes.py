"""Processes that are begun again when they end, as systemd or Kubernetes would.

Belongs here: beginning, killing and halting them. Does not: which there are (`world`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LOOKS_EVERY = 1.0


@dataclass
class Kept:
    """A process that is kept running unless it is held down."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    is_held_down: bool = False
    begun: int = 0
    process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Begin it, in a group of its own."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.begun += 1

    def kill(self) -> None:
        """Kill it and all it began, and leave it dead."""
        self.is_held_down = True
        self._signal(signal.SIGKILL)
        if self.process:
            self.process.wait(30)

    def halt(self) -> None:
        """Let it do nothing any more without ending."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it work again, whatever was done to it."""
        self._signal(signal.SIGCONT)
        self.is_held_down = False

    def _signal(self, number: int) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, number)


@dataclass
class Keeper:
    """Who begins what has ended."""

    kept: list[Kept] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Keeper:
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(10)
        for one in self.kept:
            one.kill()

    def keep(self, one: Kept) -> Kept:
        """Begin a process, and keep it."""
        one.begin()
        self.kept.append(one)
        return one

    def _look(self) -> None:
        while not self._ended.wait(LOOKS_EVERY):
            for one in self.kept:
                is_over = one.process is None or one.process.poll() is not None
                if is_over and not one.is_held_down:
                    one.begin()


def until(what: str, seconds: float, check: object) -> None:
    """Wait until something is so; raises TimeoutError if it does not come."""
    deadline = time.monotonic() + seconds
    assert callable(check)
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(1)
