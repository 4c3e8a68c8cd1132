"""One text that is a date, a time or both, taken apart.

Belongs here: the ways in which one is written. Does not: which of them a column has
(`moment_formats`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sales_assets.contracts.logical import LogicalType

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_NUMERIC = re.compile(r"([0-9]{1,4})([./ -])([0-9]{1,2})\2([0-9]{4}|[0-9]{1,2})(?![0-9])")
_WORDY = re.compile(r"([0-9]{1,2})([ ./-])([A-Za-z]{3,9})([ ./-])([0-9]{4}|[0-9]{2})(?![0-9])")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9}) ([0-9]{1,2})(,? )([0-9]{4})(?![0-9])")
_COMPACT = re.compile(r"((?:19|20)[0-9]{2})(0[1-9]|1[0-2])([0-3][0-9])(?![0-9])")
_COMPACT_MOMENT = re.compile(
    r"((?:19|20)[0-9]{2})(0[1-9]|1[0-2])([0-3][0-9])([0-2][0-9])([0-5][0-9]){2}"
)
_TIME = re.compile(
    r"([0-9]{1,2}):[0-9]{2}(:[0-9]{2}(?:\.([0-9]{3}|[0-9]{6}))?)?( ?)([AaPp][Mm])?"
    r"( ?)(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_LONGEST = 40
FIRST, SECOND, HOUR, HALF_DAY_HOUR = "\x01", "\x02", "\x03", "\x04"
"""Places in a shape for the numbers of day and month, and for the hour of a day or of half one."""


@dataclass(frozen=True)
class Moment:
    """One date or time, taken apart.

    `shape` is its format with places for day, month and hour; `first` and `second` are the two
    numbers whose order the shape leaves open, if `free`, else month and day. `narrow` has the
    places that are written with one digit.
    """

    type: LogicalType
    shape: str
    year: int = 0
    first: int = 0
    second: int = 0
    free: bool = False
    narrow: frozenset[str] = frozenset()

    def day(self, order: str = "Md") -> date | None:
        """The day, with its two numbers in this order; None if there is no such day."""
        if self.type is LogicalType.TIME:
            return None
        year, numbers = self.year, [self.first, self.second]
        if order == "yMd":  # two digits of a year, then month and day
            year, numbers = self.first, [self.second, self.year]
        month, day = numbers if order != "dM" else reversed(numbers)
        if year < 100:
            year += 2000 if year < 69 else 1900
        try:
            return date(year, month, day)
        except ValueError:
            return None


@lru_cache(maxsize=1 << 16)
def read_moment(text: str) -> Moment | None:
    """Take a text apart, if it is a date, a time, or both."""
    if not text or len(text) > _LONGEST or not any(map(str.isdigit, text)):
        return None
    if match := _COMPACT_MOMENT.fullmatch(text):
        year, month, day = (int(match[each]) for each in (1, 2, 3))
        return Moment(LogicalType.TIMESTAMP, "yyyyMMddHHmmss", year, month, day)
    if (time := _time(text)) is not None:
        return Moment(LogicalType.TIME, time[0], narrow=time[1])
    for read in (_numeric, _wordy, _month_first, _compact):
        found = read(text)
        if found is None:
            continue
        moment, rest = found
        if not rest:
            return moment
        join = re.match(r"T|,? ", rest)
        time = _time(rest[join.end() :]) if join else None
        if join and time is not None:
            glue = "'T'" if join.group() == "T" else join.group()
            return Moment(
                LogicalType.TIMESTAMP,
                f"{moment.shape}{glue}{time[0]}",
                moment.year,
                moment.first,
                moment.second,
                moment.free,
                moment.narrow | time[1],
            )
    return None


def _time(text: str) -> tuple[str, frozenset[str]] | None:
    match = _TIME.fullmatch(text)
    if match is None or int(match[1]) > (12 if match[5] else 23):
        return None
    seconds = ":ss" if match[2] else ""
    fraction = "." + "S" * len(match[3]) if match[3] else ""
    half = f"{match[4]}a" if match[5] else ""
    if (match[4] and not match[5]) or (match[6] and not match[7]):
        return None
    offset = f"{match[6]}XXX" if match[7] else ""
    hour = HOUR if not match[5] else HALF_DAY_HOUR
    narrow = frozenset({hour} if len(match[1]) == 1 else ())
    return f"{hour}:mm{seconds}{fraction}{half}{offset}", narrow


def _numeric(text: str) -> tuple[Moment, str] | None:
    match = _NUMERIC.match(text)
    if match is None or (len(match[1]) > 2 and len(match[4]) > 2) or len(match[1]) == 3:
        return None
    sign, rest = match[2], text[match.end() :]
    if len(match[1]) == 4:
        narrow = _narrow(match[3], match[4])
        shape = f"yyyy{sign}{FIRST}{sign}{SECOND}"
        found = Moment(
            LogicalType.DATE, shape, int(match[1]), int(match[3]), int(match[4]), False, narrow
        )
        return found, rest
    if len(match[4]) == 1:
        return None
    year = "yyyy" if len(match[4]) == 4 else "yy"
    shape = f"{FIRST}{sign}{SECOND}{sign}{year}"
    narrow = _narrow(match[1], match[3])
    return Moment(
        LogicalType.DATE, shape, int(match[4]), int(match[1]), int(match[3]), True, narrow
    ), rest


def _wordy(text: str) -> tuple[Moment, str] | None:
    match = _WORDY.match(text)
    month, letters = _month(match[3]) if match else (0, "")
    if match is None or not month:
        return None
    year = "yyyy" if len(match[5]) == 4 else "yy"
    shape = f"{SECOND}{match[2]}{letters}{match[4]}{year}"
    narrow = _narrow("00", match[1])
    return Moment(
        LogicalType.DATE, shape, int(match[5]), month, int(match[1]), False, narrow
    ), text[match.end() :]


def _month_first(text: str) -> tuple[Moment, str] | None:
    match = _MONTH_FIRST.match(text)
    month, letters = _month(match[1]) if match else (0, "")
    if match is None or not month:
        return None
    shape = f"{letters} {SECOND}{match[3]}yyyy"
    narrow = _narrow("00", match[2])
    return Moment(
        LogicalType.DATE, shape, int(match[4]), month, int(match[2]), False, narrow
    ), text[match.end() :]


def _compact(text: str) -> tuple[Moment, str] | None:
    match = _COMPACT.match(text)
    if match is None:
        return None
    year, month, day = (int(match[each]) for each in (1, 2, 3))
    return Moment(LogicalType.DATE, "yyyyMMdd", year, month, day), text[match.end() :]


def _month(word: str) -> tuple[int, str]:
    """The number of an English month and the letters that stand for it; 0 if it is none."""
    for number, month in enumerate(_MONTHS, start=1):
        if word.lower() == month[:3]:
            return number, "MMM"
        if word.lower() == month:
            return number, "MMMM"
    return 0, ""


def _narrow(first: str, second: str) -> frozenset[str]:
    return frozenset(place for place, text in ((FIRST, first), (SECOND, second)) if len(text) == 1)
