"""Columns of which no two lines of a sample have the same values.

Belongs here: finding them. Does not: deciding that they are a key; a sample cannot prove that.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from sales_assets.contracts.logical import LogicalType
from sales_assets.inferring.guess import Guess
from sales_assets.inferring.splitting import Row
from sales_assets.inferring.words import Concept

_FEWEST = 5
"""Lines below which being unique says nothing."""
_KEYS = (Concept.ORDER_ID, Concept.LINE_NUMBER, Concept.OTHER_ID, Concept.PRODUCT_ID)


def likely_key(guesses: Sequence[Guess], data: Sequence[Row]) -> tuple[Guess, ...]:
    """The first column, else pair of columns, that names each line of the sample alone."""
    likely = [
        guess
        for guess in guesses
        if guess.required
        and guess.concept in _KEYS
        and guess.type in {LogicalType.STRING, LogicalType.INTEGER}
    ]
    likely.sort(key=lambda guess: _KEYS.index(guess.concept or Concept.OTHER_ID))
    if len(data) < _FEWEST:
        return ()
    for count in (1, 2):
        for columns in combinations(likely, count):
            seen = {tuple((row.fields or ())[each.index] for each in columns) for row in data}
            if len(seen) == len(data):
                return columns
    return ()
