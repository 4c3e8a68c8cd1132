"""Which backfills there are, and what each is about.

A backfill stands in Dagster's database as one text without a column for its code location. What
it is about does not change, so it is read once and kept: then a list of backfills is a filter on
ids in SQL, with the right pages and counts.

Belongs here: the kept index. Does not: who sees a backfill (`sight`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import dagster as dg
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.storage.runs import RunStorage

_PAGE = 100


@dataclass(frozen=True)
class About:
    """What a backfill is about. Without a location and keys: not known."""

    location: str | None
    keys: frozenset[dg.AssetKey]


def about(backfill: PartitionBackfill) -> About:
    """What a backfill is about: the code location of its job, or its asset keys."""
    origin = backfill.partition_set_origin
    keys = set(backfill.asset_selection or ())
    if backfill.asset_backfill_data is not None:
        keys |= set(backfill.asset_backfill_data.target_subset.asset_keys)
    return About(
        origin.repository_origin.code_location_origin.location_name if origin else None,
        frozenset(keys),
    )


class BackfillIndex:
    """All backfills of a storage, newest first, read again only as far as there are new ones."""

    def __init__(self, storage: RunStorage) -> None:
        self._storage = storage
        self._lock = threading.Lock()
        self._found: dict[str, About] = {}

    def current(self) -> dict[str, About]:
        """What each backfill is about, newest first."""
        with self._lock:
            if self._storage.get_backfills_count() != len(self._found):
                self._found = self._read()
            return self._found

    def _read(self) -> dict[str, About]:
        """Read from the newest on, until no more are missing."""
        count = self._storage.get_backfills_count()
        walked: dict[str, About] = {}
        cursor: str | None = None
        while len(self._found.keys() | walked.keys()) != count or not walked:
            page = self._storage.get_backfills(cursor=cursor, limit=_PAGE)
            if not page:
                return walked
            for one in page:
                walked[one.backfill_id] = self._found.get(one.backfill_id) or about(one)
            cursor = page[-1].backfill_id
        return {**walked, **{key: one for key, one in self._found.items() if key not in walked}}
