"""Durations in rules, which tests make shorter.

Belongs here: writing them as Prometheus reads them. Does not: which duration a rule has.
"""

from __future__ import annotations

from dataclasses import dataclass

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))


@dataclass(frozen=True)
class Times:
    """How long a second of a rule is."""

    scale: float = 1.0
    least: float = 0.0
    """Seconds that no window or age is shorter than: it has to hold some scrapes."""

    def seconds(self, seconds: int) -> int:
        """An age, as a number."""
        return round(max(self.least, seconds * self.scale))

    def window(self, seconds: int) -> str:
        """What stands in brackets behind a series."""
        return _written(self.seconds(seconds))

    def hold(self, seconds: int) -> str:
        """How long something has to be so until it is an alert."""
        return _written(round(seconds * self.scale))


def _written(seconds: int) -> str:
    for unit, size in _UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
