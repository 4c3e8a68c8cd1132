"""What a call asks for, read from its path and its query.

Belongs here: the paths and the parameters, with their aliases and defaults. Does not: the answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from urllib.parse import parse_qsl, unquote

EURO = "EUR"

DAY = r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
LATEST_PATH = re.compile(r"/v1/(?:latest|current)")
DAY_PATH = re.compile(rf"/v1/{DAY}")
RANGE_PATH = re.compile(rf"/v1/{DAY}\.\.{DAY}?")
CURRENCIES_PATH = "/v1/currencies"
LEADING_NUMBER = re.compile(
    r"\s*([+-]?(?:[0-9]+(?:_[0-9]+)*)?(?:\.[0-9]+)?(?<=[0-9])(?:[eE][+-]?[0-9]+)?)"
)
"""The service takes what a text begins with for its number, and no number for 0."""


class Kind(StrEnum):
    """Kinds of paths."""

    LATEST = "latest"
    DAY = "day"
    RANGE = "range"
    CURRENCIES = "currencies"
    OTHER = "other"


class InvalidError(ValueError):
    """The call is refused; the message is the service's."""


@dataclass(frozen=True)
class Question:
    """A call as it is meant; `first` and `last` are the same unless a range is asked for."""

    kind: Kind
    first: date
    last: date
    base: str
    symbols: tuple[str, ...] | None
    amount: float


def kind_of(path: str) -> Kind:
    """The kind of a path."""
    path = unquote(path)
    if LATEST_PATH.fullmatch(path):
        return Kind.LATEST
    if DAY_PATH.fullmatch(path):
        return Kind.DAY
    if RANGE_PATH.fullmatch(path):
        return Kind.RANGE
    return Kind.CURRENCIES if path == CURRENCIES_PATH else Kind.OTHER


def read_question(path: str, query: str, today: date) -> Question:
    """What a path for rates, and a query, ask for on a day.

    Raises:
        InvalidError: the service refuses the call.
    """
    given = dict(parse_qsl(query, keep_blank_values=True))
    amount = _amount(given)
    base, symbols = _either(given, "from", "base"), _either(given, "to", "symbols")
    first, last = _days(unquote(path), today)
    codes = None if symbols is None else tuple(symbols.upper().split(",")) if symbols else ()
    # The service compares with the base as given: for euros by default the pair is only not found.
    if base is not None and codes == (base.upper(),):
        raise InvalidError("bad currency pair")
    return Question(
        kind_of(path), first, last, EURO if base is None else base.upper(), codes, amount
    )


def _days(path: str, today: date) -> tuple[date, date]:
    if LATEST_PATH.fullmatch(path):
        return today, today
    if found := DAY_PATH.fullmatch(path):
        day = _day(found[1])
        return day, day
    found = RANGE_PATH.fullmatch(path)
    assert found is not None
    return _day(found[1]), _day(found[2]) if found[2] else today


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidError("invalid date") from None


def _amount(given: Mapping[str, str]) -> float:
    if "amount" not in given:
        return 1.0
    found = LEADING_NUMBER.match(given["amount"])
    amount = float(found[1]) if found else 0.0
    if not 0 < amount < math.inf:
        raise InvalidError("invalid amount")
    return amount


def _either(given: Mapping[str, str], *names: str) -> str | None:
    return next((given[name] for name in names if name in given), None)
