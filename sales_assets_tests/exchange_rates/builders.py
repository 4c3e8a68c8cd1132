"""Months, requests, answers and clients for the tests of exchange rates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from sales_assets.exchange_rates.api import Answer, RatesRequest
from sales_assets.exchange_rates.currencies import ENDED, LIVE
from sales_assets.exchange_rates.live import LiveRates
from sales_assets.partitions import Window
from sales_assets_tests.frankfurter.rates import read_rates
from sales_assets_tests.frankfurter.server import StandIn

PUBLICATIONS = read_rates()
FIRST, LAST = PUBLICATIONS.days[0], PUBLICATIONS.days[-1]
CODES = sorted({*LIVE, *ENDED})
QUICK: Mapping[str, Any] = {
    "connect_timeout": 5.0,
    "read_timeout": 5.0,
    "total_timeout": 10.0,
    "attempts": 3,
    "first_wait": 0.001,
    "longest_wait": 5.0,
    "failures_to_open": 100,
}
"""Settings under which a test waits for nothing that it is not about."""


def month_of(text: str) -> Window:
    """`2024-01` as a window."""
    start = date.fromisoformat(f"{text}-01")
    return Window(start, (start + timedelta(days=32)).replace(day=1))


def asking(month: str, *symbols: str) -> RatesRequest:
    """A request for a month."""
    return RatesRequest(month_of(month), symbols or ("GBP", "USD"))


def months() -> st.SearchStrategy[Window]:
    """All months of which the ECB's file has rates."""
    keys = sorted({f"{day:%Y-%m}" for day in PUBLICATIONS.days})
    return st.sampled_from(keys).map(month_of)


def symbols() -> st.SearchStrategy[tuple[str, ...]]:
    """Some currencies."""
    return st.lists(st.sampled_from(CODES), min_size=1, max_size=4, unique=True).map(
        lambda codes: tuple(sorted(codes))
    )


def saying(rates: Mapping[str, Any] | str, **more: Any) -> Answer:
    """An answer with these rates, each the text of a number or any other value of JSON."""
    document = {"amount": 1.0, "base": "EUR", **more}
    text = rates if isinstance(rates, str) else json.dumps(rates)
    return telling(f'{json.dumps(document)[:-1]}, "rates": {text}}}')


def telling(body: str, fetched_at: datetime | None = None, etag: str = '"x"') -> Answer:
    """An answer with this body."""
    return Answer("http://api/v1", body, etag, fetched_at or datetime.now(UTC), 86_400)


def live(stand_in: StandIn, folder: Path, **settings: Any) -> LiveRates:
    """A client of its own, as another process has one."""
    return LiveRates(
        **{
            **QUICK,
            "url": stand_in.url,
            "state_url": f"sqlite:///{folder / 'catalogue.sqlite'}",
            **settings,
        }
    )
