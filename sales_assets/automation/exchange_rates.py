"""The sensor on exchange rates: days that are behind are asked for once the API answers.

Belongs here: from such days to run requests. Does not: which days these are and how soon they are
asked for again (`exchange_rates.due`), or the marts, which follow by their own condition
(`conditions`).

Without `from __future__ import annotations`: Dagster reads the sensor's annotations as objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from sales_assets.assets.keys import EXCHANGE_RATES
from sales_assets.exchange_rates.api import ApiRefusedError, ApiUnavailableError, ExchangeRateApi
from sales_assets.exchange_rates.due import days_to_ask, pause_after
from sales_assets.exchange_rates.state import RateState
from sales_assets.partitions import DAY, Window, contiguous
from sales_assets.resources.catalogue import Catalogue

NAME = "exchange_rates"


@dataclass(frozen=True)
class Asked:
    """When runs were asked for last, and for which days: the sensor's cursor."""

    at: datetime
    days: frozenset[date]

    @classmethod
    def parse(cls, cursor: str) -> Self:
        """From a cursor."""
        at, *spans = cursor.split()
        ends = [span.partition("..") for span in spans]
        windows = [Window.of_keys(first, last or first) for first, _, last in ends]
        days = frozenset(day for window in windows for day in window.days())
        return cls(datetime.fromisoformat(at), days)

    def __str__(self) -> str:
        return " ".join([self.at.isoformat(), *map(str, contiguous(self.days))])


def build_exchange_rate_sensor(
    symbols: Sequence[str], partitions: dg.DailyPartitionsDefinition, reach_back: timedelta
) -> dg.SensorDefinition:
    """The sensor for the currencies that are needed.

    It finds out by one call, through the circuit breaker, whether the API answers: an API that is
    away costs a call each tick, not a run. Each tick says how the API does. An API that answers,
    but not with what is due, is not asked again at once, and ever less often.

    A run asks for the days as long as `reach_back` before its own as well; that is how those
    before the first partition, which have no run of their own, are asked for.
    """

    @dg.sensor(
        name=NAME,
        asset_selection=dg.AssetSelection.assets(EXCHANGE_RATES),
        minimum_interval_seconds=120,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Materialises the rates of days that were behind, once they can be had.",
    )
    def exchange_rates_sensor(
        context: dg.SensorEvaluationContext,
        exchange_rate_api: ExchangeRateApi,
        rate_state: RateState,
        catalogue: Catalogue,
    ) -> dg.SensorResult | dg.SkipReason:
        now, first = datetime.now(UTC), partitions.start.date()
        if not symbols or now.date() < first:
            return dg.SkipReason("no day needs a rate")
        known = rate_state.not_current(symbols, Window(first - reach_back, now.date() + DAY))
        staged = {day for day in catalogue.staged_days() if first <= day <= now.date()}
        until = exchange_rate_api.published_until(now)
        days = days_to_ask(known, symbols, until, now, rate_state.unknown(staged))
        if not days:
            return dg.SkipReason(f"no day is behind{_tried_again(exchange_rate_api)}")
        waiting = f"{len(days):,} days are behind"
        if _are_made(context.instance):
            return dg.SkipReason(f"{waiting}, and a run that makes rates is under way")
        if context.cursor:
            last = Asked.parse(context.cursor)
            again = last.at + pause_after(last.at, last.days, days, known)
            if now < again:
                return dg.SkipReason(
                    f"{waiting}, and are asked for again at {again:%Y-%m-%d %H:%M} UTC"
                )
        try:
            exchange_rate_api.probe()
        except (ApiUnavailableError, ApiRefusedError) as error:
            return dg.SkipReason(f"{waiting} and wait for the API: {error}")
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    asset_selection=[EXCHANGE_RATES],
                    tags={
                        "dagster/asset_partition_range_start": window.first_key,
                        "dagster/asset_partition_range_end": window.last_key,
                    },
                )
                for window in contiguous(max(day, first) for day in days)
            ],
            cursor=str(Asked(now, frozenset(days))),
        )

    return exchange_rates_sensor


def _tried_again(api: ExchangeRateApi) -> str:
    """What an API says that was left alone: it is asked though nothing needs it now.

    Else it would count as away until a day needs a rate again.
    """
    if not api.is_left_alone():
        return ""
    try:
        api.probe()
    except (ApiUnavailableError, ApiRefusedError) as error:
        return f", and the API does not answer: {error}"
    return ", and the API answers again"


def _are_made(instance: dg.DagsterInstance) -> bool:
    """Whether a run is under way that makes rates.

    It may call the API, which is not to be called by others then; and a run that stages a day makes
    its rates too, though later.
    """
    under_way = instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
    return any(
        run.asset_selection is None or EXCHANGE_RATES in run.asset_selection for run in under_way
    )
