"""`rates/exchange_rates`: published rates of the currencies that the contracts use.

Belongs here: the asset. Does not: asking the API and judging its answers (`exchange_rates`), the
tables (`resources.warehouse`), or converting sales (dbt_project).

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg

from sales_assets.assets.columns import rate_columns
from sales_assets.assets.keys import BACKFILL, EXCHANGE_RATES
from sales_assets.assets.mart_variables import Conversion
from sales_assets.assets.ranges import Metadata, committing, window_of
from sales_assets.checks.rates import (
    api_answers,
    rate_check_specs,
    rates_are_current,
    rates_are_plausible,
    refusals,
)
from sales_assets.exchange_rates.api import ExchangeRateApi
from sales_assets.exchange_rates.due import overdue
from sales_assets.exchange_rates.refreshing import Refreshed, Rules, refresh
from sales_assets.exchange_rates.state import DayState, RateState
from sales_assets.healing.retries import RETRIES, Retries
from sales_assets.partitions import DAY, Window
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.warehouse import ValidRate, Warehouse

POOL = "exchange_rate_api"
"""The Dagster pool whose limit is how many runs may call the API at a time."""


def build_exchange_rates(
    conversion: Conversion,
    partitions: dg.DailyPartitionsDefinition,
    rules: Rules,
    condition: dg.AutomationCondition[Any] | None = None,
    retries: Retries = RETRIES,
) -> dg.AssetsDefinition:
    """The asset; `condition` is when it is made by itself, if runs of sources do not ask for it."""

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
        metadata={"currencies": ", ".join(conversion.symbols), **rate_columns()},
        partitions_def=partitions,
        backfill_policy=BACKFILL,
        automation_condition=condition,
        pool=POOL,
        check_specs=rate_check_specs(),
    )
    @retries
    def exchange_rates(
        context: dg.AssetExecutionContext,
        exchange_rate_api: ExchangeRateApi,
        rate_state: RateState,
        object_store: ObjectStore,
        warehouse: Warehouse,
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        window, begun = window_of(context), time.time()
        with committing(context, window) as committed:
            done = refresh(exchange_rate_api, rate_state, object_store, warehouse, window, rules)
            first = partitions.start.date()
            days = {*window.days(), *(day for day in done.changed_days if day >= first)}
            told = {day: _told(day, done.valid.get(day, {}), done.states[day]) for day in days}
            told[window.end - DAY] |= _of_run(exchange_rate_api, rate_state, done, begun)
            committed.add(EXCHANGE_RATES, told.items())
            _tell(context.log, done)
        behind = overdue(rate_state.days(), datetime.now(UTC))
        valid = warehouse.valid_rates(Window.around(behind)) if behind else {}
        return dg.MaterializeResult(
            check_results=[
                rates_are_current(behind, valid, conversion.shortest_age_days),
                rates_are_plausible(done.quarantined),
                api_answers(done.found.failures, done.unknown, exchange_rate_api.condition()),
            ],
        )

    return exchange_rates


def _told(day: date, valid: Mapping[str, ValidRate], state: DayState) -> dict[str, Any]:
    """What the UI shows of a day: the state, and numbers that it plots."""
    told: dict[str, Any] = {"state": state.value, "currencies": len(valid)}
    if valid:
        newest = max(rate.rate_date for rate in valid.values())
        told |= {"rate_date": str(newest), "age of the rates in days": (day - newest).days}
    return told | {f"{currency} per EUR": float(valid[currency].rate) for currency in sorted(valid)}


def _of_run(
    api: ExchangeRateApi,
    state: RateState,
    done: Refreshed,
    begun: float,
) -> Metadata:
    """What the UI shows of a run, with its last day: how the API did."""
    breaker = {k: v for k, v in api.condition().items() if k == "breaker"}
    return {
        "provider": api.provider,
        "answers_staged": done.found.staged,
        "months_without_answer": len(done.found.failures),
        **state.numbers(api.provider, begun),
        **breaker,
    }


def _tell(log: dg.DagsterLogManager, done: Refreshed) -> None:
    """Say what was put aside for the first time, and what is refused; the checks fail by it."""
    if done.unseen:
        log.error(
            f"{len(done.unseen)} exchange rates are implausible and were put aside\n"
            + "\n".join(
                f"{day} {currency} {value or '(nothing)'}: {reason}"
                for day, currency, value, reason in done.unseen
            )
            + "\nLook at quarantined_rates; a rate that is right after all enters by "
            "`sales-assets rates accept`."
        )
    if refused := refusals(done.found.failures, done.unknown):
        log.error(
            "Exchange rates that are not to be had until something is set right\n"
            + "\n".join(f"{what}: {why}" for what, why in refused.items())
        )
