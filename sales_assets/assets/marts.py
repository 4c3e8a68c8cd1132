"""The dbt models as assets: which they are and what they depend on.

Belongs here: keys, dependencies, groups and automation of the dbt assets. Does not: their SQL,
columns, tests and owners (dbt_project/), how dbt runs (`resources.dbt`), or what a run tells the
models (`mart_variables`).

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DbtProject,
    dbt_assets,
    group_from_dbt_resource_props_fallback_to_directory,
)
from dagster_dbt.asset_utils import get_asset_check_key_for_test
from dagster_dbt.core.dbt_event_iterator import DbtDagsterEventType
from dagster_shared.record import replace

from sales_assets.assets.keys import EXCHANGE_RATES
from sales_assets.assets.mart_variables import Conversion, window_variables
from sales_assets.errors import PermanentError, UsageError
from sales_assets.partitions import Window, run_window
from sales_assets.resources.dbt import DbtBuildError, DbtInProcess
from sales_assets.resources.warehouse import Warehouse

WAREHOUSE = "warehouse"
"""The dbt source whose tables the revenue assets and the exchange rates write."""
RATE_TABLES = frozenset({"exchange_rates", "rate_days"})
"""Those of its tables that hold exchange rates."""


class HomelessTestError(PermanentError):
    """A dbt test that belongs to no model, so that its result could be shown nowhere."""


class MartsTranslator(DagsterDbtTranslator):
    """Names dbt models by their folder, and lets the assets stand for the tables they write.

    `models/marts/daily_revenue.sql` is `marts/daily_revenue`. The tables of the source `warehouse`
    are shared by all revenue assets: a model that reads one depends on all of them, or on the
    exchange rates. A source of another name is one asset, its key stated in dbt
    (`meta: {dagster: {asset_key: [...]}}`).
    """

    def __init__(
        self,
        revenue_keys: Sequence[dg.AssetKey],
        on_sources: dg.AutomationCondition[Any] | None,
        along: dg.AutomationCondition[Any] | None,
    ) -> None:
        super().__init__()
        self._revenue_keys = revenue_keys
        self._on_sources = on_sources
        self._along = along

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`folder/model`."""
        if dbt_resource_props["resource_type"] == "source":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey(dbt_resource_props["fqn"][1:])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The group stated in dbt, or the folder."""
        return group_from_dbt_resource_props_fallback_to_directory(dbt_resource_props)

    def get_automation_condition(
        self, dbt_resource_props: Mapping[str, Any]
    ) -> dg.AutomationCondition[dg.AssetKey] | None:
        """One for the models that read sources only, one for those that read a model."""
        read = dbt_resource_props.get("depends_on", {}).get("nodes", [])
        reads_model = any(node.startswith("model.") for node in read)
        return self._along if reads_model else self._on_sources

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """As dagster-dbt has it, with the revenue assets for the tables they write."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        return spec.replace_attributes(deps=self._real(spec.deps))

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        """As dagster-dbt has it, with the revenue assets for the tables they write."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and replace(spec, additional_deps=self._real(spec.additional_deps))

    def _real(self, deps: Iterable[dg.AssetDep]) -> Sequence[dg.AssetDep]:
        real: dict[dg.AssetKey, dg.AssetDep] = {}
        for dep in deps:
            folder, *rest = dep.asset_key.path
            if folder != WAREHOUSE:
                real[dep.asset_key] = dep
            elif RATE_TABLES.isdisjoint(rest):
                real |= {key: dg.AssetDep(key) for key in self._revenue_keys}
            else:
                real[EXCHANGE_RATES] = dg.AssetDep(EXCHANGE_RATES)
        return list(real.values())


def build_marts(
    *,
    manifest: Mapping[str, Any],
    revenue_keys: Sequence[dg.AssetKey],
    partitions_def: dg.DailyPartitionsDefinition,
    conversion: Conversion,
    on_sources: dg.AutomationCondition[Any] | None = None,
    along: dg.AutomationCondition[Any] | None = None,
    pool: str | None = None,
) -> dg.AssetsDefinition:
    """All dbt models and their tests, as one step that a range of days runs once.

    `manifest` comes from `dbt_manifest.read_manifest`; `on_sources` is the automation condition of
    models that read no other model, `along` that of all above them; `conversion` is what the
    models are told of currencies; `pool` is that of the warehouse's writers.
    """
    translator = MartsTranslator(revenue_keys, on_sources, along)
    _refuse_homeless_tests(manifest, translator)

    @dbt_assets(
        name="marts",
        manifest=manifest,
        dagster_dbt_translator=translator,
        partitions_def=partitions_def,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=pool,
    )
    def marts(
        context: dg.AssetExecutionContext, dbt: DbtInProcess, warehouse: Warehouse
    ) -> Iterator[DbtDagsterEventType]:
        window, is_all = run_window(context), marts.keys <= context.selected_asset_keys
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
            try:
                yield from dbt.build(context, variables=variables, full_refresh=refresh)
            except DbtBuildError:
                # Days that cannot be built are seen to have failed, and stop no other day.
                warehouse.abandon_marts(list(window.days()) if window else [])
                raise
            if is_all:
                warehouse.end_marts(changed, conversion.rules)

    return marts


def _days(warehouse: Warehouse, window: Window | None, conversion: Conversion) -> list[date]:
    """The days of drops that a run computes: its own, and others that have to be done anew."""
    others = warehouse.outdated_marts(conversion.rules)
    if window is None:
        return others
    return sorted({*window.days(), *warehouse.moved_days(window), *others})


def _refuse_homeless_tests(manifest: Mapping[str, Any], translator: DagsterDbtTranslator) -> None:
    """Refuse tests that dagster-dbt cannot tie to one model: they would run unseen, or never."""
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] != "test":
            continue
        key = get_asset_check_key_for_test(manifest, translator, unique_id, project=None)
        if key is None or key.asset_key.path[0] == WAREHOUSE:
            raise HomelessTestError(
                f"The dbt test {node['name']} ({node['original_file_path']}) belongs to no model."
                " Test the staging model instead of its source, or name the model whose check this"
                " is: config: {meta: {dagster: {ref: {name: <model>}}}}."
            )
