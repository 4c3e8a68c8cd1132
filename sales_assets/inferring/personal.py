"""Which columns of an unknown text hold personal data, by their names or by their values.

Belongs here: telling them, and hiding their values in what is told. Does not: what else a column
holds (`columns`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.pseudonyms import MASK
from sales_assets.inferring.guess import Guess
from sales_assets.inferring.words import Concept

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[A-Za-z]{2,24}")
_PHONE = re.compile(r"(?:\+|00?)[1-9][0-9]{0,3}[ ()/.-][0-9 ()/.-]{5,16}")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?")
_STREET = re.compile(r"[^\W\d_][^\d\n]{3,40} [0-9]{1,4} ?[a-z]?")
_FULL_NAME = re.compile(r"[^\W\d_]{2,20}(?:[ ,.'-]{1,2}[^\W\d_]{1,20}){1,3}")
_VALUES = re.compile(r"'.*'|\d{4}-\d\d-\d\d", re.DOTALL)
"""What evidence shows of values: quoted texts, and the days that they may mean."""


def mark_personal(guess: Guess) -> Guess:
    """The guess with its personal data marked, and then without a value in its evidence."""
    return _without_values(_personal(guess))


def _personal(guess: Guess) -> Guess:
    """The guess with its personal data marked, by its name or by its values."""
    values = guess.values
    if guess.type is not LogicalType.STRING or not values.texts:
        is_named = guess.concept is Concept.PERSONAL and guess.sure > 1
        return replace(guess, is_personal=is_named)
    if guess.concept is Concept.PERSONAL:
        return replace(guess, is_personal=True)
    for pattern, told in (
        (_EMAIL, "e-mail addresses"),
        (_IBAN, "IBANs"),
        (_PHONE, "phone numbers"),
    ):
        if _matching(values.texts, pattern) >= 0.5:
            return replace(guess, is_personal=True, notes=(*guess.notes, f"holds {told}"))
    if guess.concept is Concept.CUSTOMER_ID and _matching(values.texts, _FULL_NAME) >= 0.5:
        shown = values.shown(next(iter(values.texts)))
        told = f"holds names, as {shown}, and is no customer_id therefore"
        return replace(guess, is_personal=True, notes=(*guess.notes, told))
    if guess.concept is None and _matching(values.texts, _STREET) >= 0.8 and len(values.texts) > 2:
        told = f"looks like addresses, as {values.shown(next(iter(values.texts)))}"
        return replace(guess, is_personal=True, notes=(*guess.notes, told))
    return guess


def _without_values(guess: Guess) -> Guess:
    """A personal column's guess whose evidence shows no value: contracts are there to be shared."""
    if not guess.is_personal:
        return guess
    notes = tuple(_VALUES.sub(MASK, note) for note in guess.notes)
    return replace(guess, notes=notes, question=_VALUES.sub(MASK, guess.question))


def _matching(texts: Iterable[str], pattern: re.Pattern[str]) -> float:
    matches = [pattern.fullmatch(text) is not None for text in texts]
    return sum(matches) / len(matches)
