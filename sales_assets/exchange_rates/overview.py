"""How the exchange rates stand, for the command line, and a person's word on one of them.

Belongs here: gathering and saying it. Does not: the checks of the UI (`checks.rates`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sales_assets.errors import UsageError
from sales_assets.exchange_rates.api import ExchangeRateApi
from sales_assets.exchange_rates.due import overdue
from sales_assets.exchange_rates.plausibility import as_rate
from sales_assets.exchange_rates.state import RateState
from sales_assets.partitions import contiguous
from sales_assets.resources.warehouse import Warehouse


def overview(resources: Mapping[str, Any]) -> Iterator[str]:
    """A line for each thing that is to be said."""
    api: ExchangeRateApi = resources["exchange_rate_api"]
    state: RateState = resources["rate_state"]
    warehouse: Warehouse = resources["warehouse"]
    yield f"source: {api.provider}"
    for name, value in api.condition().items():
        yield f"{name.replace('_', ' ')}: {value}"
    known = state.days()
    behind = overdue(known, datetime.now(UTC))
    yield f"days: {len(known):,} known, {len(behind):,} behind"
    for window in contiguous(behind):
        yield f"  behind: {window}"
    for day, currency, value, reason in warehouse.quarantined_rates():
        yield f"  put aside: {day} {currency} {value or '(nothing)'}: {reason}"


def let_in(resources: Mapping[str, Any], day: str, currency: str) -> Decimal:
    """Let a rate in that was put aside for its jump; gives the rate.

    Raises UsageError if there is none like that: what is no rate at all cannot enter.
    """
    warehouse: Warehouse = resources["warehouse"]
    for rate_date, code, value, reason in warehouse.quarantined_rates():
        if (rate_date.isoformat(), code) == (day, currency):
            rate = _rate(value)
            if rate is None:
                raise UsageError(
                    f"{day} {currency}: {value or '(nothing)'} {reason}; it is no rate"
                )
            state: RateState = resources["rate_state"]
            state.accept(date.fromisoformat(day), currency, rate)
            return rate
    raise UsageError(
        f"{day} {currency}: no such rate was put aside; `sales-assets rates show` lists them"
    )


def _rate(value: str) -> Decimal | None:
    try:
        return as_rate(Decimal(value))[0]
    except InvalidOperation:
        return None
