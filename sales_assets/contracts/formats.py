"""Date formats: the standard's (JDK DateTimeFormatter) to DuckDB's (strptime).

Belongs here: that translation. Does not: parsing values. Source of the letters:
the JDK's `java.time.format.DateTimeFormatter`, which ODCS prescribes for `format`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

_TWO, _ONE_OR_TWO, _WORD = "[0-9]{2}", "[0-9]{1,2}", "[A-Za-z]+"
_OFFSET = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
LETTERS = {
    "yyyy": ("%Y", "[0-9]{4}"),
    "yy": ("%y", _TWO),
    "MMMM": ("%B", _WORD),
    "MMM": ("%b", "[A-Za-z]{3}"),
    "MM": ("%m", _TWO),
    "M": ("%-m", _ONE_OR_TWO),
    "dd": ("%d", _TWO),
    "d": ("%-d", _ONE_OR_TWO),
    "EEEE": ("%A", _WORD),
    "EEE": ("%a", "[A-Za-z]{3}"),
    "HH": ("%H", _TWO),
    "H": ("%-H", _ONE_OR_TWO),
    "hh": ("%I", _TWO),
    "h": ("%-I", _ONE_OR_TWO),
    "mm": ("%M", _TWO),
    "ss": ("%S", _TWO),
    "SSS": ("%g", "[0-9]{3}"),
    "SSSSSS": ("%f", "[0-9]{6}"),
    "a": ("%p", "[AaPp][Mm]"),
    "X": ("%z", _OFFSET),
    "XX": ("%z", _OFFSET),
    "XXX": ("%z", _OFFSET),
}
"""For each letter: strptime's directive, and the texts that it stands for (it takes others)."""
_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z'\[\]{}#]+")
_SAMPLE = date(2033, 11, 27)


def strptime_format(jdk: str) -> str:
    """Translate `yyyy-MM-dd HH:mm:ss` and the like to a strptime format.

    Raises ValueError naming the letters that have no translation.
    """
    return "".join(directive for directive, _ in _tokens(jdk))


def text_pattern(jdk: str) -> str:
    """A regular expression for texts of exactly this format, blanks and digits included.

    strptime alone takes blanks around a value and `1` for `01`.
    """
    return "".join(pattern for _, pattern in _tokens(jdk))


def has_offset(jdk: str) -> bool:
    """Whether texts of this format say their offset from UTC."""
    return "%z" in strptime_format(jdk)


def exchanged(jdk: str) -> str | None:
    """The format with day and month in the other order; None if the stated order is plain to see.

    It is where a month is a word, or where the date begins with a year of four digits, which
    nobody follows with the day.
    """
    parts = [match.group(0) for match in _TOKEN.finditer(jdk)]
    day = [part for part in parts if part in {"d", "dd"}]
    month = [part for part in parts if part in {"M", "MM"}]
    letters = [part for part in parts if part in LETTERS]
    if not day or not month or letters[0] == "yyyy":
        return None
    swapped = {day[0]: month[0], month[0]: day[0]}
    return "".join(swapped.get(part, part) for part in parts)


def file_day_format(jdk: str) -> str:
    """The format of a day in a file's name, for Python's strptime.

    Raises ValueError for a format that does not say year, month and day.
    """
    python = strptime_format(jdk).replace("%-", "%")
    if datetime.strptime(_SAMPLE.strftime(python), python).date() != _SAMPLE:  # noqa: DTZ007
        raise ValueError(f"'{jdk}' does not say year, month and day")
    return python


def _tokens(jdk: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(jdk):
        match = _TOKEN.match(jdk, position)
        if match is None:
            break
        position = match.end()
        token = match.group(0)
        if match.group(2) is None:
            text = token if match.group(1) is None else match.group(1).replace("''", "'") or "'"
            yield text.replace("%", "%%"), re.escape(text)
        elif token in LETTERS:
            yield LETTERS[token]
        else:
            raise ValueError(f"'{token}' is not one of {', '.join(sorted(LETTERS))}")
    if position != len(jdk) or not jdk:
        raise ValueError(f"'{jdk}' is not a date format such as yyyy-MM-dd")
