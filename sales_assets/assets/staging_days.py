"""Staging the days of a run, at once or in parts.

Belongs here: which days are to be staged, staging some, and ending the work with a record of all.
Does not: the asset, in one step (`staged`) or several (`staged_in_parts`), judging lines
(`contracts`) or moving bytes (`resources`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import dagster as dg

from sales_assets.assets.keys import asset_key
from sales_assets.assets.ranges import Metadata, StepContext, committing, window_of
from sales_assets.checks.reconcile import lines_reconcile
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.preview import newest
from sales_assets.partitions import Window
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.catalogue_days import StagedCounts
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
from sales_assets.telling.numbers import figures_told, lines_told, totals_told
from sales_assets.telling.tables import accepted_preview

_log = logging.getLogger("sales_assets.staged")


@dataclass(frozen=True)
class Progress:
    """What days are made of, what of them is staged just so, and all objects that are there."""

    manifests: Mapping[date, Manifest]
    fingerprints: Mapping[date, str]
    counts: dict[date, StagedCounts]
    there: set[str]

    @property
    def todo(self) -> dict[date, Manifest]:
        """The days with drops that are not staged as these are."""
        return {day: m for day, m in self.manifests.items() if m and day not in self.counts}


@dataclass(frozen=True)
class StagingDays:
    """The work on a source's days, at most `chunk_days` at a time, with what it needs."""

    contract: SourceContract
    landing_zone: LandingZone
    catalogue: Catalogue
    object_store: ObjectStore
    staging_area: StagingArea
    chunk_days: int

    def progress(self, window: Window) -> Progress:
        """How the days of a window stand; raises UsageError if `raw` has not recorded one."""
        contract = self.contract
        manifests = self.catalogue.recorded(contract, window)
        fingerprints = {day: fingerprint(contract, m) for day, m in manifests.items()}
        there = staged_keys(self.object_store, contract)
        counts = {
            day: staged
            for day, staged in self.catalogue.staged(contract, window).items()
            if staged.fingerprint == fingerprints[day]
            and expected_keys(contract, day, staged) <= there
        }
        return Progress(manifests, fingerprints, counts, there)

    def stage(self, found: Progress, days: Iterable[date]) -> Iterator[dict[date, StagedCounts]]:
        """Stage days; those that are given out are in place and in the catalogue."""
        todo = {day: found.manifests[day] for day in days}
        previewed = newest(day for day, manifest in found.manifests.items() if manifest)
        for written in self.staging_area.stage(
            self.contract, self.landing_zone, self.catalogue, todo, self.chunk_days, previewed
        ):
            saved = save_days(self.object_store, self.contract, found.fingerprints, written)
            self.catalogue.record_staged(self.contract, saved)
            _log.info(
                "%s/staged %s..%s: %d lines accepted, %d rejected",
                self.contract.name,
                min(saved),
                max(saved),
                sum(day.accepted for day in saved.values()),
                sum(day.rejected for day in saved.values()),
            )
            yield saved

    def finish(self, context: StepContext) -> dg.AssetCheckResult:
        """Stage the days of a run that are not staged yet, record all, remove stale objects.

        The days that are staged are recorded also if another one fails.
        """
        key = asset_key(self.contract, "staged")
        window = window_of(context)
        with committing(context, window) as committed:
            found = self.progress(window)
            manifests, counts = found.manifests, found.counts
            committed.add(key, self._told(manifests, counts))
            for saved in self.stage(found, found.todo):
                committed.add(key, self._told(manifests, saved))
                counts |= saved
            empty = {day for day, manifest in manifests.items() if not manifest}
            committed.add(key, [(day, lines_told(0, 0, 0)) for day in empty])
            self._remove_stale(found)
        lines = {day: sum(entry.lines for entry in m) for day, m in manifests.items()}
        judged = {day: (c.accepted, c.rejected) for day, c in counts.items()}
        return lines_reconcile(key, lines, judged)

    def _told(
        self, manifests: Mapping[date, Manifest], counts: Mapping[date, StagedCounts]
    ) -> list[tuple[date, Metadata]]:
        return [
            (
                day,
                {
                    "dagster/partition_row_count": staged.accepted,
                    **lines_told(
                        sum(entry.lines for entry in manifests[day]),
                        staged.accepted,
                        staged.rejected,
                    ),
                    **totals_told(
                        staged.accepted, staged.amount, staged.net_amount, staged.figures
                    ),
                    "address": self.object_store.address(
                        staged_key(self.contract, ACCEPTED, day, staged.fingerprint)
                    ),
                    **figures_told(staged.figures),
                    **accepted_preview(staged.preview),
                },
            )
            for day, staged in counts.items()
        ]

    def _remove_stale(self, found: Progress) -> None:
        """Delete objects of earlier versions of the days."""
        counts = found.counts.items()
        current = {key for day, c in counts for key in expected_keys(self.contract, day, c)}
        days = {day.isoformat() for day in found.manifests}
        stale = (key for key in found.there - current if key.split("/")[3] in days)
        self.object_store.delete(sorted(stale))
