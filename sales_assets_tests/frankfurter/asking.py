"""The ECB's file read in another way than the stand-in does, and answers to compare with it.

Belongs here: reading and asking. Does not: any expectation.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from bisect import bisect_right
from datetime import date
from typing import Any

from sales_assets_tests.frankfurter.answers import Answer, answer
from sales_assets_tests.frankfurter.rates import ECB_FILE, Rates, read_rates

RATES = read_rates()
TODAY = date(2026, 10, 30)


def ecb() -> dict[str, dict[str, str]]:
    """The file's lines as texts, oldest first, read in another way than the stand-in does."""
    with zipfile.ZipFile(ECB_FILE) as archive, archive.open("eurofxref-hist.csv") as file:
        lines = list(csv.DictReader(io.TextIOWrapper(file, "ascii")))
    return {
        line.pop("Date"): {code: text for code, text in line.items() if code and text != "N/A"}
        for line in reversed(lines)
    }


LINES = ecb()
DAYS = list(LINES)


def ask(target: str, rates: Rates = RATES, today: date = TODAY) -> Answer:
    path, _, query = target.partition("?")
    return answer(f"/v1/{path}", query, rates, today)


def told(target: str, rates: Rates = RATES, today: date = TODAY) -> dict[str, Any]:
    """A document with the digits of its numbers."""
    found = ask(target, rates, today)
    assert found.status == 200, found.body
    document: dict[str, Any] = json.loads(found.body, parse_float=str, parse_int=str)
    return document


def last_day(day: str) -> str | None:
    place = bisect_right(DAYS, day)
    return DAYS[place - 1] if place else None
