"""`revenue`: the accepted lines of each day in the warehouse, replaced day by day.

Belongs here: the revenue asset. Does not: the tables and their transaction
(`resources.warehouse`), or the models above them (dbt_project).

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path

import dagster as dg

from sales_assets.assets.keys import asset_key, shared
from sales_assets.assets.ranges import Metadata, committing, window_of
from sales_assets.checks.reconcile import (
    lines_reconcile,
    lines_reconcile_spec,
    totals_match_staged,
    totals_match_staged_spec,
)
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import PermanentError, TransientError
from sales_assets.partitions import Window
from sales_assets.resources.catalogue import Catalogue, StagedCounts
from sales_assets.resources.manifests import Manifest, fingerprint
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.staged_objects import ACCEPTED, REJECTED, staged_key
from sales_assets.resources.warehouse import DayLoad, LoadedDay, Warehouse

_log = logging.getLogger("sales_assets.revenue")


def build_revenue(
    contract: SourceContract, partitions: dg.DailyPartitionsDefinition, chunk_days: int
) -> dg.AssetsDefinition:
    """The revenue asset of a source."""
    key = asset_key(contract, "revenue")

    @dg.asset(
        key=key,
        deps=[asset_key(contract, "staged")],
        description=(
            "The accepted lines in the warehouse's table revenue, and the rejected ones in "
            "rejected; a day is replaced in one transaction."
        ),
        kinds={"table"},
        code_version=contract.digest[:12],
        check_specs=[lines_reconcile_spec(key), totals_match_staged_spec(key)],
        **shared(contract, partitions),
    )
    def revenue(
        context: dg.AssetExecutionContext,
        catalogue: Catalogue,
        object_store: ObjectStore,
        warehouse: Warehouse,
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        window = window_of(context)
        with committing(context) as committed:
            manifests = catalogue.recorded(contract, window)
            staged = catalogue.staged(contract, window)
            fingerprints = {day: fingerprint(contract, m) for day, m in manifests.items()}
            ledger = warehouse.loaded(contract.name, window)
            loaded = {
                day: entry
                for day, entry in ledger.items()
                if entry.fingerprint == fingerprints[day]
            }
            committed.add(_told(loaded.values()))
            todo = [
                day
                for day, manifest in manifests.items()
                if day not in loaded and (manifest or day in ledger)
            ]
            for start in range(0, len(todo), chunk_days):
                chunk = sorted(todo)[start : start + chunk_days]
                written = _load(
                    contract,
                    object_store,
                    warehouse,
                    manifests,
                    staged,
                    chunk,
                    partial(_confirm, catalogue, contract, manifests, chunk),
                )
                committed.add(_told(written))
                loaded |= {day.day: day for day in written}
                _log.info(
                    "%s/revenue %s..%s: %d rows",
                    contract.name,
                    chunk[0],
                    chunk[-1],
                    sum(day.accepted for day in written),
                )
            never = {day for day in manifests if day not in loaded}
            committed.add((day, {"dagster/partition_row_count": 0}) for day in never)
        lines = {day: sum(entry.lines for entry in m) for day, m in manifests.items()}
        now = warehouse.counted(contract.name, window)
        return dg.MaterializeResult(
            check_results=[
                lines_reconcile(
                    key, lines, {day: (d.accepted, d.rejected) for day, d in now.items()}
                ),
                totals_match_staged(key, staged, now),
            ]
        )

    return revenue


def _load(
    contract: SourceContract,
    store: ObjectStore,
    warehouse: Warehouse,
    manifests: Mapping[date, Manifest],
    staged: Mapping[date, StagedCounts],
    days: list[date],
    confirm: Callable[[], None],
) -> list[LoadedDay]:
    """Replace some days of the warehouse by their staged objects."""
    for day in days:
        if manifests[day] and (
            day not in staged or staged[day].fingerprint != fingerprint(contract, manifests[day])
        ):
            raise PermanentError(
                f"{contract.name}, {day}: its staged asset is older than its drops or its "
                f"contract; materialise {contract.name}/staged for it first"
            )
    keys = {
        (kind, day): staged_key(contract, kind, day, staged[day].fingerprint)
        for day in days
        if manifests[day]
        for kind, count in ((ACCEPTED, staged[day].accepted), (REJECTED, staged[day].rejected))
        if count
    }
    with ExitStack() as stack:
        paths: list[Path] = stack.enter_context(store.local(list(keys.values())))
        local = dict(zip(keys, paths, strict=True))
        return warehouse.replace(
            contract.name,
            [
                DayLoad(
                    day=day,
                    fingerprint=fingerprint(contract, manifests[day]),
                    contract_version=contract.version,
                    files=json.dumps([asdict(entry) for entry in manifests[day]]),
                    lines=sum(entry.lines for entry in manifests[day]),
                    accepted=local.get((ACCEPTED, day)),
                    rejected=local.get((REJECTED, day)),
                )
                for day in days
            ],
            confirm,
        )


def _confirm(
    catalogue: Catalogue,
    contract: SourceContract,
    manifests: Mapping[date, Manifest],
    days: list[date],
) -> None:
    """Refuse to load days whose drops another run has recorded anew since this one began."""
    now = catalogue.recorded(contract, Window.around(days))
    changed = [day for day in days if now[day] != manifests[day]]
    if changed:
        raise TransientError(
            f"{contract.name}, {changed[0]}: another run has taken newer drops of this day "
            f"({len(changed)} days like this); nothing was changed. Materialise it again"
        )


def _told(days: Iterable[LoadedDay]) -> list[tuple[date, Metadata]]:
    return [
        (
            day.day,
            {
                "dagster/partition_row_count": day.accepted,
                "lines": day.lines,
                "rejected": day.rejected,
                "amount": float(day.amount),
                "net_amount": float(day.net_amount),
                "amount_exact": str(day.amount),
                "net_amount_exact": str(day.net_amount),
            },
        )
        for day in days
    ]
