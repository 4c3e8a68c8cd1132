"""How the dates and times of a column are written.

Belongs here: formats (as the standard writes them) from texts, and which orders of day and month
the texts leave open. Does not: one text (`moments`), or taking dates by a format
(`contracts.formats`, `contracts.sql`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sales_assets.contracts.logical import LogicalType
from sales_assets.inferring.moments import FIRST, HALF_DAY_HOUR, HOUR, SECOND, Moment, read_moment


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
    one = "" if FIRST in narrow and first != "y" else first
    two = "" if SECOND in narrow else second
    if order == "yMd":
        shape = shape.replace("yy", "dd")
    return (
        shape.replace(FIRST, first + one)
        .replace(SECOND, second + two)
        .replace(HOUR, "H" if HOUR in narrow else "HH")
        .replace(HALF_DAY_HOUR, "h" if HALF_DAY_HOUR in narrow else "hh")
    )
