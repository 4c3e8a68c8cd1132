"""Sensors and schedules: how their ticks end, and which of them fails now.

Belongs here: following the ticks by their numbers. Does not: what a tick does.

A tick's record is made when it begins and changed when it ends, so those that had not ended are
looked up again. Numbers may appear out of their order by a few, which is looked back over.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.storage.schedules.schema import JobTickTable
from prometheus_client import Counter, Metric
from prometheus_client.core import GaugeMetricFamily

from sales_assets.metrics.known import Known, KnownInstigator
from sales_assets.metrics.observed import Observed

_log = logging.getLogger("sales_assets")
PAGE, PAGES = 1000, 5
_LOOKED_BACK = 50
"""Numbers; fewer than a page, so that every page has new ones."""
_REMEMBERED = 1000
"""Ticks that may go on at a time, and those that are known to have ended."""
_ENDED = (TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE)
_LABELS = ["team", "location", "instigator", "type"]
_Row = sa.Row[Any]


class Ticks:
    """Counters that each scrape carries on, and the state of each sensor and schedule."""

    name = "ticks"

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._ticks = Counter(
            "sales_assets_ticks_total",
            "Ticks that ended since this process started, by Dagster's status.",
            [*_LABELS, "status"],
            registry=None,
        )
        self._at: int | None = None
        self._open: OrderedDict[int, None] = OrderedDict()
        self._done: OrderedDict[int, None] = OrderedDict()
        self._last: dict[str, str] = {}
        """How the last tick of each ended."""

    def collect(self) -> Iterator[Metric]:
        """The counters after what ended since the last time, and the states."""
        known = self._observed.known()
        for found in known.instigators.values():
            for status in _ENDED:
                self._ticks.labels(*found.labels, status.value)
        if self._at is None:
            self._at = self._begin()
        else:
            for row in self._news():
                self._fold(row, known)
        self._ask_for_last({*known.instigators} - self._last.keys())
        yield from self._ticks.collect()
        yield from self._states(known)

    def _begin(self) -> int:
        """The number of the last tick; those that go on are counted when they end."""
        table = JobTickTable.c
        with self._observed.ticks.connect() as connection:
            last = connection.scalar(sa.select(sa.func.max(table.id))) or 0
        for row in self._page(last - _LOOKED_BACK):
            (self._open if row.status == TickStatus.STARTED.value else self._done)[row.id] = None
        return last

    def _news(self) -> Iterator[_Row]:
        if self._open:
            yield from self._rows(JobTickTable.c.id.in_([*self._open]))
        assert self._at is not None
        after = self._at - _LOOKED_BACK
        for _ in range(PAGES):
            page = self._page(after)
            yield from page
            if page:
                after = page[-1].id
                self._at = max(self._at, after)
            if len(page) < PAGE:
                break

    def _page(self, after: int) -> list[_Row]:
        return self._rows(JobTickTable.c.id > after)

    def _rows(self, wanted: sa.ColumnElement[bool]) -> list[_Row]:
        table = JobTickTable.c
        query = sa.select(table.id, table.selector_id, table.status).where(wanted)
        with self._observed.ticks.connect() as connection:
            return list(connection.execute(query.order_by(table.id).limit(PAGE)))

    def _fold(self, row: _Row, known: Known) -> None:
        if row.id in self._done:
            return
        if row.status == TickStatus.STARTED.value:
            _remember(self._open, row.id)
            return
        self._open.pop(row.id, None)
        _remember(self._done, row.id)
        found = known.instigators.get(row.selector_id)
        if found is not None:  # else its code is not loaded, and nobody knows whose it is
            self._ticks.labels(*found.labels, row.status).inc()
        self._last[row.selector_id] = row.status

    def _ask_for_last(self, selectors: Collection[str]) -> None:
        """Ask once for how the last tick ended of a sensor or schedule that is new here."""
        table = JobTickTable.c
        for selector in selectors:
            query = (
                sa.select(table.status)
                .where(table.selector_id == selector, table.status != TickStatus.STARTED.value)
                .order_by(table.timestamp.desc())
                .limit(1)
            )
            with self._observed.ticks.connect() as connection:
                self._last[selector] = connection.scalar(query) or ""

    def _states(self, known: Known) -> Iterator[Metric]:
        running = GaugeMetricFamily(
            "sales_assets_instigator_running",
            "Whether a sensor or schedule is switched on (1) or off (0).",
            labels=_LABELS,
        )
        failing = GaugeMetricFamily(
            "sales_assets_instigator_failing",
            "Whether the last tick of a sensor or schedule that is switched on failed.",
            labels=_LABELS,
        )
        states = {state.selector_id: state for state in self._observed.ticks.all_instigator_state()}
        for selector, found in known.instigators.items():
            is_on = _is_on(found, states.get(selector))
            running.add_metric(found.labels, float(is_on))
            has_failed = self._last.get(selector) == TickStatus.FAILURE.value
            failing.add_metric(found.labels, float(is_on and has_failed))
        yield running
        yield failing


def _is_on(found: KnownInstigator, stored: Any) -> bool:
    return bool(found.remote.get_current_instigator_state(stored).is_running)


def _remember(numbers: OrderedDict[int, None], number: int) -> None:
    numbers[number] = None
    while len(numbers) > _REMEMBERED:
        numbers.popitem(last=False)
