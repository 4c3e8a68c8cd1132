"""Backfills, as one person sees them: the ids of those that are seen are part of each query.

Belongs here: the rules for the methods of Dagster's storage of runs that are about backfills. Does
not: its others (`runs`), or which backfills are seen (`sight`).
"""

from __future__ import annotations

from collections.abc import Sequence

from dagster._core.execution.backfill import (
    BulkActionsFilter,
    BulkActionStatus,
    PartitionBackfill,
)
from dagster._core.storage.runs import RunStorage
from dagster_shared.record import copy
from typing_extensions import override

from sales_assets.platform.scoping.closed import RefusedError, changed
from sales_assets.platform.scoping.sight import Sight

_IDS_AT_ONCE = 5000


class ScopedBackfills(RunStorage):
    """Backfills of which a person sees all that they are about."""

    inner: RunStorage
    sight: Sight

    def _backfill_ids(
        self, filters: BulkActionsFilter, cursor: str | None = None, limit: int | None = None
    ) -> list[Sequence[str]]:
        """The ids to ask for, in as many pieces as queries take, newest first.

        Those of the page are enough if nothing but ids is asked for.
        """
        seen = self.sight.backfills
        if cursor and cursor not in seen:
            return []
        ids = list(seen)
        if cursor:
            ids = ids[ids.index(cursor) + 1 :]
        if filters.backfill_ids is not None:
            wanted = set(filters.backfill_ids)
            ids = [one for one in ids if one in wanted]
        if limit and filters == BulkActionsFilter(backfill_ids=filters.backfill_ids):
            ids = ids[:limit]
        return [ids[at : at + _IDS_AT_ONCE] for at in range(0, len(ids), _IDS_AT_ONCE)]

    @override
    def get_backfills(
        self,
        filters: BulkActionsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        status: BulkActionStatus | None = None,
    ) -> Sequence[PartitionBackfill]:
        if status is not None:
            filters = copy(filters or BulkActionsFilter(), statuses=[status])
        filters = filters or BulkActionsFilter()
        if limit and cursor is None:
            # Mostly the first page tells all, without the index.
            page = self.inner.get_backfills(filters, limit=limit)
            of_page = [one for one in page if self.sight.backfill(one)]
            if len(page) < limit or len(of_page) == len(page):
                return of_page
        found: list[PartitionBackfill] = []
        for ids in self._backfill_ids(filters, cursor, limit):
            left = limit - len(found) if limit else None
            found.extend(self.inner.get_backfills(copy(filters, backfill_ids=ids), limit=left))
            if limit and len(found) >= limit:
                break
        return found

    @override
    def get_backfills_count(self, filters: BulkActionsFilter | None = None) -> int:
        filters = filters or BulkActionsFilter()
        if filters == BulkActionsFilter():
            return len(self.sight.backfills)
        return sum(
            self.inner.get_backfills_count(copy(filters, backfill_ids=ids))
            for ids in self._backfill_ids(filters)
        )

    @override
    def get_backfill(self, backfill_id: str) -> PartitionBackfill | None:
        found = self.inner.get_backfill(backfill_id)
        return found if found is not None and self.sight.backfill(found) else None

    add_backfill = changed(RunStorage, "add_backfill", Sight.backfill)

    @override
    def update_backfill(self, partition_backfill: PartitionBackfill) -> None:
        known = self.get_backfill(partition_backfill.backfill_id)
        if known is None or not self.sight.backfill(partition_backfill):
            raise RefusedError("update_backfill: there is no such backfill")
        self.inner.update_backfill(partition_backfill)
