"""Incidents that are open: what alerts have told, or are about to.

Belongs here: counting them. Does not: opening and closing them (`alerts`), or whether anybody was
reached (`alert_messages`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from sales_assets.alerts.problems import Severity
from sales_assets.alerts.store import open_incidents
from sales_assets.metrics.observed import Observed
from sales_assets.platform.queue.stamps import NO_TEAM


class Incidents:
    """One statement, whose rows are the open incidents, by an index."""

    name = "incidents"

    def __init__(self, observed: Observed) -> None:
        self._observed = observed

    def collect(self) -> Iterator[Metric]:
        """A series for each team and severity."""
        teams = {*self._observed.known().teams, NO_TEAM}
        numbers = Counter(dict.fromkeys(((t, s.value) for t in teams for s in Severity), 0))
        with self._observed.state.connect() as connection:
            for one in open_incidents(connection):
                numbers[one.problem.team or NO_TEAM, one.told.severity.value] += 1
        family = GaugeMetricFamily(
            "sales_assets_incidents_open",
            "Incidents of the installation's own alerts that are open.",
            labels=["team", "severity"],
        )
        for labels, number in numbers.items():
            family.add_metric(labels, number)
        yield family
