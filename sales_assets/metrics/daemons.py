"""The daemon: when each of its parts was last alive.

Belongs here: heartbeats. Does not: what the daemon does (`ticks`, `unfinished_runs`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from sales_assets.metrics.observed import Observed


class Daemons:
    """One statement; Dagster's own verdict lags by half an hour, so only the age is told."""

    name = "daemons"

    def __init__(self, observed: Observed) -> None:
        self._observed = observed

    def collect(self) -> Iterator[Metric]:
        """Ages and errors."""
        beats = self._observed.instance.get_daemon_heartbeats()
        ages = GaugeMetricFamily(
            "sales_assets_daemon_heartbeat_age_seconds",
            "How long ago a part of the daemon last said that it is alive; +Inf if it never did.",
            labels=["daemon"],
        )
        errors = GaugeMetricFamily(
            "sales_assets_daemon_errors",
            "Errors that a part of the daemon told with its last heartbeat, up to five.",
            labels=["daemon"],
        )
        now = time.time()
        for kind in sorted({*self._observed.instance.get_required_daemon_types(), *beats}):
            beat = beats.get(kind)
            ages.add_metric([kind], max(0.0, now - beat.timestamp) if beat else float("inf"))
            errors.add_metric([kind], len(beat.errors or ()) if beat else 0)
        yield ages
        yield errors
