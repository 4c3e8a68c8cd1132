"""`staged`: each day's drops as typed Parquet in the object store, and what was rejected.

Belongs here: the staged asset. Does not: judging lines (`contracts`) or moving bytes
(`resources`).

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

import logging
from collections.abc import Mapping
from datetime import date

import dagster as dg

from sales_assets.assets.keys import BACKFILL, asset_key, shared
from sales_assets.assets.ranges import Metadata, committing, window_of
from sales_assets.checks.reconcile import lines_reconcile, lines_reconcile_spec
from sales_assets.contracts.model import SourceContract
from sales_assets.resources.catalogue import Catalogue, StagedCounts
from sales_assets.resources.landing_zone import LandingZone
from sales_assets.resources.manifests import Manifest, fingerprint
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.staged_objects import (
    ACCEPTED,
    expected_keys,
    save_days,
    staged_key,
    staged_keys,
)
from sales_assets.resources.staging_area import StagingArea

_log = logging.getLogger("sales_assets.staged")


def build_staged(
    contract: SourceContract, partitions: dg.DailyPartitionsDefinition, chunk_days: int
) -> dg.AssetsDefinition:
    """The staged asset of a source."""
    key = asset_key(contract, "staged")

    @dg.asset(
        key=key,
        deps=[asset_key(contract, "raw")],
        description=(
            "The lines of each day's drops, typed and mapped onto the canonical columns, as "
            "Parquet; the lines that break the contract lie beside them, with every reason."
        ),
        kinds={"parquet", "duckdb"},
        code_version=contract.digest[:12],
        check_specs=[lines_reconcile_spec(key)],
        backfill_policy=BACKFILL,
        **shared(contract, partitions),
    )
    def staged(
        context: dg.AssetExecutionContext,
        landing_zone: LandingZone,
        catalogue: Catalogue,
        object_store: ObjectStore,
        staging_area: StagingArea,
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        window = window_of(context)
        with committing(context, window) as committed:
            manifests = catalogue.recorded(contract, window)
            fingerprints = {day: fingerprint(contract, m) for day, m in manifests.items()}
            there = staged_keys(object_store, contract)
            counts = {
                day: staged
                for day, staged in catalogue.staged(contract, window).items()
                if staged.fingerprint == fingerprints[day]
                and expected_keys(contract, day, staged) <= there
            }
            committed.add(key, _told(contract, object_store, manifests, counts))
            todo = {day: m for day, m in manifests.items() if m and day not in counts}
            for written in staging_area.stage(contract, landing_zone, catalogue, todo, chunk_days):
                saved = save_days(object_store, contract, fingerprints, written)
                catalogue.record_staged(contract, saved)
                committed.add(key, _told(contract, object_store, manifests, saved))
                counts |= saved
                _log.info(
                    "%s/staged %s..%s: %d lines accepted, %d rejected",
                    contract.name,
                    min(saved),
                    max(saved),
                    sum(day.accepted for day in saved.values()),
                    sum(day.rejected for day in saved.values()),
                )
            empty = {day for day, manifest in manifests.items() if not manifest}
            committed.add(key, [(day, {"accepted": 0, "rejected": 0}) for day in empty])
            _remove_stale(object_store, contract, manifests, counts, there)
        lines = {day: sum(entry.lines for entry in m) for day, m in manifests.items()}
        judged = {day: (c.accepted, c.rejected) for day, c in counts.items()}
        return dg.MaterializeResult(check_results=[lines_reconcile(key, lines, judged)])

    return staged


def _told(
    contract: SourceContract,
    store: ObjectStore,
    manifests: Mapping[date, Manifest],
    counts: Mapping[date, StagedCounts],
) -> list[tuple[date, Metadata]]:
    return [
        (
            day,
            {
                "lines": sum(entry.lines for entry in manifests[day]),
                "dagster/partition_row_count": staged.accepted,
                "accepted": staged.accepted,
                "rejected": staged.rejected,
                "amount": float(staged.amount),
                "net_amount": float(staged.net_amount),
                "amount_exact": str(staged.amount),
                "net_amount_exact": str(staged.net_amount),
                "address": store.address(staged_key(contract, ACCEPTED, day, staged.fingerprint)),
            },
        )
        for day, staged in counts.items()
    ]


def _remove_stale(
    store: ObjectStore,
    contract: SourceContract,
    manifests: Mapping[date, Manifest],
    counts: Mapping[date, StagedCounts],
    there: set[str],
) -> None:
    """Delete objects of earlier versions of these days."""
    current = {key for day, c in counts.items() for key in expected_keys(contract, day, c)}
    days = {day.isoformat() for day in manifests}
    store.delete(sorted(key for key in there - current if key.split("/")[3] in days))
