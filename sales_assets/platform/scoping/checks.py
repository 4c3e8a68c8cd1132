"""Asset checks, as one person sees them: a check is seen where its asset is.

Belongs here: the rules for the methods of Dagster's storage of events that are about checks. Does
not: its others (`events`), or which checks are seen (`sight`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.storage.event_log import EventLogStorage
from dagster._core.storage.event_log.base import AssetCheckSummaryRecord
from typing_extensions import override

from sales_assets.platform.scoping.closed import asked, narrowed
from sales_assets.platform.scoping.sight import Sight


class ScopedChecks(EventLogStorage):
    """Checks that the person sees; others are as if they had never run."""

    inner: EventLogStorage
    sight: Sight

    get_asset_check_execution_history = asked(
        EventLogStorage, "get_asset_check_execution_history", Sight.check, list
    )
    get_asset_check_partition_info = narrowed(
        EventLogStorage, "get_asset_check_partition_info", Sight.checks, list
    )
    get_latest_asset_check_execution_by_key = narrowed(
        EventLogStorage, "get_latest_asset_check_execution_by_key", Sight.checks, dict
    )

    @override
    def get_asset_check_summary_records(
        self, asset_check_keys: Sequence[dg.AssetCheckKey]
    ) -> Mapping[dg.AssetCheckKey, AssetCheckSummaryRecord]:
        found = self.inner.get_asset_check_summary_records(self.sight.checks(asset_check_keys))
        return {key: found.get(key) or _never_run(key) for key in asset_check_keys}

    @override
    def get_checkpointed_asset_check_state(
        self, keys: Sequence[dg.AssetCheckKey]
    ) -> Mapping[dg.AssetCheckKey, Any]:
        seen = self.inner.get_checkpointed_asset_check_state(self.sight.checks(keys))
        return {**super().get_checkpointed_asset_check_state(keys), **seen}


def _never_run(key: dg.AssetCheckKey) -> AssetCheckSummaryRecord:
    return AssetCheckSummaryRecord(
        asset_check_key=key,
        last_check_execution_record=None,
        last_run_id=None,
        last_completed_check_execution_record=None,
    )
