"""The sensor on exchange rates: days that are behind are asked for once the API answers.

Belongs here: from such days to run requests. Does not: which days these are
(`exchange_rates.due`), or the marts, which follow by their own condition (`conditions`).

Without `from __future__ import annotations`: Dagster reads the sensor's annotations as objects.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from sales_assets.assets.keys import EXCHANGE_RATES
from sales_assets.exchange_rates.api import ApiUnavailableError, ExchangeRateApi
from sales_assets.exchange_rates.due import days_to_ask
from sales_assets.exchange_rates.state import RateState
from sales_assets.partitions import contiguous


def build_exchange_rate_sensor(
    symbols: Sequence[str], partitions: dg.DailyPartitionsDefinition
) -> dg.SensorDefinition:
    """The sensor for the currencies that are needed.

    It finds out by one call, through the circuit breaker, whether the API answers: an API that is
    away costs a call each tick, not a run. Each tick says how the API does.
    """

    @dg.sensor(
        name="exchange_rates",
        asset_selection=dg.AssetSelection.assets(EXCHANGE_RATES),
        minimum_interval_seconds=120,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Materialises the rates of days that were behind, once they can be had.",
    )
    def exchange_rates_sensor(
        exchange_rate_api: ExchangeRateApi, rate_state: RateState
    ) -> dg.SensorResult | dg.SkipReason:
        now, known = datetime.now(UTC), rate_state.days()
        first = partitions.start.date()
        until = exchange_rate_api.published_until(now)
        days = [d for d in days_to_ask(known, symbols, until, now) if first <= d <= now.date()]
        if not days:
            return dg.SkipReason(f"none of the {len(known):,} known days is behind")
        try:
            exchange_rate_api.probe()
        except ApiUnavailableError as error:
            return dg.SkipReason(f"{len(days):,} days are behind and wait for the API: {error}")
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    # Once for each state of the days; once an hour if a run died with it.
                    run_key=f"{window}:{max(known[day].checked_at for day in window.days())}"
                    f":{now:%Y-%m-%dT%H}",
                    asset_selection=[EXCHANGE_RATES],
                    tags={
                        "dagster/asset_partition_range_start": window.first_key,
                        "dagster/asset_partition_range_end": window.last_key,
                    },
                )
                for window in contiguous(days)
            ]
        )

    return exchange_rates_sensor
