"""What a column of an unknown text is taken for.

Belongs here: the guess, with its notes and its question. Does not: making it (`columns`,
`personal`), or what follows from it (`mapping`, `writing`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import NumberFormat
from sales_assets.inferring.moment_formats import Formats
from sales_assets.inferring.numbers import Style
from sales_assets.inferring.values import Values
from sales_assets.inferring.words import Concept


@dataclass(frozen=True)
class Guess:
    """What a column is taken for.

    `notes` are to be looked at; `question` has to be answered before the contract can be loaded,
    by one of the formats in `either`, or one of the manners in `manners`.
    """

    index: int
    name: str
    header: str
    type: LogicalType
    values: Values
    concept: Concept | None = None
    sure: int = 0
    moments: Formats | None = None
    style: Style | None = None
    minor_units: int = 0
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()
    is_personal: bool = False
    notes: tuple[str, ...] = ()
    question: str = ""
    either: tuple[str, ...] = ()
    manners: tuple[NumberFormat, ...] = field(default=())

    @property
    def required(self) -> bool:
        """Whether no blank was seen."""
        return not self.values.blanks and bool(self.values.texts)
