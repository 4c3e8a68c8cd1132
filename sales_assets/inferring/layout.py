"""Which lines of an unknown text are what: preamble, header, comments, data, footer.

Belongs here: that, as a `Dialect` with notes on what is unsure. Does not: delimiters (`splitting`),
or what the columns hold (`columns`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sales_assets.contracts.model import WHITESPACE, Dialect
from sales_assets.inferring.encodings import Encoded
from sales_assets.inferring.moments import read_moment
from sales_assets.inferring.numbers import read_number
from sales_assets.inferring.sample import Sample
from sales_assets.inferring.splitting import Row, choose, rows
from sales_assets.inferring.words import is_total, known

_SEARCHED = 100
"""Lines among which a header is looked for."""
_LONGEST_FOOTER = 20
_COMMENTS = "#*%!"


@dataclass(frozen=True)
class Layout:
    """How a text is laid out. `notes` has what is unsure, by the word of the contract."""

    dialect: Dialect
    header: tuple[str, ...]
    data: tuple[Row, ...]
    malformed: int
    notes: dict[str, str] = field(default_factory=dict)


def layout_of(sample: Sample, encoded: Encoded) -> Layout:
    """Find the layout of a sample."""
    lines = _lines(encoded.text(sample.head), complete=sample.complete)
    split = choose(lines)
    dialect = replace(split.dialect, encoding=encoded.codec)
    found = [row for row in rows(dialect, lines) if _is_there(dialect, row)]
    notes: dict[str, str] = {}
    comment, found = _without_comments(found, split.width, notes)
    at, named = _header_at(found, split.width, notes)
    header_row = found[at] if found else Row(1, "", ())
    header = header_row.fields or ()
    body = found[at + 1 :] if named else found[at:]
    body, footer = _without_footer(sample, encoded, dialect, body, notes)
    width = len(header) if named else max((len(row.fields or ()) for row in body), default=0)
    preamble = [row.number for row in found[:at]]
    units = _units(body, notes) if named else []
    if not named:
        header = tuple(f"column_{number}" for number in range(1, width + 1))
        notes.setdefault("header", "no line names the columns; give each a name that says it")
    wanted = width
    data = [
        row
        for row in body
        if row.fields
        and row.number not in units
        and not (named and row.fields == header_row.fields)
    ]
    sound = [
        replace(row, fields=(row.fields or ())[:wanted])
        for row in data
        if row.fields and len(row.fields) >= wanted and not any(row.fields[wanted:])
    ]
    if preamble and named:
        notes["headerRows"] = (
            f"line {preamble[0]} {_told(found[0].text)} is no header; "
            "if the preamble's length changes, write headerRows: search"
        )
    dialect = replace(
        dialect,
        header=named,
        header_row=header_row.number if preamble and named else None,
        comment_rows=(*(preamble if not named else []), *units),
        comment_char=comment,
        footer=footer,
        quoted_newlines=any(row.lines > 1 for row in [*sound, header_row]),
    )
    return Layout(dialect, header, tuple(sound), len(body) - len(sound) - len(units), notes)


def _lines(text: str, *, complete: bool) -> list[tuple[int, str]]:
    lines = text.split("\n")
    if len(lines) > 1 and (not complete or not lines[-1]):
        lines.pop()
    return [(number, line.rstrip("\r")) for number, line in enumerate(lines, start=1)]


def _is_there(dialect: Dialect, row: Row) -> bool:
    return bool(row.text.strip() if dialect.delimiter == WHITESPACE else row.text)


def _told(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def is_typed(cell: str) -> bool:
    """Whether a cell is a number or a date, as a column's name hardly ever is."""
    return read_number(cell) is not None or read_moment(cell) is not None or "@" in cell


def _without_comments(found: list[Row], width: int, notes: dict[str, str]) -> tuple[str, list[Row]]:
    """The sign that comments begin with, and the rows without them."""
    for sign in _COMMENTS:
        marked = [row for row in found if row.text.startswith(sign)]
        others = [row for row in found if not row.text.startswith(sign)]
        wide = [row for row in marked if row.width >= width]
        is_header = marked and marked[0] in found[:1] and len(marked) == 1 and wide
        if marked and len(others) > len(marked) and not is_header and len(wide) * 2 <= len(marked):
            notes["commentChar"] = (
                f"{len(marked)} lines begin with it, the first is line {marked[0].number}: "
                f"{_told(marked[0].text)}"
            )
            return sign, others
    return "", found


