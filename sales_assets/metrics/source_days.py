"""What the newest days of each source came to: rows and revenue.

Belongs here: reading it from what the materialisations tell (`telling`). Does not: the warehouse.
It is one file with one writer on a laptop, and costs by the second elsewhere; what a day came to is
told once, by the run that has loaded it.

A day is a label, so only the newest seven of a source are there: each scrape has as many series
after years as after a week. Amounts are floating-point numbers, as all of Prometheus's are: for
graphs and rules, and never for books; the exact ones are on the asset's page and in the marts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.events.log import EventLogEntry
from dagster._serdes import deserialize_value
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from sales_assets.metrics.known import KnownAsset
from sales_assets.metrics.newest import EVENTS, ids_of_partitions, newest_ids, newest_partition
from sales_assets.metrics.observed import Observed

DAYS = 7
"""A week: each weekday once, to see it beside the others."""
REVENUE = "net revenue "
"""Begins the name of the metadata that says a day's revenue; the currency follows."""


@dataclass(frozen=True)
class Figures:
    """What a day came to."""

    accepted: int
    rejected: int
    revenue: dict[str, float]


@dataclass
class _Source:
    newest: int = 0
    """The last materialisation that was looked at."""
    days: dict[date, tuple[int, Figures]] | None = None


class SourceDays:
    """One statement; three more for a source that was materialised since."""

    name = "source_days"

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._sources: dict[dg.AssetKey, _Source] = {}

    def collect(self) -> Iterator[Metric]:
        """The newest days of each source that has any."""
        revenue = {
            key: asset
            for key, asset in self._observed.known().assets.items()
            if asset.source is not None
        }
        with self._observed.events.index_connection() as connection:
            newest = newest_ids(connection, dg.DagsterEventType.ASSET_MATERIALIZATION, revenue)
            self._sources = {key: self._sources.get(key, _Source()) for key in newest}
            for key, source in self._sources.items():
                if source.newest != newest[key]:
                    source.days = _days(connection, key, source.days or {})
                    source.newest = newest[key]
        yield from _families(
            [(revenue[key], source.days) for key, source in self._sources.items() if source.days]
        )


def _days(
    connection: sa.Connection, key: dg.AssetKey, known: dict[date, tuple[int, Figures]]
) -> dict[date, tuple[int, Figures]]:
    """The newest days and the events that tell of them; what is known of those is not read."""
    last = newest_partition(connection, key)
    if last is None:
        return {}
    days = [date.fromisoformat(last) - timedelta(days=back) for back in range(DAYS)]
    numbers = ids_of_partitions(connection, key, [day.isoformat() for day in days])
    found = {date.fromisoformat(day): number for day, number in numbers.items()}
    kept = {day: known[day] for day, number in found.items() if known.get(day, (0,))[0] == number}
    new = {number: day for day, number in found.items() if day not in kept}
    if new:
        query = sa.select(EVENTS.id, EVENTS.event).where(EVENTS.id.in_(new))
        rows: Iterable[Any] = connection.execute(query)
        for number, text in rows:
            figures = figures_of(deserialize_value(text, EventLogEntry))
            if figures is not None:
                kept[new[number]] = number, figures
    return kept


def figures_of(entry: EventLogEntry) -> Figures | None:
    """What a materialisation of revenue tells; None if somebody reported one without figures."""
    told = entry.asset_materialization.metadata if entry.asset_materialization else {}
    accepted, rejected = (told.get(name) for name in ("accepted", "rejected"))
    if not isinstance(accepted, dg.IntMetadataValue) or not isinstance(
        rejected, dg.IntMetadataValue
    ):
        return None
    return Figures(
        accepted.value or 0,
        rejected.value or 0,
        {
            name.removeprefix(REVENUE): float(value.value or 0)
            for name, value in told.items()
            if name.startswith(REVENUE)
            and isinstance(value, dg.FloatMetadataValue | dg.IntMetadataValue)
        },
    )


def _families(
    sources: list[tuple[KnownAsset, dict[date, tuple[int, Figures]]]],
) -> Iterator[Metric]:
    of_source = ["team", "source"]
    rows = GaugeMetricFamily(
        "sales_assets_source_day_rows",
        f"Rows of one of the {DAYS} newest days of a source, accepted or rejected.",
        labels=[*of_source, "day", "outcome"],
    )
    revenue = GaugeMetricFamily(
        "sales_assets_source_day_net_revenue",
        f"Net revenue of one of the {DAYS} newest days of a source; a float, for graphs alone.",
        labels=[*of_source, "day", "currency"],
    )
    newest = GaugeMetricFamily(
        "sales_assets_source_newest_day_timestamp_seconds",
        "Midnight (UTC) of the newest day of a source that was materialised.",
        labels=of_source,
    )
    with_rows = GaugeMetricFamily(
        "sales_assets_source_revenue_day_timestamp_seconds",
        f"Midnight (UTC) of the newest day of a source with an accepted row; if none of its {DAYS} "
        "newest has one, of the day before those.",
        labels=of_source,
    )
    delivers = GaugeMetricFamily(
        "sales_assets_source_delivers",
        "Whether the contract of a source promises drops by a time, without an end.",
        labels=of_source,
    )
    for asset, days in sources:
        labels = [asset.team, str(asset.source)]
        for day, (_, figures) in days.items():
            rows.add_metric([*labels, day.isoformat(), "accepted"], figures.accepted)
            rows.add_metric([*labels, day.isoformat(), "rejected"], figures.rejected)
            for currency, amount in figures.revenue.items():
                revenue.add_metric([*labels, day.isoformat(), currency], amount)
        last = max(days)
        sold = [day for day, (_, figures) in days.items() if figures.accepted]
        newest.add_metric(labels, _midnight(last))
        with_rows.add_metric(labels, _midnight(max(sold, default=last - timedelta(days=DAYS))))
        delivers.add_metric(labels, float(asset.has_policy))
    yield from (rows, revenue, newest, with_rows, delivers)


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
