"""The texts of one column in a sample, with the lines where they stand.

Belongs here: counting them, and showing one as evidence. Does not: what they mean (`columns`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sales_assets.inferring.splitting import Row

_LONGEST = 60


@dataclass(frozen=True)
class Values:
    """The distinct texts of a column with their first lines and counts, and its blanks."""

    texts: dict[str, int]
    counts: dict[str, int]
    blanks: int
    first_blank: int

    @property
    def filled(self) -> int:
        """How many lines have a value."""
        return sum(self.counts.values())

    def without(self, missing: Iterable[str]) -> Values:
        """The values with some texts taken for blanks."""
        gone = [text for text in missing if text in self.texts]
        lines = [self.texts[text] for text in gone] + [self.first_blank] * (self.blanks > 0)
        return Values(
            {text: line for text, line in self.texts.items() if text not in gone},
            {text: count for text, count in self.counts.items() if text not in gone},
            self.blanks + sum(self.counts[text] for text in gone),
            min(lines, default=0),
        )

    def shown(self, text: str) -> str:
        """A text with its line, as evidence."""
        cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
        return f"{cut!r} (line {self.texts.get(text, 0)})"


def values_of(data: Sequence[Row], index: int) -> Values:
    """The values of a column."""
    texts: dict[str, int] = {}
    counts: dict[str, int] = {}
    blanks, first_blank = 0, 0
    for row in data:
        text = (row.fields or ())[index]
        if text:
            texts.setdefault(text, row.number)
            counts[text] = counts.get(text, 0) + 1
        else:
            first_blank = first_blank or row.number
            blanks += 1
    return Values(texts, counts, blanks, first_blank)
