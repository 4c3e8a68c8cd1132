"""The ECB's file of all its reference rates, as it is published.

Belongs here: reading it, and looking up a rate. Does not: what is made of it (`snapshot`,
`plausibility`).
https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path

from sales_assets.exchange_rates.api import ApiRefusedError

Publications = dict[date, dict[str, str]]
_DAMAGED = (
    *(EOFError, IndexError, OSError, RuntimeError, ValueError),
    *(csv.Error, zipfile.BadZipFile, zlib.error),
)
"""What reading a file that is none, or is damaged, raises."""


def read_ecb_file(path: Path) -> Publications:
    """Date -> currency -> the rate's own digits, oldest first; currencies without a rate left out.

    A file that was replaced by a newer one is read again. Raises ApiRefusedError if it is no such
    file.
    """
    try:
        stat = path.stat()
        return _read(path, stat.st_mtime_ns, stat.st_size)
    except _DAMAGED as error:
        raise ApiRefusedError(
            f"{path}: is not the ECB's file of rates ({error}); get eurofxref-hist.zip from the "
            "ECB, or correct SALES_ASSETS_EXCHANGE_RATES_SNAPSHOT"
        ) from error


@lru_cache(maxsize=4)
def _read(path: Path, modified: int, size: int) -> Publications:  # noqa: ARG001 (of the cache)
    with zipfile.ZipFile(path) as archive:
        [name] = archive.namelist()
        text = archive.read(name).decode()
    header, *rows = csv.reader(io.StringIO(text))
    if not rows:
        raise ValueError("it has no rates")
    return {
        date.fromisoformat(row[0]): {
            currency: value
            for currency, value in zip(header[1:], row[1:], strict=True)
            if currency and value not in {"", "N/A"}
        }
        for row in sorted(rows)
    }


def history(path: Path) -> Callable[[str, date], tuple[date, Decimal] | None]:
    """Looks up the last rate of a currency on or before a day; knows nothing without the file."""

    @cache
    def rates_of(symbol: str) -> list[tuple[date, Decimal]]:
        if not path.is_file():
            return []
        published = read_ecb_file(path).items()
        return [(day, Decimal(rates[symbol])) for day, rates in published if symbol in rates]

    def look_up(symbol: str, day: date) -> tuple[date, Decimal] | None:
        found = rates_of(symbol)
        place = bisect_right(found, day, key=itemgetter(0))
        return found[place - 1] if place else None

    return look_up
