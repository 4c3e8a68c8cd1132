"""`revenue` and `rejected`: each day's lines in the warehouse, replaced day by day.

Belongs here: the two assets, which one transaction writes. Does not: the tables and that
transaction (`resources.warehouse`), or the models above them (dbt_project).

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any

import dagster as dg

from sales_assets.assets.columns import rejected_columns, revenue_columns
from sales_assets.assets.keys import BACKFILL, asset_key, shared
from sales_assets.assets.ranges import committing, window_of
from sales_assets.checks.reconcile import (
    lines_reconcile,
    lines_reconcile_spec,
    rejected_in_limits,
    rejected_in_limits_spec,
    totals_match_staged,
    totals_match_staged_spec,
)
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.preview import newest
from sales_assets.errors import PermanentError, TransientError
from sales_assets.healing.retries import RETRIES, Retries
from sales_assets.partitions import Window
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.catalogue_days import StagedCounts
from sales_assets.resources.chunks import chunks
from sales_assets.resources.manifests import Manifest, fingerprint
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.staged_objects import ACCEPTED, REJECTED, staged_key
from sales_assets.resources.warehouse import DayLoad, LoadedDay, Warehouse
from sales_assets.telling.failing import without_failing
from sales_assets.telling.loaded_days import LoadedDays
from sales_assets.telling.pictured_days import pictures_of

_log = logging.getLogger("sales_assets.revenue")


def build_revenue(
    contract: SourceContract,
    partitions: dg.DailyPartitionsDefinition,
    chunk_days: int,
    pool: str | None = None,
    retries: Retries = RETRIES,
) -> dg.AssetsDefinition:
    """The revenue and rejected assets of a source, as one step in the pool of writers."""
    key, rejected_key = (asset_key(contract, layer) for layer in ("revenue", "rejected"))

    def spec(of: dg.AssetKey, description: str, columns: Mapping[str, Any]) -> dg.AssetSpec:
        return dg.AssetSpec(
            of,
            deps=[asset_key(contract, "staged")],
            description=description,
            kinds={"table"},
            code_version=contract.digest[:12],
            **shared(contract, partitions, columns),
        )

    @dg.multi_asset(
        name="__".join(key.path),
        specs=[
            spec(
                key,
                "The accepted lines in the warehouse's table revenue; a day is replaced in one "
                "transaction with its rejected lines.",
                revenue_columns(contract),
            ),
            spec(
                rejected_key,
                "The lines that were not accepted, in the warehouse's table rejected: file, line, "
                "text (personal values masked) and every reason.",
                rejected_columns(contract),
            ),
        ],
        check_specs=[
            lines_reconcile_spec(key),
            totals_match_staged_spec(key),
            *(
                [rejected_in_limits_spec(rejected_key, contract)]
                if contract.rejected_limits
                else []
            ),
        ],
        backfill_policy=BACKFILL,
        pool=pool,
    )
    @retries
    def revenue(
        context: dg.AssetExecutionContext,
        catalogue: Catalogue,
        object_store: ObjectStore,
        warehouse: Warehouse,
    ) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
        window = window_of(context)
        with committing(context, window) as committed:
            manifests = catalogue.recorded(contract, window)
            staged = catalogue.staged(contract, window)
            fingerprints = {day: fingerprint(contract, m) for day, m in manifests.items()}
            ledger = warehouse.loaded(contract.name, window)
            loaded = {
                day: entry
                for day, entry in ledger.items()
                if entry.fingerprint == fingerprints[day]
            }

            previewed = newest(day for day, manifest in manifests.items() if manifest)

            def tell(days: Iterable[LoadedDay]) -> None:
                told = LoadedDays(contract.name, days)
                with without_failing(str(told)):
                    told.ask(warehouse, previewed)
                committed.add(key, told.accepted())
                committed.add(rejected_key, told.rejected())

            for chunk in chunks(sorted(loaded), manifests, chunk_days):
                tell(loaded[day] for day in chunk)
            todo = [
                day
                for day, manifest in manifests.items()
                if day not in loaded and (manifest or day in ledger)
            ]
            for chunk in chunks(todo, manifests, chunk_days):
                written = _load(
                    contract,
                    object_store,
                    warehouse,
                    manifests,
                    staged,
                    chunk,
                    partial(_confirm, catalogue, contract, manifests, chunk),
                )
                tell(written)
                loaded |= {day.day: day for day in written}
                _log.info(
                    "%s/revenue %s..%s: %d rows",
                    contract.name,
                    chunk[0],
                    chunk[-1],
                    sum(day.accepted for day in written if day.day in manifests),
                )
            tell(LoadedDay.empty(day) for day in manifests if day not in loaded)
            if shown := [day for day, d in loaded.items() if d.lines and day in window]:
                with without_failing(f"{contract.name}, {max(shown)}"):
                    of_revenue, of_rejected = pictures_of(warehouse, contract, max(shown))
                    committed.tell_more(key, max(shown), of_revenue)
                    committed.tell_more(rejected_key, max(shown), of_rejected)
        lines = {day: sum(entry.lines for entry in m) for day, m in manifests.items()}
        now = warehouse.counted(contract.name, window)
        counts = {day: (d.accepted, d.rejected) for day, d in now.items()}
        outweighed = warehouse.outweighed(contract.name, window) if contract.across_days else {}
        yield dg.MaterializeResult(
            asset_key=key,
            check_results=[
                lines_reconcile(key, lines, counts),
                totals_match_staged(key, staged, now, outweighed),
            ],
        )
        moved = {day: (d.accepted, d.rejected) for day, d in loaded.items() if day not in window}
        limits = [rejected_in_limits(rejected_key, contract, counts | moved)]
        yield dg.MaterializeResult(
            asset_key=rejected_key, check_results=limits if contract.rejected_limits else []
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
    with warehouse.reach(store, list(keys.values())) as files:
        staged_files = dict(zip(keys, files, strict=True))
        return warehouse.replace(
            contract.name,
            [
                DayLoad(
                    day=day,
                    fingerprint=fingerprint(contract, manifests[day]),
                    contract_version=contract.version,
                    files=json.dumps([asdict(entry) for entry in manifests[day]]),
                    lines=sum(entry.lines for entry in manifests[day]),
                    accepted=staged_files.get((ACCEPTED, day)),
                    rejected=staged_files.get((REJECTED, day)),
                )
                for day in days
            ],
            confirm,
            contract.across_days,
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
