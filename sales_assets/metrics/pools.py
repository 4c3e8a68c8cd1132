"""Pools: their places, who waits, and places that nobody will give back.

Belongs here: counting them. Does not: freeing a place, which run monitoring does.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.event_log.schema import (
    ConcurrencyLimitsTable,
    ConcurrencySlotsTable,
    PendingStepsTable,
)
from dagster._core.storage.runs.schema import RunsTable
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from sales_assets.metrics.observed import Observed

_FAMILIES = {
    "limit": ("sales_assets_pool_limit", "Places that a pool has."),
    "used": ("sales_assets_pool_used", "Places of a pool that steps or runs have taken."),
    "pending": ("sales_assets_pool_pending", "Steps or runs that wait for a place in a pool."),
    "oldest": (
        "sales_assets_pool_oldest_pending_age_seconds",
        "How long the first of those that wait for a pool has waited; 0 if none does.",
    ),
    "stuck": (
        "sales_assets_pool_used_by_ended_runs",
        "Places of a pool that are taken by runs that have ended or are gone.",
    ),
}


class Pools:
    """Four statements; their rows are pools and the places that are taken."""

    name = "pools"

    def __init__(self, observed: Observed) -> None:
        self._observed = observed

    def collect(self) -> Iterator[Metric]:
        """One gauge for each figure."""
        limits, slots, waiting = self._rows()
        ended = self._ended({run_id for _, run_id in slots})
        oldest = {
            row.pool: time.time() - row.since.replace(tzinfo=UTC).timestamp() for row in waiting
        }
        figures: dict[str, Mapping[str, float]] = {
            "limit": limits,
            "used": Counter(pool for pool, _ in slots),
            "pending": {row.pool: row.number for row in waiting},
            "oldest": {pool: max(0.0, age) for pool, age in oldest.items()},
            "stuck": Counter(pool for pool, run_id in slots if run_id in ended),
        }
        pools = sorted({*limits, *figures["used"], *figures["pending"]})
        for figure, (name, told) in _FAMILIES.items():
            family = GaugeMetricFamily(name, told, labels=["pool"])
            for pool in pools:
                family.add_metric([pool], figures[figure].get(pool, 0.0))
            yield family

    def _rows(
        self,
    ) -> tuple[dict[str, float], list[tuple[str, str]], list[sa.Row[Any]]]:
        limit, slot, step = (
            table.c for table in (ConcurrencyLimitsTable, ConcurrencySlotsTable, PendingStepsTable)
        )
        taken = sa.select(slot.concurrency_key, slot.run_id).where(slot.run_id.is_not(None))
        waiting = (
            sa.select(
                step.concurrency_key.label("pool"),
                sa.func.count().label("number"),
                sa.func.min(step.create_timestamp).label("since"),
            )
            .where(step.assigned_timestamp.is_(None))
            .group_by(step.concurrency_key)
        )
        with self._observed.events.index_connection() as connection:
            limits: Iterable[Any] = connection.execute(
                sa.select(limit.concurrency_key, limit.limit)
            )
            slots: Iterable[Any] = connection.execute(taken)
            return (
                {pool: float(places) for pool, places in limits},
                [(pool, run_id) for pool, run_id in slots],
                list(connection.execute(waiting)),
            )

    def _ended(self, run_ids: set[str]) -> set[str]:
        """Those of some runs that are not under way."""
        if not run_ids:
            return set()
        table = RunsTable.c
        query = sa.select(table.run_id).where(
            table.run_id.in_(run_ids),
            table.status.in_([status.value for status in NOT_FINISHED_STATUSES]),
        )
        with self._observed.runs.connect() as connection:
            return run_ids - set(connection.scalars(query))
