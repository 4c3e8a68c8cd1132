"""`rates/exchange_rates`: published rates of the currencies that the contracts use.

Belongs here: the asset. Does not: asking the API and judging its answers (`exchange_rates`), the
tables (`resources.warehouse`), or converting sales (dbt_project).

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import dagster as dg

from sales_assets.assets.keys import BACKFILL, EXCHANGE_RATES
from sales_assets.assets.mart_variables import Conversion
from sales_assets.assets.ranges import Metadata, committing, window_of
from sales_assets.checks.rates import (
    api_answers,
    rate_check_specs,
    rates_are_current,
    rates_are_plausible,
)
from sales_assets.exchange_rates.api import ExchangeRateApi
from sales_assets.exchange_rates.calendar import LOOK_BACK, last_publication, published_by
from sales_assets.exchange_rates.collecting import Collected, Collector, refuse_unknown
from sales_assets.exchange_rates.currencies import has_ended
from sales_assets.exchange_rates.plausibility import Judged, judge
from sales_assets.exchange_rates.state import DayState, RateState
from sales_assets.partitions import Window
from sales_assets.resources.notifier import Notifier
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.warehouse import RateLoad, ValidRate, Warehouse

POOL = "exchange_rate_api"
"""The Dagster pool whose limit is how many runs may call the API at a time."""


def build_exchange_rates(
    conversion: Conversion,
    partitions: dg.DailyPartitionsDefinition,
    reach_back: timedelta,
    jump_percent: Decimal,
) -> dg.AssetsDefinition:
    """The asset; `reach_back` is how long before a day the order dates of its drops may be."""

    @dg.asset(
        key=EXCHANGE_RATES,
        description=(
            "The European Central Bank's reference rates, from the Frankfurter API or the bank's "
            "own file: units of each currency for one euro, on every business day."
        ),
        group_name="rates",
        owners=["team:analytics"],
        kinds={"duckdb", "json"},
        tags={"source": "frankfurter", "domain": "finance"},
        metadata={"currencies": ", ".join(conversion.symbols)},
        partitions_def=partitions,
        backfill_policy=BACKFILL,
        pool=POOL,
        check_specs=rate_check_specs(),
    )
    def exchange_rates(
        context: dg.AssetExecutionContext,
        exchange_rate_api: ExchangeRateApi,
        rate_state: RateState,
        object_store: ObjectStore,
        warehouse: Warehouse,
        notifier: Notifier,
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        window, symbols, begun = window_of(context), conversion.symbols, time.time()
        with committing(context, window) as committed:
            asked = Window(window.start - reach_back, window.end)
            refuse_unknown(exchange_rate_api, symbols)
            found = Collector(exchange_rate_api, rate_state, object_store).collect(asked, symbols)
            judged = judge(
                found.values,
                symbols,
                _before(warehouse, found),
                jump_percent,
                rate_state.accepted(),
            )
            loaded = warehouse.replace_rates(_load(found, judged, asked))
            quarantined = warehouse.quarantined_rates()
            days = sorted({*asked.days(), *loaded.changed_days})
            valid = warehouse.valid_rates(Window.around(days))
            put_aside = {rate_date for rate_date, *_ in quarantined}
            states = {day: _state(day, valid.get(day, {}), symbols, put_aside) for day in days}
            rate_state.keep_days(states, symbols)
            outside = [day for day in loaded.changed_days if day not in window]
            committed.add(
                EXCHANGE_RATES,
                [
                    (day, _told(valid.get(day, {}), states[day]))
                    for day in [*window.days(), *outside]
                ],
            )
            _tell(notifier, loaded.quarantined)
        behind = {
            day: known
            for day, known in rate_state.days().items()
            if known.state is not DayState.CURRENT
            and last_publication(day) <= published_by(datetime.now(UTC))
        }
        valid = warehouse.valid_rates(Window.around(behind)) if behind else {}
        condition = exchange_rate_api.condition()
        return dg.MaterializeResult(
            metadata=_of_run(exchange_rate_api, rate_state, found, begun, condition),
            check_results=[
                rates_are_current(behind, valid, conversion.shortest_age_days),
                rates_are_plausible(quarantined),
                api_answers(found.failures, condition),
            ],
        )

    return exchange_rates


def _before(warehouse: Warehouse, found: Collected) -> Mapping[str, tuple[date, Decimal]]:
    """The last rates before the first publication that was found."""
    if not found.values:
        return {}
    first = min(found.values)
    recent = Window(first - LOOK_BACK, first)
    by_day = warehouse.published_rates(recent)
    return {c: (day, rate) for day in sorted(by_day) for c, rate in by_day[day].items()}


def _load(found: Collected, judged: Judged, days: Window) -> RateLoad:
    return RateLoad(
        rates=[
            (day, currency, rate, found.keys[day])
            for day, rates in judged.accepted.items()
            for currency, rate in rates.items()
        ],
        quarantined=[
            (q.rate_date, q.currency, q.value, q.reason, found.keys[q.rate_date])
            for q in judged.quarantined
        ],
        days=[(day, last_publication(day)) for day in days.days()],
    )


def _state(
    day: date,
    valid: Mapping[str, ValidRate],
    symbols: Sequence[str],
    put_aside: set[date],
) -> DayState:
    """How the rates of a day stand; currencies that have ended are not waited for."""
    due = last_publication(day)
    alive = [symbol for symbol in symbols if not has_ended(symbol, due)]
    if all(symbol in valid and valid[symbol].rate_date == due for symbol in alive):
        return DayState.CURRENT
    is_there = due in put_aside or any(rate.rate_date == due for rate in valid.values())
    return DayState.INCOMPLETE if is_there else DayState.UNPUBLISHED


def _told(valid: Mapping[str, ValidRate], state: DayState) -> Metadata:
    """What the UI shows of a day: the state, and numbers that it plots."""
    told: dict[str, str | float] = {"state": state.value}
    if valid:
        told["rate_date"] = str(max(rate.rate_date for rate in valid.values()))
    return told | {f"{currency} per EUR": float(valid[currency].rate) for currency in sorted(valid)}


def _of_run(
    api: ExchangeRateApi,
    state: RateState,
    found: Collected,
    begun: float,
    condition: Mapping[str, object],
) -> Metadata:
    """What the UI shows of a run: how the API did."""
    numbers = state.numbers(api.provider, begun)
    return {
        "provider": api.provider,
        "answers_staged": found.staged,
        "months_without_answer": len(found.failures),
        **numbers,
        **({"breaker": condition["breaker"]} if "breaker" in condition else {}),
    }


def _tell(notifier: Notifier, quarantined: Sequence[tuple[date, str, str, str]]) -> None:
    """One message about all rates that were put aside for the first time."""
    if quarantined:
        notifier.notify(
            title=f"{len(quarantined)} exchange rates are implausible and were put aside",
            text="\n".join(
                f"{day} {currency} {value or '(nothing)'}: {reason}"
                for day, currency, value, reason in quarantined
            )
            + "\nLook at quarantined_rates; a rate that is right after all enters by "
            "`sales-assets rates accept`.",
        )
