"""The daily schedule: yesterday, for every source that still delivers.

Belongs here: schedules. Does not: reacting to drops (`landing`). The schedule is what notices a
day without a drop: its raw asset is then recorded as empty or missing, by the calendar.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import dagster as dg

from sales_assets.assets.keys import EXCHANGE_RATES, asset_key
from sales_assets.automation.landing import LAYERS
from sales_assets.contracts.model import SourceContract
from sales_assets.partitions import DAY


def build_daily_schedule(contracts: Sequence[SourceContract]) -> dg.ScheduleDefinition:
    """Every day at 06:00 UTC, the day before, in one run."""
    keys = [asset_key(contract, layer) for contract in contracts for layer in LAYERS]
    keys.append(EXCHANGE_RATES)

    @dg.schedule(
        name="daily",
        cron_schedule="0 6 * * *",
        execution_timezone="UTC",
        target=dg.AssetSelection.assets(*keys),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Materialises yesterday for every source that still delivers.",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        yesterday = context.scheduled_execution_time.astimezone(UTC).date() - DAY
        active = [contract for contract in contracts if contract.history.holds(yesterday)]
        if not active:
            return dg.SkipReason(f"no source has {yesterday} in its history")
        return dg.RunRequest(
            partition_key=yesterday.isoformat(),
            asset_selection=[
                *(asset_key(c, layer) for c in active for layer in LAYERS),
                EXCHANGE_RATES,
            ],
        )

    return daily