def _header_at(found: list[Row], width: int, notes: dict[str, str]) -> tuple[int, bool]:
    """The index of the header's row and True, or of the first row of data and False."""
    searched = found[:_SEARCHED]
    full = [
        at
        for at, row in enumerate(searched)
        if row.fields
        and len(row.fields) >= max(width - 1, 1)
        and (len(row.fields) <= width or not any(row.fields[width:]))
        and sum(map(bool, row.fields)) * 5 >= 3 * min(width, len(row.fields))
        and (row.width > 1 or width == 1)
    ]
    if not full:
        return 0, True
    best = max(
        full[:10],
        key=lambda at: (
            known(searched[at].fields or ()) > 1,
            known(searched[at].fields or ()),
            -at,
        ),
    )
    at = best if known(searched[best].fields or ()) >= 2 else full[0]
    row = searched[at]
    below = [other for other in found[at + 1 :] if other.fields and len(other.fields) >= width - 1]
    typed = _typed_columns(below)
    cells = row.fields or ()
    same = [
        cell for cell, share in zip(cells, typed, strict=False) if share > 0.5 and is_typed(cell)
    ]
    if same or (not below and any(map(is_typed, cells))):
        return at, False
    if len(set(filter(None, cells))) < len(list(filter(None, cells))) and not known(cells):
        notes["header"] = "its first line has a text twice; it may be data and no header"
    elif below and not any(share > 0.5 for share in typed) and not known(cells):
        notes["header"] = (
            f"line {row.number} is taken for the header, but all columns are texts, so that it "
            "may be data"
        )
    return at, True


def _typed_columns(body: Sequence[Row]) -> list[float]:
    """The share of each column's values, blanks aside, that are numbers or dates."""
    width = max((len(row.fields or ()) for row in body), default=0)
    filled, typed = Counter[int](), Counter[int]()
    for row in body[:1000]:
        for index, cell in enumerate(row.fields or ()):
            if cell:
                filled[index] += 1
                typed[index] += is_typed(cell)
    return [typed[index] / max(filled[index], 1) for index in range(width)]


def _units(body: list[Row], notes: dict[str, str]) -> list[int]:
    """The number of a line below the header that holds units."""
    if len(body) < 3:
        return []
    typed = [index for index, share in enumerate(_typed_columns(body[1:])) if share > 0.9]
    first = body[0].fields or ()
    cells = [first[index] for index in typed if index < len(first)]
    if not typed or any(map(is_typed, filter(None, first))) or not any(cells):
        return []
    notes["commentRows"] = (
        f"line {body[0].number} {_told(body[0].text)} has texts where all others have numbers"
    )
    return [body[0].number]


def _without_footer(
    sample: Sample, encoded: Encoded, dialect: Dialect, body: list[Row], notes: dict[str, str]
) -> tuple[list[Row], str | None]:
    """The rows of data, and a regular expression for the lines at the end that are none."""
    ends, last = body, 0
    if not sample.complete:
        text = encoded.text(sample.tail).partition("\n")[2] if sample.tail else ""
        lines = _lines(text, complete=True)
        ends = [row for row in rows(dialect, lines) if _is_there(dialect, row)]
    typed = [index for index, share in enumerate(_typed_columns(body[:-1])) if share > 0.8]
    filled = [
        index
        for index in typed
        if all((row.fields or ())[index : index + 1] != ("",) for row in body[:-_LONGEST_FOOTER])
    ]
    width = Counter(len(row.fields or ()) for row in body).most_common(1)
    taken: list[Row] = []
    for row in reversed(ends[-_LONGEST_FOOTER:]):
        if len(ends) - last <= 1 or not _is_footer(row, typed, filled, width[0][0] if width else 0):
            break
        last += 1
        taken.insert(0, row)
    if not taken:
        return body, None
    pattern = "|".join(dict.fromkeys(_beginning(row.text) for row in taken))
    clear = re.compile(pattern)
    kept = body[:-last] if sample.complete else body
    wrong = [row for row in kept if clear.match(row.text)]
    if wrong and any(each.width > 1 for each in wrong[-1:]) and kept[-1] in wrong:
        return body, None
    shown = f"line {taken[0].number} " if sample.complete else ""
    notes["footer"] = f"{shown}{_told(taken[0].text)} at the end is no data"
    return kept, pattern


def _is_footer(row: Row, typed: list[int], filled: list[int], width: int) -> bool:
    fields = row.fields or ()
    texts = [cell for cell in fields if cell and not is_typed(cell)]
    if any(map(is_total, texts[:2])) and sum(map(bool, fields)) < max(width, 2):
        return True
    if len(fields) < width:
        return not any(
            is_typed(fields[index]) for index in filled if index < len(fields)
        ) or is_total(row.text)
    wrong = [
        index for index in filled if not fields[index : index + 1] or not is_typed(fields[index])
    ]
    return bool(filled) and len(wrong) * 2 > len(typed) and sum(map(bool, fields)) * 2 <= width


def _beginning(text: str) -> str:
    """A regular expression for lines that begin as this one does."""
    if match := re.match(r"[\"']?[^\W\d_]{2,}", text):
        return re.escape(match.group()) + r"\b"
    if match := re.match(r"[^0-9]{1,20}", text):
        return re.escape(match.group())
    return re.escape(text[:20])
