"""The dbt models as assets: which they are and what they depend on.

Belongs here: dependencies, partitions and automation of the dbt assets. Does not: their SQL,
columns, tests and owners (dbt_project/), their keys and groups (`dbt_translation`), how dbt runs
(`resources.dbt`), or what a run tells the models (`mart_variables`).

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import dagster as dg
from dagster_shared.record import replace

from sales_assets.assets.columns import lineage_in, lineage_metadata
from sales_assets.assets.keys import BACKFILL, EXCHANGE_RATES
from sales_assets.assets.mart_variables import Conversion, window_variables
from sales_assets.assets.ranges import attach
from sales_assets.dbt_specs import MODEL_FILE, WAREHOUSE, DbtSpecs
from sales_assets.errors import UsageError
from sales_assets.healing.retries import RETRIES, Retries
from sales_assets.partitions import Window, run_window
from sales_assets.resources.dbt import DbtEvent, DbtInProcess
from sales_assets.resources.dbt_failures import DbtBuildError
from sales_assets.resources.warehouse import Warehouse
from sales_assets.telling.failing import without_failing
from sales_assets.telling.mart_days import mart_days

RATE_TABLES = frozenset({"exchange_rates", "rate_days"})
"""Those of the warehouse's tables that hold exchange rates."""


def build_marts(
    *,
    models: DbtSpecs,
    revenue_keys: Sequence[dg.AssetKey],
    partitions_def: dg.DailyPartitionsDefinition,
    conversion: Conversion,
    on_sources: dg.AutomationCondition[Any] | None = None,
    along: dg.AutomationCondition[Any] | None = None,
    pool: str | None = None,
    retries: Retries = RETRIES,
) -> dg.AssetsDefinition:
    """All dbt models and their tests, as one step that a range of days runs once.

    `models` comes from `dbt_manifest.read_specs`; `on_sources` is the automation condition of
    models that read no other model, `along` that of all above them; `conversion` is what the
    models are told of currencies; `pool` is that of the warehouse's writers.
    """
    own = {spec.key for spec in models.assets}

    def placed(spec: dg.AssetSpec) -> dg.AssetSpec:
        reads_model = any(dep.asset_key in own for dep in spec.deps)
        return spec.replace_attributes(
            deps=_real(spec.deps, revenue_keys),
            metadata=_metadata(spec, revenue_keys),
            partitions_def=partitions_def,
            automation_condition=along if reads_model else on_sources,
        )

    @dg.multi_asset(
        name="marts",
        specs=[placed(spec) for spec in models.assets],
        check_specs=[
            replace(check, additional_deps=_real(check.additional_deps, revenue_keys))
            for check in models.checks
        ],
        can_subset=True,
        backfill_policy=BACKFILL,
        pool=pool,
    )
    @retries
    def marts(
        context: dg.AssetExecutionContext, dbt: DbtInProcess, warehouse: Warehouse
    ) -> Iterator[DbtEvent]:
        window, is_all = run_window(context), marts.keys <= context.selected_asset_keys
        loaded = dbt.load()  # before anybody waits for the warehouse
        with warehouse.exclusive():
            refresh = warehouse.needs_full_refresh(conversion.reporting_currency)
            if refresh and not is_all:
                raise UsageError(
                    "The models have to be made anew for all of history, since they or the "
                    "reporting currency have changed; materialise all of them together, say by "
                    "`sales-assets materialize --missing`"
                )
            days = _days(warehouse, window, conversion)
            changed = None if refresh or window is None else days
            warehouse.begin_marts(changed)
            variables = conversion.variables | window_variables(window, days)
            # Told at the end, when each day's rows can be counted.
            built: list[DbtEvent] = []
            try:
                built.extend(dbt.build(context, loaded, variables=variables, full_refresh=refresh))
                if is_all:
                    warehouse.end_marts(changed, conversion.rules)
                if window is not None:
                    currency = conversion.reporting_currency
                    keys = context.selected_asset_keys
                    with without_failing(f"models, {window}"):
                        attach(context, mart_days(warehouse, keys, window, currency))
            except DbtBuildError:
                # Days that cannot be built are seen to have failed, and stop no other day.
                warehouse.abandon_marts(list(window.days()) if window else [])
                raise
            finally:
                yield from built

    return marts


def _days(warehouse: Warehouse, window: Window | None, conversion: Conversion) -> list[date]:
    """The days of drops that a run computes: its own, and others that have to be done anew."""
    others = warehouse.outdated_marts(conversion.rules)
    if window is None:
        return others
    return sorted({*window.days(), *warehouse.moved_days(window), *others})


def _metadata(spec: dg.AssetSpec, revenue_keys: Sequence[dg.AssetKey]) -> dict[str, Any]:
    """A model's metadata; its columns come from real assets, not from the warehouse's tables."""
    real = {
        name: list(
            dict.fromkeys(  # several of the warehouse's tables are one asset
                dg.TableColumnDep(key.asset_key, dep.column_name)
                for dep in deps
                for key in _real([dg.AssetDep(dep.asset_key)], revenue_keys)
            )
        )
        for name, deps in lineage_in(spec.metadata).items()
    }
    told = {name: value for name, value in spec.metadata.items() if name != MODEL_FILE}
    return {**told, **lineage_metadata(real)}


def _real(
    deps: Iterable[dg.AssetDep], revenue_keys: Sequence[dg.AssetKey]
) -> Sequence[dg.AssetDep]:
    """The dependencies, with the assets that write them for the warehouse's tables.

    All revenue assets share the tables of the source `warehouse`: a model that reads one depends
    on all of them, or on the exchange rates. A source of another name is an asset of its own.
    """
    real: dict[dg.AssetKey, dg.AssetDep] = {}
    for dep in deps:
        folder, *rest = dep.asset_key.path
        if folder != WAREHOUSE:
            real[dep.asset_key] = dep
        elif RATE_TABLES.isdisjoint(rest):
            real |= {key: dg.AssetDep(key) for key in revenue_keys}
        else:
            real[EXCHANGE_RATES] = dg.AssetDep(EXCHANGE_RATES)
    return list(real.values())
