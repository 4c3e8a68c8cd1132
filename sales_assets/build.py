"""Putting the definitions together.

Belongs here: which assets, checks, automation and resources there are for given settings. Does
not: any of them. Serves `definitions`, tests and other code locations.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import dagster as dg

from sales_assets.assets.exchange_rates import build_exchange_rates
from sales_assets.assets.keys import asset_key
from sales_assets.assets.locations import located, locations, model_locations
from sales_assets.assets.mart_variables import Conversion
from sales_assets.assets.marts import build_marts
from sales_assets.assets.raw import build_raw
from sales_assets.assets.report import build_report
from sales_assets.assets.revenue import build_revenue
from sales_assets.assets.staged import build_staged
from sales_assets.assets.staged_in_parts import build_staged_in_parts
from sales_assets.automation.conditions import ALONG, ON_MARTS, on_sources
from sales_assets.automation.exchange_rates import build_exchange_rate_sensor
from sales_assets.automation.failures import build_run_failure_sensor
from sales_assets.automation.landing import build_landing_sensor
from sales_assets.automation.retention import build_pruning_schedule
from sales_assets.automation.schedules import build_daily_schedule
from sales_assets.checks.quality import build_quality_checks
from sales_assets.checks.rates import build_conversion_check
from sales_assets.contracts.load import load_contracts
from sales_assets.contracts.model import SourceContract
from sales_assets.dbt_manifest import read_specs
from sales_assets.exchange_rates.ecb_file import history
from sales_assets.exchange_rates.refreshing import MOST_DAYS_BEFORE, Rules
from sales_assets.partitions import daily_partitions
from sales_assets.resources.build import build_resources, warehouse_database
from sales_assets.resources.report_folder import PAGE
from sales_assets.setting_kinds import ExecutorKind
from sales_assets.settings import Settings
from sales_assets.workers import STAGE, build_executor, on_queue, warehouse_pool

# Single-run backfills are what keeps a year one run; that Dagster calls them beta is settled by
# pinning Dagster (docs/decisions).
warnings.filterwarnings("ignore", category=dg.BetaWarning)


def partitions_of(
    settings: Settings, contracts: tuple[SourceContract, ...]
) -> dg.DailyPartitionsDefinition:
    """The one partitions definition: from the setting, or the earliest day of a contract."""
    first = settings.first_day or min(contract.history.start for contract in contracts)
    return daily_partitions(first)


def build_definitions(
    settings: Settings, overrides: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """All definitions for these settings; `overrides` replaces resources by name."""
    contracts = load_contracts([settings.contracts_folder])
    partitions = partitions_of(settings, contracts)
    conversion = Conversion.of(contracts, settings.reporting_currency)
    latest_days = max(contract.late_tolerance.days for contract in contracts)
    days_before = min(latest_days, MOST_DAYS_BEFORE)
    exchange_rates = build_exchange_rates(
        conversion,
        partitions,
        Rules(
            conversion.symbols,
            days_before,
            settings.exchange_rate_jump_percent,
            history(settings.exchange_rates_snapshot),
        ),
    )
    revenue_keys = [asset_key(contract, "revenue") for contract in contracts]
    models = read_specs(settings.dbt_prepared)
    marts = build_marts(
        models=models,
        revenue_keys=revenue_keys,
        partitions_def=partitions,
        conversion=conversion,
        on_sources=on_sources([*revenue_keys, *exchange_rates.keys]),
        along=ALONG,
        pool=warehouse_pool(settings),
    )
    report = build_report(marts, ON_MARTS)
    on_workers = settings.executor is ExecutorKind.CELERY
    reading, pool = on_queue(settings, STAGE), warehouse_pool(settings)
    sources = [
        asset
        for contract in contracts
        for asset in (
            build_raw(contract, partitions, reading),
            build_staged_in_parts(
                contract, partitions, settings.chunk_days, settings.fan_out_lines, reading
            )
            if on_workers
            else build_staged(contract, partitions, settings.chunk_days),
            build_revenue(contract, partitions, settings.chunk_days, pool),
        )
    ]
    resources = {**build_resources(settings), **(overrides or {})}
    places = locations(
        contracts,
        resources["landing_zone"],
        resources["object_store"],
        warehouse_database(settings),
        settings.report_folder / PAGE,
        build_staged_in_parts if on_workers else build_staged,
    ) | model_locations(models.assets, settings.dbt_project)
    return dg.Definitions(
        assets=located([*sources, exchange_rates, marts, report], places),
        asset_checks=[
            *(build_quality_checks(contract) for contract in contracts),
            build_conversion_check(),
        ],
        sensors=[
            build_landing_sensor(contracts, partitions, settings.settle_seconds),
            build_exchange_rate_sensor(conversion.symbols, partitions, timedelta(days=days_before)),
            build_run_failure_sensor(),
            dg.AutomationConditionSensorDefinition(
                "marts_automation",
                target=dg.AssetSelection.assets(*marts.keys, *report.keys),
                default_status=dg.DefaultSensorStatus.RUNNING,
            ),
        ],
        schedules=[
            build_daily_schedule(contracts),
            build_pruning_schedule(settings.keep_runs_days),
        ],
        resources=resources,
        executor=build_executor(settings),
    )
