"""The ECB's file of all its reference rates, as it is published.

Belongs here: reading it. Does not: what is made of it (`snapshot`).
https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from datetime import date
from functools import lru_cache
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
