"""A row of the audit log, and the seal that shows if it was changed.

Belongs here: the fields, their one canonical form, what is done to texts, the hash of arguments,
the seal. Does not: the table (`tables`), or following the chain (`verify`).

The seal is HMAC-SHA256 over all fields, as a JSON array in ASCII: no two rows have the same form,
whatever their texts hold, and a number differs from its digits as a text. Arguments are hashed with
the same key: without it nobody can try out which secret a hash is of.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from operator import attrgetter
from typing import Any, Self

from sales_assets.errors import UsageError

GENESIS = "0" * 64
"""Stands for the seal before the first row."""
CUT = "…"
"""Ends a text that was longer."""
_FORM = "sales-assets audit row 1"
"""Begins what is sealed, so that the key's seals of anything else are none of a row."""
_ARGUMENTS_FORM = "sales-assets audit arguments 1"
"""Begins what arguments are hashed as, so that no hash is the seal of a row."""
_LONGEST = {
    "user_name": 320,
    "team": 6_400,
    "address": 100,
    "request_id": 100,
    "operation": 200,
    "target": 500,
    "detail": 1_000,
}
"""Characters; an e-mail address has at most 320, and `team` may name several."""


class Kind(StrEnum):
    """What a row tells."""

    INTENT = "intent"
    OUTCOME = "outcome"


@dataclass(frozen=True, slots=True)
class Row:
    """A row, as the table has it; `time` is ISO 8601 in UTC, with microseconds."""

    number: int
    time: str
    kind: str
    about: int | None
    """The number of the intent that an outcome belongs to."""
    user_name: str | None
    team: str | None
    address: str | None
    request_id: str | None
    operation: str | None
    target: str | None
    arguments: str | None
    outcome: str | None
    detail: str | None
    key_id: str
    """Which key made the seal."""
    previous: str
    """The seal of the row before."""
    hash: str = ""


FIELDS = tuple(field.name for field in fields(Row))
_sealed_fields = attrgetter(*(name for name in FIELDS if name != "hash"))


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a log; whoever knows it can tell if the log still has it."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """A head as `str` writes it; raises UsageError for any other text."""
        found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip(), re.ASCII)
        if found is None:
            raise UsageError(
                f"{text!r} is no head; write NUMBER:HASH as `sales-assets audit head` prints it"
            )
        return cls(int(found[1]), found[2])


NOTHING = Head(0, GENESIS)
"""The head of a log without rows."""


def seal(row: Row, key: bytes) -> str:
    """What `hash` has to be."""
    form = json.dumps(
        [_FORM, *_sealed_fields(row)], ensure_ascii=True, separators=(",", ":"), default=_strange
    )
    return hmac.digest(key, form.encode("ascii"), "sha256").hex()


def hash_of(arguments: Mapping[str, Any], key: bytes) -> str:
    """HMAC-SHA256 of arguments, in the one form that equal ones have."""
    form = json.dumps(
        [_ARGUMENTS_FORM, arguments], sort_keys=True, separators=(",", ":"), default=str
    )
    return hmac.digest(key, form.encode("ascii"), "sha256").hex()


def sealed(row: Row, key: bytes) -> Row:
    """The row with its seal."""
    return replace(row, hash=seal(row, key))


def _strange(value: object) -> Mapping[str, str]:
    """A value of a type that no field has, as somebody may put it into SQLite; unlike any text."""
    return {type(value).__name__: repr(value)}


def bounded(texts: Mapping[str, str | None]) -> dict[str, Any]:
    """Texts by the names of their fields, harmless, and cut to what a field holds."""
    return {
        name: None if text is None else harmless(text, _LONGEST.get(name))
        for name, text in texts.items()
    }


def harmless(text: str, longest: int | None = None) -> str:
    r"""A text whose line breaks and other unseen characters are written out, as `\n` and `\x1b`.

    So no text forges a line of a list, commands a terminal, or turns the direction of writing.
    """
    if longest is not None:
        text = text[: longest + 1]  # of what is longer, no more is needed to see that it is
    seen = "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
    if longest is None or len(seen) <= longest:
        return seen
    return seen[: longest - len(CUT)] + CUT
