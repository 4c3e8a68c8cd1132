"""By which delimiter and quotes the lines of an unknown text fall into fields.

Belongs here: the choice of both, by how alike the lines become and how sound their fields are. Does
not: which lines are data (`layout`), or splitting by a known dialect (`contracts.text`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sales_assets.contracts.model import WHITESPACE, Dialect
from sales_assets.contracts.text import LONGEST_RECORD, split_line
from sales_assets.inferring.moments import read_moment
from sales_assets.inferring.numbers import read_number

DELIMITERS = (",", ";", "\t", "|", "^", "~", ":")
_LOOKED_AT = 400
"""Lines by which the delimiter is chosen."""
_ELSEWHERE = re.compile(r"[;\t|^~]")
_IN_QUOTES = re.compile(r"""(["']).*\1""", re.DOTALL)
_LONG_TEXT = 200


@dataclass(frozen=True)
class Row:
    """One record: its first line's number, its text, and its fields unless it has none."""

    number: int
    text: str
    fields: tuple[str, ...] | None
    lines: int = 1

    @property
    def width(self) -> int:
        """How many fields there are, less blank ones at the end."""
        fields = list(self.fields or ())
        while fields and not fields[-1]:
            fields.pop()
        return len(fields)


@dataclass(frozen=True)
class Split:
    """How lines are split, and how many fields most of them have."""

    dialect: Dialect
    width: int


def choose(lines: Sequence[tuple[int, str]]) -> Split:
    """The delimiter and quotes that make the lines most alike; a comma if nothing does."""
    looked_at = [line for line in lines if line[1].strip()][:_LOOKED_AT]
    text = "\n".join(line for _, line in looked_at)
    quotes = ['"', ""] if '"' in text else ['"']
    if re.search(r"(?m)(^|[,;\t|])'[^\n]{0,200}'([,;\t|]|$)", text):
        quotes.append("'")
    best, highest = Split(Dialect(), 1), 0.0
    for delimiter in DELIMITERS:
        if delimiter not in text:
            continue
        for quote in quotes:
            for joined in (False, True):
                dialect = Dialect(delimiter=delimiter, quote_char=quote, quoted_newlines=joined)
                score, width = _score(dialect, looked_at)
                if score > highest + 1e-9:
                    best, highest = Split(dialect, width), score
                if not quote or text.count(quote) % 2:
                    continue
    if highest < 0.3 and re.search(r"(?m)\S[ \t]+\S", text):
        score, width = _score(Dialect(delimiter=WHITESPACE), looked_at)
        if score > 0.4:
            return Split(Dialect(delimiter=WHITESPACE), width)
    return best if highest > 0.15 else Split(Dialect(), 1)


def rows(dialect: Dialect, lines: Sequence[tuple[int, str]]) -> Iterator[Row]:
    """The records of lines; those that cannot be split have no fields."""
    at = 0
    while at < len(lines):
        number, text = lines[at]
        taken = 1
        fields = _fields(dialect, text)
        if fields is None and dialect.quoted_newlines and text.count(dialect.quote_char) % 2:
            for more in range(2, LONGEST_RECORD + 1):
                joined = "\n".join(each for _, each in lines[at : at + more])
                if joined.count(dialect.quote_char) % 2 == 0:
                    fields = _fields(dialect, joined)
                    text, taken = (joined, more) if fields else (text, 1)
                    break
                if at + more >= len(lines):
                    break
        yield Row(number, text, fields, taken)
        at += taken


def _fields(dialect: Dialect, text: str) -> tuple[str, ...] | None:
    try:
        return tuple(split_line(dialect, text))
    except ValueError:
        return None


def _score(dialect: Dialect, lines: Sequence[tuple[int, str]]) -> tuple[float, int]:
    """How well a dialect splits lines: from 0 to nearly 1, with the commonest width.

    The share of the lines that have the width, how many fields that is, and how sound the fields
    are. What a quoted newline joins counts by its lines, so that joining pays only if it fits.
    """
    found = list(rows(dialect, lines))
    if dialect.quoted_newlines and all(row.lines == 1 for row in found):
        return 0.0, 1
    widths: Counter[int] = Counter()
    for row in found:
        if row.fields is not None:
            widths[len(row.fields)] += row.lines
    wide = {width: count * (width - 1) / width for width, count in widths.items() if width > 1}
    if not wide:
        return 0.0, 1
    width = max(wide, key=lambda each: wide[each])
    share = wide[width] / len(lines)
    cells = [
        cell for row in found if row.fields and len(row.fields) == width for cell in row.fields
    ][:4000]
    return share * sum(map(_soundness, cells)) / len(cells), width


def _soundness(cell: str) -> float:
    if not cell or read_number(cell) or read_moment(cell):
        return 1.0
    if _IN_QUOTES.fullmatch(cell) or cell[0] == '"' or cell[-1] == '"':
        return 0.3
    if _ELSEWHERE.search(cell) or len(cell) > _LONG_TEXT:
        return 0.4
    return 0.9 if '"' not in cell else 0.7
