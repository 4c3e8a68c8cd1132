"""The sensor on exchange rates: days that are behind are asked for once the API answers.

Belongs here: from such days to run requests. Does not: which days these are
(`exchange_rates.due`), or the marts, which follow by their own condition (`conditions`).

Without `from __future__ import annotations`: Dagster reads the sensor's annotations as objects.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from sales_assets.assets.keys import EXCHANGE_RATES
from sales_assets.exchange_rates.api import ApiUnavailableError, ExchangeRateApi
from sales_assets.exchange_rates.due import days_to_ask
from sales_assets.exchange_rates.state import RateState
from sales_assets.partitions import contiguous

NAME = "exchange_rates"
PAUSE = timedelta(minutes=30)
"""How long after its last runs the sensor asks for the days again that these left behind."""
_UNDER_WAY = dg.RunsFilter(tags={"dagster/sensor_name": NAME}, statuses=NOT_FINISHED_STATUSES)


def build_exchange_rate_sensor(
    symbols: Sequence[str], partitions: dg.DailyPartitionsDefinition
) -> dg.SensorDefinition:
    """The sensor for the currencies that are needed.

    It finds out by one call, through the circuit breaker, whether the API answers: an API that is
    away costs a call each tick, not a run. Each tick says how the API does. The cursor is when runs
    were asked for last: one that answers, but not with what is due, is not asked again at once.
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
    ) -> dg.SensorResult | dg.SkipReason:
        now, known = datetime.now(UTC), rate_state.days()
        first = partitions.start.date()
        until = exchange_rate_api.published_until(now)
        days = [d for d in days_to_ask(known, symbols, until, now) if first <= d <= now.date()]
        if not days:
            return dg.SkipReason(f"none of the {len(known):,} known days is behind")
        waiting = f"{len(days):,} days are behind"
        if context.instance.get_runs_count(_UNDER_WAY):
            return dg.SkipReason(f"{waiting}, and a run for them is under way")
        if context.cursor and now < (again := datetime.fromisoformat(context.cursor) + PAUSE):
            return dg.SkipReason(f"{waiting}, and are asked for again at {again:%H:%M} UTC")
        try:
            exchange_rate_api.probe()
        except ApiUnavailableError as error:
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
                for window in contiguous(days)
            ],
            cursor=now.isoformat(),
        )

    return exchange_rates_sensor
