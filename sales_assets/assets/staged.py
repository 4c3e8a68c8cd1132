"""`staged`: each day's drops as typed Parquet in the object store, and what was rejected.

Belongs here: the staged asset as one step. Does not: the work (`staging_days`), or the same asset
as several steps (`staged_in_parts`).

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

import dagster as dg

from sales_assets.assets.columns import staged_columns
from sales_assets.assets.keys import BACKFILL, Shared, asset_key, shared
from sales_assets.assets.staging_days import StagingDays
from sales_assets.checks.reconcile import lines_reconcile_spec
from sales_assets.contracts.model import SourceContract
from sales_assets.healing.retries import RETRIES, Retries
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.landing_zone import LandingZone
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.staging_area import StagingArea


class Described(Shared):
    """What the asset says of itself, in one step or in several."""

    key: dg.AssetKey
    description: str
    kinds: set[str]
    code_version: str
    check_specs: list[dg.AssetCheckSpec]
    backfill_policy: dg.BackfillPolicy


def described(contract: SourceContract, partitions: dg.DailyPartitionsDefinition) -> Described:
    """The attributes of a source's staged asset."""
    key = asset_key(contract, "staged")
    return Described(
        key=key,
        description=(
            "The lines of each day's drops, typed and mapped onto the canonical columns, as "
            "Parquet; the lines that break the contract lie beside them, with every reason."
        ),
        kinds={"parquet", "duckdb"},
        code_version=contract.digest[:12],
        check_specs=[lines_reconcile_spec(key)],
        backfill_policy=BACKFILL,
        **shared(contract, partitions, staged_columns(contract)),
    )


def build_staged(
    contract: SourceContract,
    partitions: dg.DailyPartitionsDefinition,
    chunk_days: int,
    retries: Retries = RETRIES,
) -> dg.AssetsDefinition:
    """The staged asset of a source, as one step."""

    @dg.asset(deps=[asset_key(contract, "raw")], **described(contract, partitions))
    @retries
    def staged(
        context: dg.AssetExecutionContext,
        landing_zone: LandingZone,
        catalogue: Catalogue,
        object_store: ObjectStore,
        staging_area: StagingArea,
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        work = StagingDays(
            contract, landing_zone, catalogue, object_store, staging_area, chunk_days
        )
        return dg.MaterializeResult(check_results=[work.finish(context)])

    return staged
