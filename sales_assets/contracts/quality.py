"""What a contract says of quality, as plain frozen values.

Belongs here: the numbers that must hold, and how a broken rule is treated. Does not: checking what
is said (`rules`), rules of single lines (`model`), or asking the warehouse (`checks.quality`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Severity(StrEnum):
    """How a broken quality rule is treated: an `error` blocks what is downstream."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class RejectedLimit:
    """How many percent of a day's lines may be rejected; an `error` blocks what is downstream."""

    percent: Decimal
    inclusive: bool
    severity: Severity

    def holds(self, lines: int, rejected: int) -> bool:
        """Whether so many of the lines may be rejected."""
        found, limit = 100 * rejected, self.percent * lines
        return not rejected or found < limit or (self.inclusive and found == limit)


@dataclass(frozen=True)
class QualityRule:
    """One ODCS quality rule on the `revenue` object: a number that is compared.

    `query` is a SELECT of one number in which `revenue` stands for the rows of the days that are
    checked, all at once; None stands for the metric `rowCount`, day by day. `operator` is an
    ODCS comparison (`mustBe`, `mustBeLessThan`, ...) and `expected` its operand or operands.
    """

    name: str
    description: str
    query: str | None
    operator: str
    expected: tuple[Decimal, ...]
    severity: Severity

    @property
    def told(self) -> str:
        """What the number has to be, in words: `exactly 0`, `between 1 and 5`."""
        words = {
            "mustBe": "exactly {}",
            "mustNotBe": "not {}",
            "mustBeGreaterThan": "more than {}",
            "mustBeGreaterOrEqualTo": "at least {}",
            "mustBeLessThan": "less than {}",
            "mustBeLessOrEqualTo": "at most {}",
            "mustBeBetween": "between {} and {}",
            "mustNotBeBetween": "not between {} and {}",
        }
        return words[self.operator].format(*self.expected)

    def holds(self, found: Decimal | int) -> bool:
        """Whether the number found satisfies the rule."""
        first, last = self.expected[0], self.expected[-1]
        return {
            "mustBe": found == first,
            "mustNotBe": found != first,
            "mustBeGreaterThan": found > first,
            "mustBeGreaterOrEqualTo": found >= first,
            "mustBeLessThan": found < first,
            "mustBeLessOrEqualTo": found <= first,
            "mustBeBetween": first <= found <= last,
            "mustNotBeBetween": not first <= found <= last,
        }[self.operator]
