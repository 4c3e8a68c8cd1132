"""The texts of a drop, and how many lines each has to give.

Belongs here: from a drop's inspection to what is read. Does not: the inspection (`inspection`), or
reading (`reading`, `reader`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from datetime import date
from pathlib import Path

from sales_assets.contracts.inspection import Inspection, is_day_of_file, part_name
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.reader import DropFile


def drop_files(
    contract: SourceContract,
    path: Path,
    file: str,
    found: Inspection,
    first_no: int = 0,
    undated_day: date | None = None,
) -> list[DropFile]:
    """The texts of a drop, ready to be read, with numbers from `first_no` on.

    Undated lines of a drop whose name does not say its day are of `undated_day`, and left out
    without one.
    """
    return [
        DropFile(
            file_no=number,
            path=path,
            file=part_name(file, part.name),
            sha256=found.sha256,
            header=part.header,
            lines=part.lines,
            plain=part.plain,
            file_day=min(part.days) if is_day_of_file(contract) else undated_day,
            member=part.name,
        )
        for number, part in enumerate(found.parts, start=first_no)
    ]


def expected_lines(
    files: Sequence[DropFile], found: Inspection, days: Container[date] | None = None
) -> dict[tuple[int, date], int]:
    """The lines that each (file_no, day) has to give: of all days of a drop, or of these.

    `files` are the drop's texts as `drop_files` made them.
    """
    expected: Counter[tuple[int, date]] = Counter()
    for text, part in zip(files, found.parts, strict=True):
        expected.update({(text.file_no, day): lines for day, lines in part.days.items()})
        if part.undated and text.file_day is not None:
            expected[text.file_no, text.file_day] += part.undated
    return {key: lines for key, lines in expected.items() if days is None or key[1] in days}
