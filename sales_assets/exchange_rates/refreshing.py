"""Bringing the rates of a span of days up to date: asked for, judged, written, remembered.

Belongs here: the order of these steps. Does not: any of them, or the asset whose partitions the
days are (`assets.exchange_rates`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sales_assets.errors import PermanentError
from sales_assets.exchange_rates.api import ExchangeRateApi
from sales_assets.exchange_rates.calendar import last_publication
from sales_assets.exchange_rates.collecting import Collected, Collector, unknown_currencies
from sales_assets.exchange_rates.currencies import is_published
from sales_assets.exchange_rates.plausibility import Judged, Known, judge
from sales_assets.exchange_rates.state import DayState, RateState
from sales_assets.partitions import Window
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.warehouse import RateLoad, ValidRate, Warehouse

MOST_DAYS_BEFORE = 31
"""How far back a request of a month reaches at most."""


@dataclass(frozen=True)
class Rules:
    """Which currencies are asked for, and what a rate is compared with."""

    symbols: tuple[str, ...]
    days_before: int
    """How many days before those that are asked for are brought up to date too: late sales have
    such order dates. At most a month; older ones have been asked for in their time."""
    jump_percent: Decimal
    history: Callable[[str, date], Known | None]


@dataclass(frozen=True)
class Refreshed:
    """What came of it."""

    found: Collected
    unknown: Sequence[str]
    """Currencies that the API has never had."""
    states: Mapping[date, DayState]
    """Of each day that was asked for or changed."""
    changed_days: Sequence[date]
    """Days known before, of which another rate is valid now."""
    valid: Mapping[date, Mapping[str, ValidRate]]
    quarantined: Sequence[tuple[date, str, str, str]]
    """Date, currency, value and reason of all that may not enter."""
    unseen: Sequence[tuple[date, str, str, str]]
    """Those of them that are new."""


def refresh(
    api: ExchangeRateApi,
    state: RateState,
    store: ObjectStore,
    warehouse: Warehouse,
    days: Window,
    rules: Rules,
) -> Refreshed:
    """Bring the rates of some days up to date, as far as the API answers.

    Of currencies that are not to be had, and of days that the API refuses, the result tells.
    """
    unknown = unknown_currencies(api, rules.symbols)
    symbols = [symbol for symbol in rules.symbols if symbol not in unknown]
    asked = Window(days.start - timedelta(days=rules.days_before), days.end)
    found = Collector(api, state, store).collect(days, symbols, rules.days_before)
    judged = judge(
        found.values,
        symbols,
        warehouse.rates_before(min(found.values)) if found.values else {},
        rules.jump_percent,
        state.accepted(),
        rules.history,
    )
    loaded = warehouse.replace_rates(_load(found, judged, asked))
    state.expire({found.keys[rate.rate_date] for rate in judged.quarantined})
    quarantined = warehouse.quarantined_rates()
    put_aside = {(rate_date, currency) for rate_date, currency, *_ in quarantined}
    changed = sorted({*asked.days(), *loaded.changed_days})
    valid = warehouse.valid_rates(Window.around(changed))
    refused = [month for month, why in found.failures.items() if isinstance(why, PermanentError)]
    states = {
        day: DayState.REFUSED
        if standing is not DayState.CURRENT and any(day in month for month in refused)
        else standing
        for day in changed
        for standing in [_state(day, valid.get(day, {}), symbols, put_aside)]
    }
    state.keep_days(states, rules.symbols)
    return Refreshed(
        found, unknown, states, loaded.changed_days, valid, quarantined, loaded.quarantined
    )


def _load(found: Collected, judged: Judged, days: Window) -> RateLoad:
    return RateLoad(
        rates=[
            (day, currency, rate, found.keys[day])
            for day, rates in judged.accepted.items()
            for currency, rate in rates.items()
        ],
        quarantined=[
            (rate.rate_date, rate.currency, rate.value, rate.reason, found.keys[rate.rate_date])
            for rate in judged.quarantined
        ],
        days=[(day, last_publication(day)) for day in days.days()],
    )


def _state(
    day: date,
    valid: Mapping[str, ValidRate],
    symbols: Sequence[str],
    put_aside: set[tuple[date, str]],
) -> DayState:
    """How the rates of a day stand; currencies that are not published then are not waited for."""
    due = last_publication(day)
    lacking = {
        symbol
        for symbol in symbols
        if is_published(symbol, day) and not (symbol in valid and valid[symbol].rate_date == due)
    }
    if not lacking:
        return DayState.CURRENT
    known = all((due, symbol) in put_aside for symbol in lacking)
    return DayState.INCOMPLETE if known else DayState.UNPUBLISHED
