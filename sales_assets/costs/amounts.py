"""How much of everything was used, and dividing it so that the parts are the whole.

Belongs here: amounts as whole numbers, adding and spreading them, by what they are told. Does not:
where they come from (`meter`, `credits`), or what they cost (`pricing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal
from enum import StrEnum

NANOCREDITS = 1_000_000_000


class By(StrEnum):
    """What a bill has a line for."""

    TEAM = "team"
    SOURCE = "source"
    ASSET = "asset"
    STEP = "step"
    RUN = "run"


@dataclass(frozen=True)
class Amounts:
    """What was used, in whole numbers: sums and parts of them are exact.

    Times are microseconds, memory is kilobytes (of 1,000 bytes) times milliseconds, credits are
    billionths, which is as exact as Snowflake says them.
    """

    cpu: int = 0
    wall: int = 0
    memory: int = 0
    read: int = 0
    written: int = 0
    credits: int = 0

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def cpu_seconds(self) -> Decimal:
        """CPU time, exactly."""
        return Decimal(self.cpu).scaleb(-6)

    @property
    def wall_seconds(self) -> Decimal:
        """Time on the clock, exactly."""
        return Decimal(self.wall).scaleb(-6)

    @property
    def gigabyte_hours(self) -> Decimal:
        """Memory over time, to nine places."""
        return round(Decimal(self.memory) / 3_600_000_000_000, 9)

    @property
    def credit_count(self) -> Decimal:
        """Credits, exactly."""
        return Decimal(self.credits).scaleb(-9)


def spread(whole: int, weights: Sequence[int]) -> list[int]:
    """The whole in parts as the weights are, or equal ones if no weight is above 0.

    Parts are whole numbers and add up to the whole: what is left over from rounding down goes to
    those that lost the most by it, the first ones first.
    """
    if not sum(weights):
        weights = [1] * len(weights)
    total = sum(weights)
    parts = [whole * weight // total for weight in weights]
    lost = sorted(range(len(parts)), key=lambda at: -(whole * weights[at] % total))
    for at in lost[: whole - sum(parts)]:
        parts[at] += 1
    return parts


def spread_all(whole: Amounts, weights: Sequence[int]) -> list[Amounts]:
    """All amounts in parts as the weights are, each adding up to its whole."""
    columns = [spread(amount, weights) for amount in astuple(whole)]
    return [Amounts(*parts) for parts in zip(*columns, strict=True)]


def memory_of(peak_bytes: int, wall: int) -> int:
    """Memory that was held for some microseconds."""
    return peak_bytes * wall // 1_000_000
