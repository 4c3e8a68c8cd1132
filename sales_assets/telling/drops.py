"""What the raw asset tells of a day: its status, and the files that make it up.

Belongs here: the words for files. Does not: which files those are (`resources.manifests`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import dagster as dg

from sales_assets.contracts.model import SourceContract
from sales_assets.resources.manifests import Entry, Known, Manifest
from sales_assets.telling.numbers import Told

SHOWN = 20
"""Files that are named; the number of all of them is told beside."""
_NANOSECONDS = 1e9


def status(contract: SourceContract, day: date, manifest: Manifest) -> str:
    """What a day is: present, empty (none was due), missing, or outside of the history."""
    if manifest:
        return "present"
    if not contract.history.holds(day):
        return "outside the source's history"
    return "missing" if contract.calendar.expects(day) else "empty"


def drops_told(
    contract: SourceContract, day: date, manifest: Manifest, known: Mapping[str, Known]
) -> Told:
    """The files of a day: names, hashes, sizes, lines, and when the last of them came.

    Sizes, and what is no data in a file, are of whole files, which may hold other days too.
    """
    if not manifest:
        return {"status": status(contract, day, manifest), "lines": 0}
    drops = [entry for entry in manifest if not entry.reference]
    references = [entry for entry in manifest if entry.reference]
    told: Told = {
        "status": "present",
        "lines": sum(entry.lines for entry in drops),
        "files": _listed([entry.file for entry in drops]),
        "sha256": _listed([entry.sha256 for entry in drops]),
        "bytes": sum(known[entry.file].drop.size for entry in drops),
        "dropped at": dg.MetadataValue.timestamp(
            max(known[entry.file].drop.modified_ns for entry in drops) / _NANOSECONDS
        ),
    }
    if len(drops) > 1:
        told |= {"number of files": len(drops), "drops": _table(drops, known)}
    if left_out := _left_out(drops, known):
        told["left out of the files"] = left_out
    if references:
        told["references"] = ", ".join(f"{e.reference}: {e.file} ({e.sha256})" for e in references)
    return told


def _listed(texts: Sequence[str]) -> str:
    more = f", and {len(texts) - SHOWN:,} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + more


def _table(drops: Sequence[Entry], known: Mapping[str, Known]) -> dg.MarkdownMetadataValue:
    """A line for each file, as a table that copes with many."""
    rows = [
        f"| `{_cell(entry.file)}` | {entry.lines:,} | {drop.size:,} | {_moment(drop.modified_ns)} "
        f"| `{entry.sha256}` |"
        for entry in drops[:SHOWN]
        for drop in [known[entry.file].drop]
    ]
    if len(drops) > SHOWN:
        rows.append(f"| and {len(drops) - SHOWN:,} more | | | | |")
    head = "| file | lines of the day | bytes | dropped at (UTC) | SHA-256 |"
    return dg.MetadataValue.md("\n".join([head, "| --- | ---: | ---: | --- | --- |", *rows]))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")  # which else ends the table's cell


def _left_out(drops: Sequence[Entry], known: Mapping[str, Known]) -> str:
    """The lines that are no data, by kind: blank ones, comments, repeated headers, ..."""
    kinds: Counter[str] = Counter()
    for entry in drops:
        if (found := known[entry.file].inspection) is not None:
            for part in found.parts:
                kinds.update(part.skipped)
    return ", ".join(f"{lines:,} {kind}" for kind, lines in sorted(kinds.items()) if lines)


def _moment(nanoseconds: int) -> str:
    return f"{datetime.fromtimestamp(nanoseconds / _NANOSECONDS, UTC):%Y-%m-%d %H:%M:%S}"
