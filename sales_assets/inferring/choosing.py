"""Choosing among the columns that were found, and telling of it.

Belongs here: which column is likeliest for a concept, and the words for a doubtful choice. Does
not: what a single column is (`columns`), or what is made of the chosen ones (`mapping`, `amounts`).
"""

from __future__ import annotations

from collections.abc import Sequence

from sales_assets.contracts.logical import LogicalType
from sales_assets.inferring.guess import Guess
from sales_assets.inferring.words import Concept


def likeliest(
    guesses: Sequence[Guess], concepts: Sequence[Concept], types: set[LogicalType]
) -> Guess | None:
    """The surest column of the first of some concepts that any column of these types has."""
    for concept in concepts:
        fitting = [each for each in guesses if each.concept is concept and each.type in types]
        if fitting:
            return max(fitting, key=lambda each: (each.sure, -each.index))
    return None


def doubt(guess: Guess) -> str:
    """What to tell of a column that was not chosen for sure; empty if it was."""
    if guess.sure >= 2:
        return ""
    return f"{guess.header!r} is taken for the {guess.concept or 'only one of its kind'}"


def listed(texts: Sequence[str]) -> str:
    """Some texts of a file, as they are told in a note."""
    return ", ".join(map(repr, texts))
