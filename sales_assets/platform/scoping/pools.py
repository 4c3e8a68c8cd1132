"""Pools, as one person sees them: a pool may be shared, its slots are shown with their runs.

Belongs here: the rules for the methods of Dagster's storage of events that are about pools. Does
not: its others (`events`), or which pools are seen (`sight`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dagster._core.storage.event_log import EventLogStorage
from dagster._core.storage.event_log.base import PoolLimit
from dagster._utils.concurrency import ConcurrencyKeyInfo
from dagster_shared.record import copy
from typing_extensions import override

from sales_assets.platform.scoping.closed import changed, refused
from sales_assets.platform.scoping.sight import Sight


class ScopedPools(EventLogStorage):
    """Pools that a code location takes slots of which the person sees."""

    inner: EventLogStorage
    sight: Sight

    @override
    def get_concurrency_keys(self) -> set[str]:
        return {key for key in self.inner.get_concurrency_keys() if self.sight.pool(key)}

    @override
    def get_concurrency_info(self, concurrency_key: str) -> ConcurrencyKeyInfo:
        if not self.sight.pool(concurrency_key):
            return ConcurrencyKeyInfo(
                concurrency_key=concurrency_key, slot_count=0, claimed_slots=[], pending_steps=[]
            )
        return self._slots(self.inner.get_concurrency_info(concurrency_key))

    @override
    def get_concurrency_infos(
        self, concurrency_keys: Sequence[str]
    ) -> Mapping[str, ConcurrencyKeyInfo]:
        return {key: self.get_concurrency_info(key) for key in dict.fromkeys(concurrency_keys)}

    def _slots(self, info: ConcurrencyKeyInfo) -> ConcurrencyKeyInfo:
        runs = self.sight.runs(
            {slot.run_id for slot in info.claimed_slots}
            | {step.run_id for step in info.pending_steps}
        )
        return copy(
            info,
            claimed_slots=[one for one in info.claimed_slots if one.run_id in runs],
            pending_steps=[one for one in info.pending_steps if one.run_id in runs],
        )

    @override
    def get_pool_limits(self) -> Sequence[PoolLimit]:
        return [limit for limit in self.inner.get_pool_limits() if self.sight.pool(limit.name)]

    @override
    def get_concurrency_run_ids(self) -> set[str]:
        return set(self.sight.runs(self.inner.get_concurrency_run_ids()))

    free_concurrency_slots_for_run = changed(
        EventLogStorage, "free_concurrency_slots_for_run", Sight.run
    )
    free_concurrency_slot_for_step = changed(
        EventLogStorage, "free_concurrency_slot_for_step", Sight.run
    )
    initialize_concurrency_limit_to_default = refused("initialize_concurrency_limit_to_default")
    set_concurrency_slots = refused("set_concurrency_slots")
    delete_concurrency_limit = refused("delete_concurrency_limit")
    claim_concurrency_slot = refused("claim_concurrency_slot")
    check_concurrency_claim = refused("check_concurrency_claim")
