"""The currencies for which the European Central Bank publishes reference rates.

Belongs here: which there are and which have ended. Does not: their rates. Read from the ECB's
own history of rates (sample_data/eurofxref-hist.zip), up to 2026-10-30.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

BASE = "EUR"
"""The currency that all rates are per one unit of."""

ENDED = {
    "BGN": date(2025, 12, 31),
    "CYP": date(2007, 12, 31),
    "EEK": date(2010, 12, 31),
    "HRK": date(2022, 12, 30),
    "LTL": date(2014, 12, 31),
    "LVL": date(2013, 12, 31),
    "MTL": date(2007, 12, 31),
    "ROL": date(2005, 6, 30),
    "RUB": date(2022, 3, 1),
    "SIT": date(2006, 12, 29),
    "SKK": date(2008, 12, 31),
    "TRL": date(2004, 12, 31),
}
"""Currencies that are published no more: the day of their last rate. They were replaced by the
euro or by a new unit; the rouble's rate was suspended."""

BEGAN = {
    "BGN": date(2000, 7, 19),
    "BRL": date(2008, 1, 2),
    "CNY": date(2005, 4, 1),
    "HRK": date(2005, 4, 1),
    "IDR": date(2005, 4, 1),
    "ILS": date(2011, 1, 3),
    "INR": date(2009, 1, 2),
    "MXN": date(2008, 1, 2),
    "MYR": date(2005, 4, 1),
    "PHP": date(2005, 4, 1),
    "RON": date(2005, 7, 1),
    "RUB": date(2005, 4, 1),
    "THB": date(2005, 4, 1),
    "TRY": date(2005, 1, 3),
}
"""Currencies whose first rate is not of 1999-01-04, the first day of all: the day of that rate."""

SUSPENDED = {"ISK": (date(2008, 12, 10), date(2018, 2, 1))}
"""Currencies without rates for a while: the first day without, and the first day with rates."""

LIVE = frozenset(
    {"AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "GBP", "HKD", "HUF", "IDR", "ILS", "INR"}
    | {"ISK", "JPY", "KRW", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "RON", "SEK", "SGD", "THB"}
    | {"TRY", "USD", "ZAR"}
)
"""Currencies that are published. One that is in neither list is looked for at the API."""


def has_ended(currency: str, day: date) -> bool:
    """Whether a currency's last rate was before a day."""
    return currency in ENDED and ENDED[currency] < day


def is_published(currency: str, day: date) -> bool:
    """Whether there are rates of a currency at the time of a day."""
    if has_ended(currency, day) or day < BEGAN.get(currency, day):
        return False
    since, until = SUSPENDED.get(currency, (day, day))
    return not since <= day < until


def needed(contracts_use: Iterable[Iterable[str]], reporting: str) -> tuple[str, ...]:
    """The currencies to ask for: those of the contracts and the reporting one, less the base."""
    return tuple(sorted({reporting, *(c for used in contracts_use for c in used)} - {BASE}))
