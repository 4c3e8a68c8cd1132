"""What the tests of exchange rates in the whole pipeline share: a bazaar, and the bank's truth.

Belongs here: an installation that asks the stand-in of the API, and rates to compare with. Does
not: any expectation.
"""

from __future__ import annotations

import csv
import io
import zipfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from sales_assets.exchange_rates.live import LiveRates
from sales_assets_tests.frankfurter.server import StandIn
from sales_assets_tests.harness import DATA, SAMPLE, Installation

BAZAAR = DATA / "bazaar.odcs.yaml"
QUICK: dict[str, Any] = {
    "first_wait": 0.01,
    "longest_wait": 1.0,
    "open_seconds": 0.05,
}
"""An API that is asked again soon, and left alone for a moment only."""
IMPATIENT: dict[str, Any] = {"read_timeout": 1.0, "total_timeout": 2.0}
"""For an API that does not answer."""


@cache
def bank() -> dict[str, list[tuple[date, Decimal]]]:
    """The ECB's rates by currency, oldest first, read without the project's code."""
    with zipfile.ZipFile(SAMPLE / "eurofxref-hist.zip") as archive:
        [name] = archive.namelist()
        header, *rows = csv.reader(io.StringIO(archive.read(name).decode()))
    return {
        currency: [
            (date.fromisoformat(row[0]), Decimal(row[place]))
            for row in sorted(rows)
            if row[place] not in {"N/A", ""}
        ]
        for place, currency in enumerate(header)
        if place and currency
    }


def last_rate(currency: str, day: date) -> tuple[date, Decimal]:
    """The last published rate on or before a day."""
    rates = bank()[currency]
    return rates[bisect_right(rates, (day, Decimal("Infinity"))) - 1]


@contextmanager
def asking(
    home: Path, stand_in: StandIn, contracts: Iterable[Path] = (BAZAAR,), **more: Any
) -> Iterator[Installation]:
    """An installation whose rates come from the stand-in."""
    api = LiveRates(
        url=stand_in.url, state_url=f"sqlite:///{home / 'catalogue.sqlite'}", **{**QUICK, **more}
    )
    with Installation(home, contracts, {"exchange_rate_api": api}) as made:
        yield made


def refresh(made: Installation, first: str, last: str, *, raise_on_error: bool = True) -> Any:
    """Materialise the rates of some days, and nothing else."""
    return made.materialize(first, last, sources=[""], marts=False, raise_on_error=raise_on_error)


def rates(made: Installation) -> list[tuple[Any, ...]]:
    """The stored rates, as the models see them."""
    return made.query("SELECT rate_date, currency, rate FROM exchange_rates ORDER BY ALL")


def untrue(made: Installation) -> list[tuple[Any, ...]]:
    """Stored rates that the bank has not published."""
    truth = {(day, currency, rate) for currency in bank() for day, rate in bank()[currency]}
    return [row for row in rates(made) if row not in truth]


def last_evaluation(made: Installation, key: dg.AssetKey, name: str) -> dg.AssetCheckEvaluation:
    """What a check found the last time."""
    check = dg.AssetCheckKey(key, name)
    [record] = made.instance.event_log_storage.get_asset_check_execution_history(check, 1)
    assert record.evaluation is not None
    return record.evaluation
