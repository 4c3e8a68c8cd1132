"""Code locations: whether each is loaded.

Belongs here: the workspace of this process. Does not: loading it again.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from sales_assets.metrics.observed import Observed


class Locations:
    """No statement at all."""

    name = "locations"

    def __init__(self, observed: Observed) -> None:
        self._observed = observed

    def collect(self) -> Iterator[Metric]:
        """Each location that the workspace names."""
        known = self._observed.known()
        loaded = GaugeMetricFamily(
            "sales_assets_code_location_loaded",
            "Whether a code location is loaded (1) or not (0).",
            labels=["team", "location"],
        )
        for name, entry in self._observed.workspace().code_location_entries.items():
            loaded.add_metric([known.locations[name], name], float(entry.code_location is not None))
        yield loaded
