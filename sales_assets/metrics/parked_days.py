"""Days that healing has given up until a person looks.

Belongs here: counting them. Does not: giving days up (`healing`), or telling of them (`alerts`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from sales_assets.healing.tables import DAYS
from sales_assets.metrics.known import Known, source_label
from sales_assets.metrics.observed import Observed
from sales_assets.platform.queue.stamps import NO_TEAM


class ParkedDays:
    """One statement; the table has only days that are not as they should be."""

    name = "parked_days"

    def __init__(self, observed: Observed) -> None:
        self._observed = observed

    def collect(self) -> Iterator[Metric]:
        """Two series for each source, and for the models while days of theirs are parked."""
        known = self._observed.known()
        of_known = {(one.team, str(one.source)) for one in known.sources.values()}
        numbers = Counter(dict.fromkeys(of_known, 0))
        ages = dict.fromkeys(of_known, 0.0)
        now = time.time()
        for row in self._rows():
            labels = _labels(row, known)
            numbers[labels] += row.number
            ages[labels] = max(ages.get(labels, 0.0), now - row.since)
        parked = GaugeMetricFamily(
            "sales_assets_parked_partitions",
            "Days of a source, or of the models, that failed too often and are asked for no more.",
            labels=["team", "source"],
        )
        oldest = GaugeMetricFamily(
            "sales_assets_parked_oldest_age_seconds",
            "How long ago the first of the parked days was parked; 0 if none is.",
            labels=["team", "source"],
        )
        for labels, number in numbers.items():
            parked.add_metric(labels, number)
            oldest.add_metric(labels, ages[labels])
        yield parked
        yield oldest

    def _rows(self) -> list[sa.Row[Any]]:
        c = DAYS.c
        query = (
            sa.select(
                *(c.target, c.team),
                sa.func.count().label("number"),
                sa.func.min(c.parked_at).label("since"),
            )
            .where(c.parked_at.is_not(None))
            .group_by(c.target, c.team)
        )
        with self._observed.state.connect() as connection:
            return list(connection.execute(query))


def _labels(row: sa.Row[Any], known: Known) -> tuple[str, str]:
    """Team and source, as other families have them where the code of the source is loaded."""
    asset = known.sources.get(row.target)
    if asset is not None:
        return asset.team, str(asset.source)
    team = row.team or NO_TEAM
    return team, source_label(row.target, team)
