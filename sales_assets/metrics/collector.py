"""One scrape: all parts side by side, none of which can spoil the others.

Belongs here: which parts there are, asking them, and what is told of a part that fails or is slow.
Does not: what a part asks and tells. A family more is a class with a `name` and `collect`, and its
line in `PARTS`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Protocol

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sales_assets.metrics.alert_messages import AlertMessages
from sales_assets.metrics.assets import Assets
from sales_assets.metrics.costs import Costs
from sales_assets.metrics.daemons import Daemons
from sales_assets.metrics.exchange_rates import ExchangeRates
from sales_assets.metrics.finished_runs import FinishedRuns
from sales_assets.metrics.incidents import Incidents
from sales_assets.metrics.locations import Locations
from sales_assets.metrics.observed import Observed
from sales_assets.metrics.parked_days import ParkedDays
from sales_assets.metrics.pools import Pools
from sales_assets.metrics.source_days import SourceDays
from sales_assets.metrics.ticks import Ticks
from sales_assets.metrics.unfinished_runs import UnfinishedRuns

_log = logging.getLogger("sales_assets")
SECONDS = 8.0
"""How long a scrape waits for its parts: Prometheus gives one up after ten, and with it all."""


class Part(Protocol):
    """Families that are read together."""

    name: str

    def collect(self) -> Iterable[Metric]:
        """The families as they are now."""
        ...


PARTS: Sequence[Callable[[Observed], Part]] = (
    UnfinishedRuns,
    FinishedRuns,
    Daemons,
    Ticks,
    Locations,
    Pools,
    Assets,
    SourceDays,
    ExchangeRates,
    ParkedDays,
    Costs,
    Incidents,
    AlertMessages,
)


class InstallationCollector(Collector):
    """What Prometheus's client asks at each scrape."""

    def __init__(
        self,
        observed: Observed,
        parts: Sequence[Callable[[Observed], Part]] = PARTS,
        seconds: float = SECONDS,
    ) -> None:
        self._parts = [make(observed) for make in parts]
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(len(self._parts), "metrics")
        self._running: dict[str, Future[_Told]] = {}
        self._failing: set[str] = set()
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        """All families; of a part that fails or is still at an earlier scrape, none."""
        with self._lock:
            told = self._ask()
        errors = GaugeMetricFamily(
            "sales_assets_scrape_errors",
            "Whether a part of this scrape failed or was too slow; its series are then missing.",
            labels=["part"],
        )
        seconds = GaugeMetricFamily(
            "sales_assets_scrape_part_duration_seconds",
            "How long a part of this scrape took.",
            labels=["part"],
        )
        for name, answer in told.items():
            errors.add_metric([name], float(answer is None))
            if answer is not None:
                seconds.add_metric([name], answer[1])
                yield from answer[0]
        yield errors
        yield seconds

    def _ask(self) -> dict[str, _Told | None]:
        for part in self._parts:
            if part.name not in self._running:
                self._running[part.name] = self._threads.submit(_timed, part)
        wait(self._running.values(), self._seconds)
        return {part.name: self._answer(part.name) for part in self._parts}

    def _answer(self, name: str) -> _Told | None:
        future = self._running[name]
        error: BaseException | str | None = f"there is no answer after {self._seconds:g} s"
        if future.done():
            del self._running[name]
            error = future.exception()
        if error is None:
            self._failing.discard(name)
            return future.result()
        if name not in self._failing:  # once, and not every few seconds
            self._failing.add(name)
            _log.error("The metrics of %s cannot be read: %s", name, error)
        return None

    def close(self) -> None:
        """End the threads, after what they are at."""
        self._threads.shutdown(cancel_futures=True)


_Told = tuple[list[Metric], float]


def _timed(part: Part) -> _Told:
    begun = time.monotonic()
    return list(part.collect()), time.monotonic() - begun
