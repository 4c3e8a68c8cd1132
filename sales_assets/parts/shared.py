"""What stands above all teams: exchange rates, models, report, exports and costs.

Belongs here: which definitions there are of it, and what another code location makes for them.
Does not: any of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import dagster as dg

from sales_assets.assets.costs import build_costs
from sales_assets.assets.exchange_rates import build_exchange_rates
from sales_assets.assets.exports import build_exports
from sales_assets.assets.freshness import timely
from sales_assets.assets.keys import asset_key
from sales_assets.assets.locations import model_locations
from sales_assets.assets.marts import build_marts
from sales_assets.assets.report import build_report
from sales_assets.automation.alerts import build_alert_sensor
from sales_assets.automation.backup import build_backup_schedules
from sales_assets.automation.conditions import ALONG, ON_MARTS, on_revenue, on_sources
from sales_assets.automation.costs import build_costs_schedule
from sales_assets.automation.exchange_rates import build_exchange_rate_sensor
from sales_assets.automation.retention import build_pruning_schedule
from sales_assets.checks.rates import build_conversion_check
from sales_assets.dbt_manifest import read_specs
from sales_assets.exchange_rates.ecb_file import history
from sales_assets.exchange_rates.refreshing import MOST_DAYS_BEFORE, Rules
from sales_assets.healing.sight import models_target, source_target
from sales_assets.operations.known import Known
from sales_assets.parts.basis import Basis, Content
from sales_assets.report.links import Links


def build_shared(
    basis: Basis, sources: Content, rates_when: dg.AutomationCondition[Any] | None = None
) -> Content:
    """All of it above the sources, wherever these are made.

    `rates_when` is the condition of the exchange rates; None where runs of the sources ask for
    them.
    """
    settings, conversion, partitions = basis.settings, basis.conversion, basis.partitions
    latest_days = max(contract.late_tolerance.days for contract in basis.contracts)
    days_before = min(latest_days, MOST_DAYS_BEFORE)
    rules = Rules(
        conversion.symbols,
        days_before,
        settings.exchange_rate_jump_percent,
        history(settings.exchange_rates_snapshot),
    )
    exchange_rates = build_exchange_rates(conversion, partitions, rules, rates_when, basis.retries)
    revenue_keys = [asset_key(contract, "revenue") for contract in basis.contracts]
    models = read_specs(settings.dbt_prepared)
    marts = build_marts(
        models=models,
        revenue_keys=revenue_keys,
        partitions_def=partitions,
        conversion=conversion,
        on_sources=on_sources([*revenue_keys, *exchange_rates.keys]),
        along=ALONG,
        pool=basis.pool,
        retries=basis.retries,
    )
    conversion_check = build_conversion_check(basis.retries)
    checked = (*sources.assets, exchange_rates, marts, *sources.checks, conversion_check)
    upstream = [
        spec
        for made in (*sources.assets, *sources.checks, exchange_rates)
        for spec in made.check_specs
    ]
    report = build_report(
        marts,
        ON_MARTS,
        contracts=basis.contracts,
        first_day=partitions.start.date(),
        checks=[spec for made in checked for spec in made.check_specs],
        links=Links(settings.ui_address),
        retries=basis.retries,
    )
    exports = build_exports(marts, [*sources.assets, exchange_rates], ON_MARTS, basis.retries)
    costs = build_costs(settings, partitions, basis.retries)
    everything = [*sources.assets, exchange_rates, marts, report, exports, costs]
    targets = (models_target(models.assets, basis.contracts, upstream),)
    known = Known(
        contracts=basis.contracts,
        assets=tuple(
            spec
            for made in timely(everything, basis.contracts, frozenset(marts.keys))
            for spec in made.specs
        ),
        checks=tuple(spec for made in (*checked, costs) for spec in made.check_specs),
        targets=(*(source_target(contract) for contract in basis.contracts), *targets),
        first_day=partitions.start.date(),
    )
    automated = [marts, report, exports, *([exchange_rates] if rates_when else [])]
    return Content(
        assets=(exchange_rates, marts, report, exports, costs),
        checks=(conversion_check,),
        sensors=(
            build_exchange_rate_sensor(conversion.symbols, partitions, timedelta(days=days_before)),
            dg.AutomationConditionSensorDefinition(
                "marts_automation",
                target=dg.AssetSelection.assets(*(k for made in automated for k in made.keys)),
                default_status=dg.DefaultSensorStatus.RUNNING,
            ),
            build_alert_sensor(settings, known),
        ),
        schedules=(
            build_pruning_schedule(settings.keep_runs_days),
            build_costs_schedule(costs, partitions, shared=settings.teams_file is not None),
            *build_backup_schedules(settings),
        ),
        above=frozenset(marts.keys),
        targets=targets,
        places=model_locations(models.assets, settings.dbt_project),
    )


def build_shared_alone(basis: Basis, sources: Content) -> Content:
    """The same in a code location of its own; other ones make the `sources`.

    These cannot ask for exchange rates, which are not theirs: rates come with the models here.
    """
    revenue_keys = [asset_key(contract, "revenue") for contract in basis.contracts]
    shared = build_shared(basis, sources, on_revenue(revenue_keys))
    return replace(shared, read=tuple(_read(shared.assets, sources)))


def _read(assets: Iterable[dg.AssetsDefinition], sources: Content) -> list[dg.AssetSpec]:
    """What is depended on and made elsewhere: only what its own code location cannot tell."""
    wanted = {dep.asset_key for asset in assets for spec in asset.specs for dep in spec.deps}
    return [
        dg.AssetSpec(
            key,
            description=spec.description,
            group_name=spec.group_name,
            owners=list(spec.owners),
            kinds=spec.kinds,
            partitions_def=spec.partitions_def,
        )
        for key, spec in sources.specs.items()
        if key in wanted
    ]
