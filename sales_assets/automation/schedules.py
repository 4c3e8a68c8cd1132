"""The schedules: yesterday, for every source that still delivers; and whether its drop has come.

Belongs here: schedules. Does not: reacting to drops (`landing`). The schedule is what notices a
day without a drop: its raw asset is then recorded as empty or missing, by the calendar.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from sales_assets.assets.keys import asset_key
from sales_assets.automation.landing import LAYERS
from sales_assets.checks.delivery import delivery_keys
from sales_assets.contracts.model import SourceContract
from sales_assets.partitions import DAY


def build_daily_schedule(
    contracts: Sequence[SourceContract], along: Sequence[dg.AssetKey]
) -> dg.ScheduleDefinition:
    """Every day at 06:00 UTC, the day before, in one run, with the assets `along`."""
    keys = [asset_key(contract, layer) for contract in contracts for layer in LAYERS]
    keys += along

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
                *along,
            ],
        )

    return daily


def build_delivery_schedule(contracts: Sequence[SourceContract]) -> list[dg.ScheduleDefinition]:
    """At each time that a contract promises drops by, the checks of whether they came.

    No schedule if none promises a time.
    """
    promising = [contract for contract in contracts if contract.delivery.at is not None]
    times = {contract.delivery.due(contract.history.start).time() for contract in promising}
    if not times:
        return []

    @dg.schedule(
        name="deliveries",
        cron_schedule=[f"{at.minute} {at.hour} * * *" for at in sorted(times)],
        execution_timezone="UTC",
        target=dg.AssetSelection.checks(*(k for c in promising for k in delivery_keys(c))),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Checks whether the drops that are due by now have come.",
    )
    def deliveries(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        now = context.scheduled_execution_time.astimezone(UTC)
        due = [contract for contract in promising if _delivers(contract, now)]
        if not due:
            return dg.SkipReason("no source that promises a time still delivers")
        return dg.RunRequest(asset_check_keys=[key for c in due for key in delivery_keys(c)])

    return [deliveries]


def _delivers(contract: SourceContract, now: datetime) -> bool:
    """Whether drops of a source are due about this moment."""
    end = contract.history.end
    return contract.history.start <= now.date() and (
        end is None or now <= contract.delivery.due(end)
    )
