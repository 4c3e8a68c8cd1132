"""The ECB's file of all its reference rates, as it is published.

Belongs here: reading it. Does not: what is made of it (`snapshot`).
https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip
"""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date
from functools import lru_cache
from pathlib import Path

from sales_assets.exchange_rates.api import ApiRefusedError


@lru_cache(maxsize=4)
def read_ecb_file(path: Path) -> dict[date, dict[str, str]]:
    """Date -> currency -> the rate's own digits, oldest first; currencies without a rate left out.

    Raises ApiRefusedError if it is no such file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            [name] = archive.namelist()
            text = archive.read(name).decode()
        header, *rows = csv.reader(io.StringIO(text))
        return {
            date.fromisoformat(row[0]): {
                currency: value
                for currency, value in zip(header[1:], row[1:], strict=True)
                if currency and value not in {"", "N/A"}
            }
            for row in sorted(rows)
        }
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ApiRefusedError(
            f"{path}: is not the ECB's file of rates ({error}); get eurofxref-hist.zip from the "
            "ECB, or correct SALES_ASSETS_EXCHANGE_RATES_SNAPSHOT"
        ) from error
