"""The exchange-rate API: its calls since the process started, and how its circuit stands.

Belongs here: following the log of calls by its numbers, which appear in their order
(`resources.database.writing`). Does not: calling the API.
"""

from __future__ import annotations

from collections.abc import Iterator

import pybreaker
import sqlalchemy as sa
from prometheus_client import Counter, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily

from sales_assets.exchange_rates.state import CACHED, SUCCESSES
from sales_assets.exchange_rates.tables import BREAKERS, CALLS
from sales_assets.metrics.observed import Observed

PAGE, PAGES = 500, 10
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STATES = (pybreaker.STATE_CLOSED, pybreaker.STATE_HALF_OPEN, pybreaker.STATE_OPEN)
_RESULTS = ("success", "failure", "cached")


class ExchangeRates:
    """Two statements, and a page for each 500 calls."""

    name = "exchange_rates"

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._calls = Counter(
            "sales_assets_exchange_rate_api_calls_total",
            "Calls of the exchange-rate API; cached is one that a remembered answer made needless.",
            ["api", "result"],
            registry=None,
        )
        self._failures = Counter(
            "sales_assets_exchange_rate_api_failures_total",
            "Calls of the exchange-rate API that failed, by what was wrong.",
            ["api", "failure"],
            registry=None,
        )
        self._seconds = Histogram(
            "sales_assets_exchange_rate_api_call_duration_seconds",
            "How long calls of the exchange-rate API took that were answered.",
            ["api"],
            registry=None,
            buckets=SECONDS,
        )
        self._at: int | None = None

    def collect(self) -> Iterator[Metric]:
        """The counters after the calls since the last time, and the circuits."""
        with self._observed.state.connect() as connection:
            circuits = {row.name: row for row in connection.execute(BREAKERS.select())}
            self._follow(connection)
        configured = {self._observed.rates_api} if self._observed.rates_api else set()
        state = GaugeMetricFamily(
            "sales_assets_circuit_breaker_state",
            "1 for the state of an API's circuit breaker: closed, half-open or open.",
            labels=["api", "state"],
        )
        failures = GaugeMetricFamily(
            "sales_assets_circuit_breaker_failures",
            "Failures in a row that an API's circuit breaker has counted.",
            labels=["api"],
        )
        for api in sorted({*circuits, *configured}):
            for result in _RESULTS:
                self._calls.labels(api, result)
            self._seconds.labels(api)
            now = str(circuits[api].state) if api in circuits else pybreaker.STATE_CLOSED
            for one in _STATES:
                state.add_metric([api, one], float(one == now))
            failures.add_metric([api], circuits[api].failures if api in circuits else 0)
        yield from (*self._calls.collect(), *self._failures.collect(), *self._seconds.collect())
        yield from (state, failures)

    def _follow(self, connection: sa.Connection) -> None:
        if self._at is None:
            self._at = connection.scalar(sa.select(sa.func.max(CALLS.c.id))) or 0
            return
        for _ in range(PAGES):
            query = CALLS.select().where(CALLS.c.id > self._at).order_by(CALLS.c.id).limit(PAGE)
            page = connection.execute(query).fetchall()
            for row in page:
                self._count(row.provider, row.outcome, row.seconds)
                self._at = row.id
            if len(page) < PAGE:
                break

    def _count(self, api: str, outcome: str, seconds: float) -> None:
        if outcome == CACHED:
            self._calls.labels(api, "cached").inc()
        elif outcome in SUCCESSES:
            self._calls.labels(api, "success").inc()
            self._seconds.labels(api).observe(seconds)
        else:
            self._calls.labels(api, "failure").inc()
            self._failures.labels(api, outcome).inc()
