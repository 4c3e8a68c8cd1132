"""`raw`: which drops make up each day of a source, and their hashes.

Belongs here: the raw asset. Does not: inspecting files (`contracts.inspection`), the rule for
drops that share a day (`resources.manifests`), or the words for them (`telling.drops`).

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

import logging
from collections.abc import Mapping
from datetime import date

import dagster as dg

from sales_assets.assets.columns import raw_columns
from sales_assets.assets.keys import BACKFILL, asset_key, shared
from sales_assets.assets.ranges import committing, window_of
from sales_assets.checks.drift import columns_described, columns_described_spec
from sales_assets.checks.superseded import (
    may_supersede,
    superseded_drops,
    superseded_drops_spec,
)
from sales_assets.contracts.inspection import part_name
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import DropError
from sales_assets.healing.retries import RETRIES, Retries
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.landing_zone import LandingZone
from sales_assets.resources.manifests import Known, Manifest, manifests, refusals
from sales_assets.resources.staging_area import StagingArea
from sales_assets.telling.drops import drops_told

_log = logging.getLogger("sales_assets.raw")


def build_raw(
    contract: SourceContract,
    partitions: dg.DailyPartitionsDefinition,
    op_tags: Mapping[str, str] | None = None,
    retries: Retries = RETRIES,
) -> dg.AssetsDefinition:
    """The raw asset of a source; `op_tags` say who does its steps."""
    key = asset_key(contract, "raw")

    @dg.asset(
        key=key,
        description=f"The CSV drops of each day, as they came. {contract.description}",
        kinds={"csv", "file"},
        code_version=contract.digest[:12],
        check_specs=[
            columns_described_spec(key),
            *([superseded_drops_spec(key)] if may_supersede(contract) else []),
        ],
        backfill_policy=BACKFILL,
        op_tags=op_tags,
        **shared(contract, partitions, raw_columns(contract)),
    )
    @retries
    def raw(
        context: dg.AssetExecutionContext,
        landing_zone: LandingZone,
        catalogue: Catalogue,
        staging_area: StagingArea,
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        window = window_of(context)
        with committing(context, window) as committed:
            known = catalogue.refresh(contract, landing_zone, staging_area.inspect)
            by_day = manifests(contract, known)
            days = {day: by_day.get(day, ()) for day in window.days()}
            refused = refusals(contract, known, window.days())
            usable = {day: manifest for day, manifest in days.items() if day not in refused}
            catalogue.record(contract, usable)
            committed.add(
                key, [(day, drops_told(contract, day, m, known)) for day, m in usable.items()]
            )
            if refused:
                raise DropError("\n".join(dict.fromkeys(refused.values())))
        _log.info("%s/raw %s: %d days with drops", contract.name, window, _with_drops(usable))
        headers = _headers(known, usable)
        return dg.MaterializeResult(
            check_results=[
                columns_described(key, contract, headers),
                *(
                    [superseded_drops(key, contract, known, window)]
                    if may_supersede(contract)
                    else []
                ),
            ]
        )

    return raw


def _headers(
    known: Mapping[str, Known], days: Mapping[date, Manifest]
) -> dict[str, tuple[str, ...]]:
    """The column names of every text that some days are made of."""
    files = {e.file for manifest in days.values() for e in manifest if not e.reference}
    return {
        part_name(file, part.name): part.header
        for file in sorted(files)
        if (found := known[file].inspection) is not None
        for part in found.parts
    }


def _with_drops(days: dict[date, Manifest]) -> int:
    return sum(1 for manifest in days.values() if manifest)
