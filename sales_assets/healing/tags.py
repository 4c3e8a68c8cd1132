"""The tags of runs that healing asks for.

Belongs here: their names and values. Does not: asking (`automation.healing`, `asking`).
"""

from __future__ import annotations

from collections.abc import Mapping

from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    MAX_RETRIES_TAG,
)

from sales_assets.partitions import Window

HEALING_TAG = "sales_assets/healing"
"""Which days, for which cause, which attempt."""


def healing_tags(key: str, team: str) -> Mapping[str, str]:
    """The tags of a run that is itself another attempt, so that nothing in it is tried again."""
    return {HEALING_TAG: key, MAX_RETRIES_TAG: "0", "team": team}


def range_tags(window: Window) -> Mapping[str, str]:
    """The tags that say which days a run makes."""
    return {
        ASSET_PARTITION_RANGE_START_TAG: window.first_key,
        ASSET_PARTITION_RANGE_END_TAG: window.last_key,
    }
