"""Which drops make up each day of a source: the rules for drops that share a day.

Belongs here: those rules (docs/decisions/0009-drops-that-share-a-day.md), as functions of what is
known of the drops, so that the days are the same whatever the order in which drops came. Does
not: finding out what a drop holds (`contracts.inspection`), or keeping it (`catalogue`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from sales_assets.contracts.days import Overlap
from sales_assets.contracts.inspection import Inspection, days_at_most
from sales_assets.contracts.model import SourceContract
from sales_assets.resources.landing_zone import Drop


@dataclass(frozen=True)
class Entry:
    """One file's part in a day: `lines` of the file are of that day, `undated` ones among them.

    A `reference` by its name: a file that the day's lines refer to, without lines of its own.
    """

    file: str
    sha256: str
    lines: int
    undated: int = 0
    reference: str = ""


Manifest = tuple[Entry, ...]
"""The files that make up one day of one source, sorted by name, and then the references that they
refer to; empty without a drop."""


@dataclass(frozen=True)
class Known:
    """A drop that the catalogue knows: its inspection, and why it is refused, if it is.

    `first_seen_ns` is when a refresh of the catalogue saw it first with this size and time. It is
    no drop but a file that drops refer to if `reference` names one.
    """

    drop: Drop
    inspection: Inspection | None
    refused: str
    digest: str = ""
    first_seen_ns: int = field(default=0, compare=False)
    reference: str = ""

    def days_at_most(self, contract: SourceContract) -> frozenset[date] | None:
        """The days that the drop can hold; None if nothing is known of them."""
        if self.reference:
            return None
        if self.inspection is not None:
            return frozenset(self.inspection.days)
        return days_at_most(contract, self.drop.file)


def fingerprint(contract: SourceContract, manifest: Manifest) -> str:
    """What decides the rows of a day: its files' bytes, the contract and the parser.

    Equal fingerprints mean equal rows; 16 hexadecimal digits, or `empty` without a file.
    """
    if not manifest:
        return "empty"
    parts = [contract.digest]
    for entry in manifest:
        undated = f"\0{entry.undated}" if entry.undated else ""
        parts.append(f"{entry.file}\0{entry.sha256}{undated}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


class Held(NamedTuple):
    """A drop that may be used, and its dated lines of one day."""

    drop: Drop
    found: Inspection
    lines: int
    first_seen_ns: int


def precedence(contract: SourceContract) -> Callable[[Drop], tuple[int, str]]:
    """The order of drops of which the last counts."""
    by_name = contract.overlap is Overlap.LATEST_BY_NAME
    return lambda drop: (0 if by_name else drop.modified_ns, drop.file)


def held(contract: SourceContract, known: Mapping[str, Known]) -> dict[date, list[Held]]:
    """The drops that hold each day, those that supersede others after them."""
    order = precedence(contract)
    by_day: dict[date, list[Held]] = {}
    for item in sorted(known.values(), key=lambda item: order(item.drop)):
        if item.inspection is None or item.refused or item.reference:
            continue
        for day, lines in item.inspection.days.items():
            own = Held(item.drop, item.inspection, lines, item.first_seen_ns)
            by_day.setdefault(day, []).append(own)
    return by_day


def manifests(contract: SourceContract, known: Mapping[str, Known]) -> dict[date, Manifest]:
    """Which files make up each day, by the contract's rule for drops that share a day.

    `latest` and `latestByName`: the last drop that holds the day is the whole day. `union`: each
    drop adds its lines, but the same content under two names counts once. The undated lines of a
    drop belong to the first day for which it counts.
    """
    by_day = held(contract, known)
    references = tuple(_references(contract, known))
    placed: set[str] = set()
    result: dict[date, Manifest] = {}
    for day in sorted(by_day):
        entries = []
        for drop, found, lines, _ in _counting(contract, by_day[day]):
            undated = 0 if drop.file in placed else found.undated
            placed.add(drop.file)
            entries.append(Entry(drop.file, found.sha256, lines + undated, undated))
        result[day] = (*entries, *references)
    return result


def _references(contract: SourceContract, known: Mapping[str, Known]) -> Iterator[Entry]:
    """The file of each reference: of several the last, by time unless the contract says by name."""
    order = precedence(contract)
    for reference in contract.references:
        usable = [
            (item.drop, item.inspection)
            for item in known.values()
            if item.reference == reference.name and item.inspection is not None and not item.refused
        ]
        if usable:
            drop, found = max(usable, key=lambda pair: order(pair[0]))
            yield Entry(drop.file, found.sha256, 0, reference=reference.name)


def _counting(contract: SourceContract, drops: Sequence[Held]) -> list[Held]:
    """Those of a day's drops that count, sorted by name."""
    if contract.overlap is not Overlap.UNION:
        return [drops[-1]]
    ordered = sorted(drops, key=lambda item: item.drop.file)
    first = {item.found.content: item.drop.file for item in reversed(ordered)}
    return [item for item in ordered if first[item.found.content] == item.drop.file]


def refusals(
    contract: SourceContract, known: Mapping[str, Known], days: Iterable[date]
) -> dict[date, str]:
    """Those of some days that a refused drop may hold, with the reasons.

    A file whose name says its day spoils that day alone. Of any other it is not known which days
    it holds, so all of them wait until it is mended or removed. Days with drops wait for a
    reference that is not there.
    """
    wanted = list(days)
    there = {item.reference for item in known.values()}
    missing = [
        f"{reference.path}: is not in the landing zone, and the lines of {contract.name} refer to "
        f"it ({reference.name}); land it"
        for reference in contract.references
        if reference.name not in there
    ]
    with_drops = held(contract, known) if missing else {}
    reasons = {day: "\n".join(missing) for day in wanted if day in with_drops}
    for item in known.values():
        if item.refused:
            own = item.days_at_most(contract)
            for day in wanted:
                if own is None or day in own:
                    reasons[day] = (
                        f"{reasons[day]}\n{item.refused}" if day in reasons else item.refused
                    )
    return reasons


def differing(before: Mapping[date, Manifest], after: Mapping[date, Manifest]) -> set[date]:
    """The days that other files, or other lines of them, make up now."""
    return {day for day in before.keys() | after.keys() if before.get(day) != after.get(day)}
