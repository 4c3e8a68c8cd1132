"""How far a source's drops reach, against the days that its contract expects.

Belongs here: the last day that was due, and days that never came. Does not: which days are due
(`sales_assets.checks.delivery`), or how many lines a day has (`drops`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sales_assets.partitions import Window, contiguous


@dataclass(frozen=True)
class Freshness:
    """The last day with a drop, the last that was due, and the due days without one."""

    last: date | None
    due: date | None
    missing: tuple[Window, ...]
    """In the order of days; those behind the last drop too."""

    @property
    def late(self) -> bool:
        """Whether a drop was due after the last one that there is."""
        return self.due is not None and (self.last is None or self.last < self.due)

    @property
    def missing_days(self) -> int:
        """How many days never came."""
        return sum(map(len, self.missing))


def freshness_of(due: Sequence[date], days: Collection[date]) -> Freshness:
    """How fresh drops of these days are, where those `due`, in their order, are expected."""
    held = set(days)
    return Freshness(
        last=max(held, default=None),
        due=due[-1] if due else None,
        missing=tuple(contiguous(day for day in due if day not in held)),
    )
