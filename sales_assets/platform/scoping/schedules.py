"""Dagster's storage of schedules, sensors, their ticks and evaluations, as one person sees it.

Belongs here: one rule for each of its methods. Does not: who sees which of them (`sight`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_key import EntityKey, T_EntityKey
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.scheduler.instigation import (
    AutoMaterializeAssetEvaluationRecord,
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    InstigatorTickSummary,
    TickData,
    TickStatus,
)
from dagster._core.storage.schedules import ScheduleStorage
from typing_extensions import override

from sales_assets.platform.scoping.closed import (
    RefusedError,
    changed,
    closed,
    passed,
    passed_property,
    refused,
)
from sales_assets.platform.scoping.sight import Sight

INHERITED = frozenset({"has_instance", "register_instance"})


def _selectors(sight: Sight, ids: Sequence[str]) -> list[str]:
    return [one for one in ids if sight.instigator(one)]


def _entity(sight: Sight, key: EntityKey) -> bool:
    if isinstance(key, dg.AssetCheckKey):
        return sight.check(key)
    return isinstance(key, dg.AssetKey) and sight.key(key)


def _changes_state(name: str) -> Any:
    return changed(ScheduleStorage, name, Sight.state)


@closed(ScheduleStorage, INHERITED)
class ScopedScheduleStorage(ScheduleStorage):
    """Schedules and sensors of the code locations that a person sees."""

    def __init__(self, inner: ScheduleStorage, sight: Sight) -> None:
        self.inner = inner
        self.sight = sight

    supports_batch_queries = passed_property("supports_batch_queries")
    supports_auto_materialize_asset_evaluations = passed_property(
        "supports_auto_materialize_asset_evaluations"
    )
    alembic_version = passed("alembic_version")

    # States

    @override
    def all_instigator_state(
        self,
        repository_origin_id: str | None = None,
        repository_selector_id: str | None = None,
        instigator_type: InstigatorType | None = None,
        instigator_statuses: set[InstigatorStatus] | None = None,
    ) -> Sequence[InstigatorState]:
        states = self.inner.all_instigator_state(
            repository_origin_id, repository_selector_id, instigator_type, instigator_statuses
        )
        return [state for state in states if self.sight.state(state)]

    @override
    def get_instigator_state(self, origin_id: str, selector_id: str) -> InstigatorState | None:
        state = self.inner.get_instigator_state(origin_id, selector_id)
        return state if state is not None and self.sight.state(state) else None

    add_instigator_state = _changes_state("add_instigator_state")

    @override
    def update_instigator_state(self, state: InstigatorState) -> InstigatorState:
        known = self.inner.get_instigator_state(state.instigator_origin_id, state.selector_id)
        if not self.sight.state(state) or (known and not self.sight.state(known)):
            raise RefusedError("update_instigator_state: there is no such schedule or sensor")
        return self.inner.update_instigator_state(state)

    @override
    def delete_instigator_state(self, origin_id: str, selector_id: str) -> None:
        if self.get_instigator_state(origin_id, selector_id) is None:
            raise RefusedError("delete_instigator_state: there is no such schedule or sensor")
        self.inner.delete_instigator_state(origin_id, selector_id)

    # Ticks

    @override
    def get_ticks(
        self,
        origin_id: str,
        selector_id: str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Sequence[TickStatus] | None = None,
    ) -> Sequence[InstigatorTick]:
        if not self.sight.instigator(selector_id, origin_id):
            return []
        return self._seen(
            self.inner.get_ticks(origin_id, selector_id, before, after, limit, statuses)
        )

    @override
    def get_tick_summaries(
        self,
        origin_id: str,
        selector_id: str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Sequence[TickStatus] | None = None,
    ) -> Sequence[InstigatorTickSummary]:
        if not self.sight.instigator(selector_id, origin_id):
            return []
        return self.inner.get_tick_summaries(origin_id, selector_id, before, after, limit, statuses)

    @override
    def get_batch_ticks(
        self,
        selector_ids: Sequence[str],
        limit: int | None = None,
        statuses: Sequence[TickStatus] | None = None,
    ) -> dict[str, Sequence[InstigatorTick]]:
        seen = _selectors(self.sight, selector_ids)
        found = self.inner.get_batch_ticks(seen, limit, statuses) if seen else {}
        return {selector_id: self._seen(ticks) for selector_id, ticks in found.items()}

    @override
    def get_tick(self, tick_id: int) -> InstigatorTick:
        tick = self.inner.get_tick(tick_id)
        if not self.sight.tick(tick):
            raise DagsterInvariantViolationError(
                f"InstigatorTick {tick_id} is not present in storage"
            )
        return tick

    @override
    def get_ticks_by_ids(self, tick_ids: Sequence[int]) -> Sequence[InstigatorTick]:
        return self._seen(self.inner.get_ticks_by_ids(tick_ids))

    def _seen(self, ticks: Sequence[InstigatorTick]) -> list[InstigatorTick]:
        return [tick for tick in ticks if self.sight.tick(tick)]

    @override
    def create_tick(self, tick_data: TickData) -> InstigatorTick:
        if not self.sight.instigator(tick_data.selector_id, tick_data.instigator_origin_id):
            raise RefusedError("create_tick: there is no such schedule or sensor")
        return self.inner.create_tick(tick_data)

    update_tick = changed(ScheduleStorage, "update_tick", Sight.tick)
    purge_ticks = refused("purge_ticks")

    # Evaluations of automation conditions

    @override
    def get_auto_materialize_asset_evaluations(
        self, key: T_EntityKey, limit: int, cursor: int | None = None
    ) -> Sequence[AutoMaterializeAssetEvaluationRecord[T_EntityKey]]:
        if not _entity(self.sight, key):
            return []
        return self.inner.get_auto_materialize_asset_evaluations(key, limit, cursor)

    @override
    def get_auto_materialize_evaluations_for_evaluation_id(
        self, evaluation_id: int
    ) -> Sequence[AutoMaterializeAssetEvaluationRecord]:  # type: ignore[type-arg]
        found = self.inner.get_auto_materialize_evaluations_for_evaluation_id(evaluation_id)
        return [record for record in found if _entity(self.sight, record.key)]

    add_auto_materialize_asset_evaluations = refused("add_auto_materialize_asset_evaluations")
    purge_asset_evaluations = refused("purge_asset_evaluations")

    wipe = refused("wipe")
    upgrade = refused("upgrade")
    migrate = refused("migrate")
    optimize = refused("optimize")
    optimize_for_webserver = refused("optimize_for_webserver")
    dispose = refused("dispose")
