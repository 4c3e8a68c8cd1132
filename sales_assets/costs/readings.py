"""What the operating system says of this process: its CPU time and its memory.

Belongs here: reading them. Does not: dividing them among steps (`meter`).

CPU time is exact: the kernel's own count of the process and of the children that it waited for,
and, for children that still live, the kernel's count of those. A child that is let go of (nobody
waits for it) counts as long as it lives. Memory of the process is the kernel's high-water mark
where it can be set back (Linux), and else what is there when it is looked at; that of children is
what is there when it is looked at.
"""

from __future__ import annotations

import os
import resource
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from sales_assets.costs.moved import moved

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_HIGH_WATER = b"VmHWM:"


@dataclass(frozen=True)
class Reading:
    """What a process has used since it began, in microseconds and bytes.

    `memory` is the most that it had since `forget`, or has with its children now.
    """

    cpu: int
    wall: int
    memory: int
    read: int
    written: int


@dataclass
class Readings:
    """Reads this process; with `children`, them too, as of a process whose children do its work.

    Where children account for themselves, as the runs of a code server do, they are left out.
    """

    children: bool = True
    _process: psutil.Process = field(default_factory=psutil.Process)

    def now(self) -> Reading:
        """What was used until now."""
        read, written = moved()
        cpu, memory = _microseconds(resource.RUSAGE_SELF), self._process.memory_info().rss
        if self.children:
            # In this order a child that ends meanwhile is missed until the next reading, and not
            # counted twice.
            cpu += _microseconds(resource.RUSAGE_CHILDREN)
            for child in self._living():
                # One that has ended counts when it is waited for.
                with suppress(psutil.Error), child.oneshot():
                    cpu += round(sum(child.cpu_times()[:4]) * 1e6)
                    memory += child.memory_info().rss
        return Reading(cpu, time.monotonic_ns() // 1000, max(memory, _high_water()), read, written)

    def at_birth(self) -> Reading:
        """What the process had used when it began: nothing."""
        lived = time.time() - self._process.create_time()
        return Reading(0, time.monotonic_ns() // 1000 - max(0, int(lived * 1e6)), 0, 0, 0)

    def forget(self) -> None:
        """Let the high-water mark be what is there now."""
        with suppress(OSError):  # no Linux, or not allowed in this container
            _CLEAR.write_text("5")

    def _living(self) -> list[psutil.Process]:
        try:
            return self._process.children(recursive=True)
        except psutil.Error:
            return []


def _microseconds(of: int) -> int:
    used = resource.getrusage(of)
    return round((used.ru_utime + used.ru_stime) * 1e6)


def _high_water() -> int:
    """The kernel's mark; 0 where it cannot be set back, since it would be of another step."""
    if not os.access(_CLEAR, os.W_OK):
        return 0
    for line in _STATUS.read_bytes().splitlines():
        if line.startswith(_HIGH_WATER):
            return int(line.split()[1]) * 1024
    return 0
