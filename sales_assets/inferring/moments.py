"""How the dates and times of a column are written.

Belongs here: formats (as the standard writes them) from texts, and which orders of day and month
the texts leave open. Does not: taking dates by a format (`contracts.formats`, `contracts.sql`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
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
_FIRST, _SECOND, _HOUR = "\x01", "\x02", "\x03"
"""Places in a shape for the numbers of day and month, and for the hour."""


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
    hour = _HOUR if not match[5] else "\x04"
    narrow = frozenset({hour} if len(match[1]) == 1 else ())
    return f"{hour}:mm{seconds}{fraction}{half}{offset}", narrow


def _numeric(text: str) -> tuple[Moment, str] | None:
    match = _NUMERIC.match(text)
    if match is None or (len(match[1]) > 2 and len(match[4]) > 2) or len(match[1]) == 3:
        return None
    sign, rest = match[2], text[match.end() :]
    if len(match[1]) == 4:
        narrow = _narrow(match[3], match[4])
        shape = f"yyyy{sign}{_FIRST}{sign}{_SECOND}"
        found = Moment(
            LogicalType.DATE, shape, int(match[1]), int(match[3]), int(match[4]), False, narrow
        )
        return found, rest
    if len(match[4]) == 1:
        return None
    year = "yyyy" if len(match[4]) == 4 else "yy"
    shape = f"{_FIRST}{sign}{_SECOND}{sign}{year}"
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
    shape = f"{_SECOND}{match[2]}{letters}{match[4]}{year}"
    narrow = _narrow("00", match[1])
    return Moment(
        LogicalType.DATE, shape, int(match[5]), month, int(match[1]), False, narrow
    ), text[match.end() :]


def _month_first(text: str) -> tuple[Moment, str] | None:
    match = _MONTH_FIRST.match(text)
    month, letters = _month(match[1]) if match else (0, "")
    if match is None or not month:
        return None
    shape = f"{letters} {_SECOND}{match[3]}yyyy"
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
    return frozenset(
        place for place, text in ((_FIRST, first), (_SECOND, second)) if len(text) == 1
    )


@dataclass
class Formats:
    """The formats of a column's dates, the commonest first.

    `either` has the first format in each order that the texts leave open, if that is more than
    one, and `spans` the days between which each of them puts the lines. `proof` is a text that
    settles the order, `against` one that settles it otherwise.
    """

    type: LogicalType
    formats: list[str] = field(default_factory=list)
    either: list[str] = field(default_factory=list)
    spans: dict[str, tuple[date, date]] = field(default_factory=dict)
    proof: str = ""
    against: str = ""
    orders: dict[str, str] = field(default_factory=dict)

    def day(self, text: str, order: str = "") -> date | None:
        """The day of a text by these formats."""
        moment = read_moment(text)
        if moment is None or moment.shape not in self.orders:
            return None
        return moment.day(order if order and moment.free else self.orders[moment.shape])

    def fits(self, text: str) -> bool:
        """Whether a text is a date or a time by these formats."""
        moment = read_moment(text)
        if moment is None or moment.shape not in self.orders:
            return False
        return moment.type is LogicalType.TIME or self.day(text) is not None


def formats_of(texts: Mapping[str, int]) -> Formats | None:
    """The formats of texts, each with how often it is there; None if none of them is a date."""
    groups: dict[str, list[tuple[str, Moment]]] = defaultdict(list)
    types: Counter[LogicalType] = Counter()
    weight: Counter[str] = Counter()
    for text, count in texts.items():
        if (moment := read_moment(text)) is not None:
            groups[moment.shape].append((text, moment))
            types[moment.type] += count
            weight[moment.shape] += count
    if not groups:
        return None
    kind = types.most_common(1)[0][0]
    if types[LogicalType.TIMESTAMP] and kind is LogicalType.DATE:
        kind = LogicalType.TIMESTAMP  # which dates alone can be, at midnight
    found = Formats(kind)
    for shape, _ in weight.most_common():
        moments = groups[shape]
        if moments[0][1].type not in {kind, LogicalType.DATE} or (
            kind is LogicalType.TIME and moments[0][1].type is not kind
        ):
            continue
        _add(found, shape, moments)
    return found


def _add(found: Formats, shape: str, moments: list[tuple[str, Moment]]) -> None:
    narrow = frozenset().union(*(moment.narrow for _, moment in moments))
    orders = _orders([moment for _, moment in moments]) if moments[0][1].free else {"Md": 0}
    best = max(orders.values())
    open_ = [order for order, wrong in orders.items() if wrong == best]
    if len(open_) > 1 and any(each in found.orders.values() for each in open_) and found.orders:
        # Two shapes of one column are in one order.
        open_ = [each for each in open_ if each in found.orders.values()]
    first = open_[0]
    found.orders[shape] = first
    written = _format(shape, first, narrow)
    found.formats.append(written)
    if len(open_) > 1:
        found.either = [_format(shape, order, narrow) for order in open_]
        for order, name in zip(open_, found.either, strict=True):
            days = [day for _, moment in moments if (day := moment.day(order))]
            found.spans[name] = (min(days), max(days))
    elif moments[0][1].free:
        other = "Md" if first == "dM" else "dM"
        proofs = [text for text, each in moments if each.day(first) and not each.day(other)]
        found.proof = proofs[0] if proofs else ""
        wrong = [text for text, each in moments if each.day(other) and not each.day(first)]
        found.against = wrong[0] if wrong else ""


def _orders(moments: list[Moment]) -> dict[str, int]:
    """How many texts are days in each order of their numbers."""
    orders = ["dM", "Md"]
    if moments[0].year < 100 and "yyyy" not in moments[0].shape:
        firsts, lasts = {each.first for each in moments}, {each.year for each in moments}
        if len(firsts) < len(lasts) or max(firsts) > 31:
            orders.append("yMd")
    return {order: sum(each.day(order) is not None for each in moments) for order in orders}


def _format(shape: str, order: str, narrow: frozenset[str]) -> str:
    first, second = {"dM": ("d", "M"), "Md": ("M", "d"), "yMd": ("y", "M")}[order]
    one = "" if _FIRST in narrow and first != "y" else first
    two = "" if _SECOND in narrow else second
    if order == "yMd":
        shape = shape.replace("yy", "dd")
    return (
        shape.replace(_FIRST, first + one)
        .replace(_SECOND, second + two)
        .replace(_HOUR, "H" if _HOUR in narrow else "HH")
        .replace("\x04", "h" if "\x04" in narrow else "hh")
    )
