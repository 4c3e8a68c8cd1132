"""The sensor that asks for days again that failed or were forgotten.

Belongs here: from a plan to run requests. Does not: the plan (`healing`), or asking for days whose
drops changed (`landing`) and for models above them (`conditions`), which are left time to do so.

Without `from __future__ import annotations`: Dagster reads the sensor's annotations as objects.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from sales_assets.contracts.model import SourceContract
from sales_assets.healing.days import Target
from sales_assets.healing.plan import Rules
from sales_assets.healing.state import HealingState
from sales_assets.healing.tags import healing_tags, range_tags
from sales_assets.partitions import contiguous
from sales_assets.resources.catalogue import Catalogue

NAME = "heal"


def build_healing_sensor(
    contracts: Sequence[SourceContract],
    targets: Sequence[Target],
    partitions: dg.DailyPartitionsDefinition,
    rules: Rules,
    interval_seconds: int,
    *,
    ends_dead_runs: bool,
) -> dg.SensorDefinition:
    """One sensor for the targets of a code location.

    A request has the same key for as long as nothing new is known: of a tick that is done twice,
    Dagster launches the runs once. `ends_dead_runs` is for one location of an installation.
    """
    keys = [key for target in targets for key in (*target.keys, *target.along)]

    @dg.sensor(
        name=NAME,
        asset_selection=dg.AssetSelection.assets(*dict.fromkeys(keys)),
        minimum_interval_seconds=interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks again for days that failed or were forgotten, and parks what keeps "
        "failing.",
    )
    def heal_sensor(
        context: dg.SensorEvaluationContext, catalogue: Catalogue, healing: HealingState
    ) -> dg.SensorResult | dg.SkipReason:
        from sales_assets.alerts.store import outages, stoppers
        from sales_assets.healing.healer import Healer  # not for loading the definitions
        from sales_assets.healing.runs import Runs, end_dead_runs

        first_day = partitions.start.date()
        now = datetime.now(UTC)
        if away := stoppers(healing.url, now):
            if ends_dead_runs:
                gone = Runs(context.instance).dead(rules.patience, now.timestamp())
                end_dead_runs(context.instance, gone)
            return dg.SkipReason(f"nothing is asked for now: {'; '.join(away)}")
        healer = Healer(
            *(contracts, targets, catalogue, healing, context.instance, rules, first_day),
            outages(healing.url),
        )
        look = healer.look()
        if ends_dead_runs and look.dead:
            for dead in look.dead:
                context.log.warning(f"Ended run {dead.run_id}: {dead.why}")
            end_dead_runs(context.instance, look.dead)
        for found in look.targets:
            for wait in found.plan.waits:
                spans = ", ".join(map(str, contiguous(wait.days)))
                context.log.info(f"{found.target.name}: {spans} wait for {wait.reason}")
        requests = [
            dg.RunRequest(
                run_key=request.key,
                asset_selection=[*found.target.keys, *found.target.along],
                tags={
                    **range_tags(request.window),
                    **healing_tags(request.key, found.target.team),
                },
            )
            for found in look.targets
            for request in found.plan.requests
        ]
        if requests:
            return dg.SensorResult(run_requests=requests)
        waiting = sum(len(found.due) for found in look.targets)
        told = f"{waiting:,} days wait" if waiting else "every day is as it should be"
        return dg.SkipReason(told)

    return heal_sensor
