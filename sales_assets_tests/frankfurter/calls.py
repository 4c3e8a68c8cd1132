"""What was asked of the stand-in, and how many calls were being answered at once.

Belongs here: the log, which all threads share. Does not: what is answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock


@dataclass(frozen=True)
class Call:
    """What was asked and how it was answered; `end` is None as long as it is being answered."""

    method: str
    path: str
    query: str
    if_none_match: str | None
    fault: str | None = None
    """The name of the fault that the call met."""
    status: int | None = None
    """None if nothing was answered."""
    sent: int = 0
    """Bytes of the body."""
    start: float = field(default_factory=time.monotonic)
    end: float | None = None


class CallLog:
    """The calls by when they came, and the most of them at the same time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: dict[int, Call] = {}
        self._number = 0
        self._open: dict[int, Callable[[], bool]] = {}
        self._most_at_once = 0

    @property
    def calls(self) -> list[Call]:
        """All calls so far."""
        with self._lock:
            return list(self._calls.values())

    @property
    def most_at_once(self) -> int:
        """The most calls that were being answered at the same time."""
        with self._lock:
            return self._most_at_once

    def arrived(self, call: Call, is_left: Callable[[], bool]) -> int:
        """A call came; the number by which it is known here.

        A client that gave up and asks again asks once: calls whose clients have left are over,
        though their threads may not have seen it yet.
        """
        with self._lock:
            for number in [number for number, left in self._open.items() if left()]:
                self._end(number, self._calls[number].sent)
            self._number += 1
            self._calls[self._number] = call
            self._open[self._number] = is_left
            self._most_at_once = max(self._most_at_once, len(self._open))
            return self._number

    def answering(self, number: int, status: int) -> None:
        """The answer is about to be sent."""
        with self._lock:
            if number in self._calls:
                self._calls[number] = replace(self._calls[number], status=status)

    def ended(self, number: int, sent: int) -> None:
        """The answer is sent, or will never be; the moment is that of the first time."""
        with self._lock:
            self._end(number, sent)

    def forget(self) -> None:
        """Forget all calls, and count the most at once anew."""
        with self._lock:
            self._calls.clear()
            self._open.clear()
            self._most_at_once = 0

    def _end(self, number: int, sent: int) -> None:
        self._open.pop(number, None)
        if number in self._calls:
            call = self._calls[number]
            end = time.monotonic() if call.end is None else call.end
            self._calls[number] = replace(call, sent=sent, end=end)
