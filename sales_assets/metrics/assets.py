"""Assets: when each was last materialised, and whether Dagster finds it fresh.

Belongs here: the newest event of each. Does not: what a day came to (`source_days`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateRecord
from dagster._core.events.log import EventLogEntry
from dagster._serdes import deserialize_value
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from sales_assets.metrics.newest import EVENTS, newest_ids
from sales_assets.metrics.observed import Observed

_MATERIALISED = dg.DagsterEventType.ASSET_MATERIALIZATION
_JUDGED = dg.DagsterEventType.FRESHNESS_STATE_CHANGE


class Assets:
    """Two statements for the numbers of the newest events; only those that are new are read."""

    name = "assets"

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._times: dict[dg.AssetKey, tuple[int, float]] = {}
        self._states: dict[dg.AssetKey, tuple[int, FreshnessState]] = {}

    def collect(self) -> Iterator[Metric]:
        """A series for each asset, and five for each whose freshness is judged."""
        assets = self._observed.known().assets
        self._read(assets)
        times = GaugeMetricFamily(
            "sales_assets_asset_last_materialization_timestamp_seconds",
            "When an asset was last materialised, whichever partition.",
            labels=["team", "asset"],
        )
        states = GaugeMetricFamily(
            "sales_assets_asset_freshness_state",
            "1 for the state in which Dagster's daemon found an asset that has a freshness policy.",
            labels=["team", "asset", "state"],
        )
        for key, asset in assets.items():
            labels = [asset.team, key.to_user_string()]
            if key in self._times:
                times.add_metric(labels, self._times[key][1])
            if asset.has_policy:
                _, now = self._states.get(key, (0, FreshnessState.UNKNOWN))
                for state in FreshnessState:
                    states.add_metric([*labels, state.value], float(state is now))
        yield times
        yield states

    def _read(self, keys: Collection[dg.AssetKey]) -> None:
        with self._observed.events.index_connection() as connection:
            materialised = newest_ids(connection, _MATERIALISED, keys)
            judged = newest_ids(connection, _JUDGED, keys)
            self._times = {k: v for k, v in self._times.items() if materialised.get(k) == v[0]}
            self._states = {k: v for k, v in self._states.items() if judged.get(k) == v[0]}
            new = {number: key for key, number in materialised.items() if key not in self._times}
            if new:
                query = sa.select(EVENTS.id, EVENTS.timestamp).where(EVENTS.id.in_(new))
                times: Iterable[Any] = connection.execute(query)
                for number, moment in times:
                    self._times[new[number]] = number, moment.replace(tzinfo=UTC).timestamp()
            new = {number: key for key, number in judged.items() if key not in self._states}
            if new:
                query = sa.select(EVENTS.id, EVENTS.event).where(EVENTS.id.in_(new))
                states: Iterable[Any] = connection.execute(query)
                for number, text in states:
                    entry = deserialize_value(text, EventLogEntry)
                    state = FreshnessStateRecord.from_event_log_entry(entry).freshness_state
                    self._states[new[number]] = number, state
