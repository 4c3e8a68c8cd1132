"""CSV that a spreadsheet opens without taking any of it for a formula.

Belongs here: writing CSV, and what is done to texts for that. Does not: which rows, or where to
(`query`, `assets.exports`); reading CSV is the job of `contracts`.

A spreadsheet computes a cell that begins with `= + - @`, whoever wrote it: a product whose name is
`=HYPERLINK(...)` speaks to whoever opens the export. So such a text gets an apostrophe in front, as
OWASP advises (https://owasp.org/www-community/attacks/CSV_Injection), and so does what follows a
semicolon, a tab or a line break within a text, where a spreadsheet of another country begins a
cell. Quotes and characters that are not seen do not hide the sign, nor does a wide form of it. A
number stays as it is, a negative one too.

Nothing is lost: an apostrophe before what would get one was put there, since a text that has one
there by itself gets another.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import IO

_SIGNS = frozenset("=+-@")
_QUOTES = frozenset("\"'`")
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Unicode's categories of control and format characters, and of spaces."""
_BREAK = re.compile(r"([;\t\r\n\v\f])")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet computes; a number as it is."""
    if _NUMBER.fullmatch(text):
        return text
    pieces = _BREAK.split(text)
    pieces[::2] = [f"'{cell}" if _is_formula(cell) else cell for cell in pieces[::2]]
    # Nor may a cell begin with a break: some drop it, and take what follows for the cell.
    first = "'" if len(pieces) > 1 and _QUOTES.issuperset(pieces[0]) else ""
    return first + "".join(pieces)


def write_csv(
    stream: IO[str], names: Sequence[str], rows: Iterable[Sequence[str]], *, raw: bool = False
) -> None:
    """Write a header and rows of texts; `raw` leaves all of them exactly as they are."""
    writer = csv.writer(stream)
    for row in (names, *rows):
        writer.writerow(row if raw else map(harmless, row))


def _is_formula(cell: str) -> bool:
    for character in cell:
        if character in _QUOTES or unicodedata.category(character) in _UNSEEN:
            continue
        return unicodedata.normalize("NFKC", character)[0] in _SIGNS
    return False
