"""The ECB's reference rates, as the file in the repository has them.

Belongs here: reading the file, and which days were published. Does not: what the API makes of it
(`answers`). Nothing in this folder imports the project: a stand-in that shares code with what it
tests would share its mistakes.
"""

from __future__ import annotations

import csv
import io
import zipfile
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Self

ECB_FILE = Path(__file__).resolve().parents[2] / "sample_data" / "eurofxref-hist.zip"
MISSING = "N/A"

Publication = Mapping[str, Decimal]
"""What one euro is worth, by currency; its digits are the ECB's."""


@dataclass(frozen=True)
class Rates:
    """Publications by day, oldest first; a currency without a rate on a day is not in its own."""

    by_day: Mapping[date, Publication]
    days: tuple[date, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "days", tuple(self.by_day))

    def until(self, day: date) -> Self:
        """What was known when that day's rates were the newest."""
        known = islice(self.by_day.items(), bisect_right(self.days, day))
        return type(self)(dict(known))

    def last_day(self, day: date) -> date | None:
        """The last day with a publication that is not after the day."""
        place = bisect_right(self.days, day)
        return self.days[place - 1] if place else None

    def days_between(self, first: date, last: date) -> tuple[date, ...]:
        """The days with a publication, both ends included."""
        return tuple(day for day in self.days if first <= day <= last)


@cache
def read_rates(file: Path = ECB_FILE) -> Rates:
    """All publications of a file as the ECB offers it for download."""
    with zipfile.ZipFile(file) as archive:
        (name,) = archive.namelist()
        text = archive.read(name).decode("ascii")
    # Each line ends in a comma, and so has a last column without a name.
    header, *lines = csv.reader(io.StringIO(text))
    codes = header[1:-1]
    newest_first = (
        (
            date.fromisoformat(day),
            {
                code: Decimal(value)
                for code, value in zip(codes, values[:-1], strict=True)
                if value != MISSING
            },
        )
        for day, *values in lines
    )
    return Rates(dict(sorted(newest_first)))
