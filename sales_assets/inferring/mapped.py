"""What becomes of the columns that were found: the proposed revenue, as values.

Belongs here: a mapped column, the day of a line, and all of them together. Does not: how they are
found (`mapping`, `amounts`), or YAML (`writing`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from sales_assets.contracts.canonical import MAPPED_COLUMNS
from sales_assets.contracts.logical import LogicalType


@dataclass(frozen=True)
class Line:
    """One canonical column. With a `question` its expression is only one of the answers."""

    name: str
    type: LogicalType
    expression: str
    notes: tuple[str, ...] = ()
    question: str = ""


@dataclass(frozen=True)
class Day:
    """Where the day of a line comes from: a column, or else the file's name."""

    column: str = ""
    pattern: str = ""
    format: str = ""
    notes: tuple[str, ...] = ()
    question: str = ""
    named: date | None = None
    """The day that the file's name says."""


@dataclass
class Revenue:
    """What becomes of the columns."""

    lines: dict[str, Line] = field(default_factory=dict)
    day: Day = Day()
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The only texts that columns of the file may have, by the column's name."""

    def put(self, name: str, expression: str, *notes: str, question: str = "") -> None:
        """Map a canonical column."""
        [column] = [each for each in MAPPED_COLUMNS if each.name == name]
        kept = tuple(filter(None, notes))
        self.lines[name] = Line(name, column.type, expression, kept, question)

    @property
    def in_order(self) -> list[Line]:
        """The mapped columns in their canonical order."""
        return [self.lines[each.name] for each in MAPPED_COLUMNS if each.name in self.lines]
