"""Runs that have ended: how many, how, and how long they took.

Belongs here: folding in what ended since the last scrape. Does not: runs under way
(`unfinished_runs`).

The counters begin at zero when the process starts, which Prometheus takes for a reset; what ended
before is never read. A run is found by when its record changed last. The clocks of machines differ,
and a transaction commits later than its time says, so each scrape also looks back a little for
records that it has not seen.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.runs.schema import RunsTable
from prometheus_client import Counter, Histogram, Metric

from sales_assets.metrics.known import Known
from sales_assets.metrics.observed import Observed
from sales_assets.metrics.unfinished_runs import JOB_NAME, LOCATION_TAG, with_tag
from sales_assets.platform.queue.stamps import TEAM_TAG

PAGE = 500
PAGES = 10
"""Of one scrape; what is left is read at the next one."""
_LOOKED_BACK = timedelta(minutes=2)
_REMEMBERED = 20_000
_ENDED = [status.value for status in FINISHED_STATUSES]
SECONDS = (1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800)
"""The buckets: from a run of one small day to a backfill of years."""
_Row = sa.Row[Any]


class FinishedRuns:
    """Counters that each scrape carries on."""

    name = "finished_runs"

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._runs = Counter(
            "sales_assets_runs_finished_total",
            "Runs that ended since this process started, by Dagster's status.",
            ["team", JOB_NAME, "status"],
            registry=None,
        )
        self._seconds = Histogram(
            "sales_assets_run_duration_seconds",
            "How long runs took that ended since this process started, from start to end.",
            ["team"],
            registry=None,
            buckets=SECONDS,
        )
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._begun: float | None = None
        self._at: tuple[datetime, int] | None = None
        """Time and number of the last record that was read."""

    def collect(self) -> Iterator[Metric]:
        """The counters after what ended since the last time."""
        known = self._observed.known()
        for team, job in known.jobs:
            for status in _ENDED:  # a series that begins with 1 shows no increase
                self._runs.labels(team, job, status)
        for team in known.teams:
            self._seconds.labels(team)
        for row in self._begin() if self._begun is None else self._new():
            self._fold(row, known)
        yield from self._runs.collect()
        yield from self._seconds.collect()

    def _begin(self) -> list[_Row]:
        """Remember where the records end; nothing of them counts."""
        newest = self._page(sa.true(), newest_first=True, limit=1)
        if newest:
            self._at = (newest[0].changed, newest[0].id)
            for row in self._late():
                self._remember(row.run_id)
        self._begun = time.time()
        return []

    def _new(self) -> Iterator[_Row]:
        late = self._late()
        for _ in range(PAGES):
            page = self._page(self._is_after(), newest_first=False, limit=PAGE)
            if page:
                self._at = (page[-1].changed, page[-1].id)
            yield from page
            if len(page) < PAGE:
                break
        yield from late

    def _is_after(self) -> sa.ColumnElement[bool]:
        if self._at is None:
            return sa.true()
        changed, number = self._at
        table = RunsTable.c
        return sa.and_(
            table.update_timestamp >= changed,  # which the index finds
            sa.or_(table.update_timestamp > changed, table.id > number),
        )

    def _late(self) -> list[_Row]:
        if self._at is None:
            return []
        changed = RunsTable.c.update_timestamp
        recently = sa.and_(changed >= self._at[0] - _LOOKED_BACK, changed <= self._at[0])
        return self._page(recently, newest_first=True, limit=PAGE)

    def _page(
        self, wanted: sa.ColumnElement[bool], *, newest_first: bool, limit: int
    ) -> list[_Row]:
        """Records of each way of ending by the index that has them in order, then their tags.

        Asked for all three at once, the database would sort all that are wanted.
        """
        table = RunsTable.c
        order = (table.update_timestamp, table.id)
        columns = (table.id, table.run_id, table.status, table.update_timestamp.label("changed"))
        ways = [
            sa.select(
                sa.select(*columns)
                .where(table.status == status, wanted)
                .order_by(*(sa.desc(one) if newest_first else one for one in order))
                .limit(limit)
                .subquery()
            )
            for status in _ENDED
        ]
        found = sa.union_all(*ways).subquery()
        in_order = (found.c.changed, found.c.id)
        ids = (
            sa.select(found.c.id)
            .order_by(*(sa.desc(one) if newest_first else one for one in in_order))
            .limit(limit)
            .subquery()
        )
        team, is_team = with_tag(TEAM_TAG)
        location, is_location = with_tag(LOCATION_TAG)
        query = (
            sa.select(
                *columns,
                table.pipeline_name.label("job"),
                table.start_time,
                table.end_time,
                team.c.value.label("team"),
                location.c.value.label("location"),
            )
            .select_from(
                ids.join(RunsTable, table.id == ids.c.id)
                .outerjoin(team, is_team)
                .outerjoin(location, is_location)
            )
            .order_by(*order)
        )
        with self._observed.runs.connect() as connection:
            return list(connection.execute(query))

    def _fold(self, row: _Row, known: Known) -> None:
        """Count a run once, unless it ended before the process began: its record may change later.

        A retry of a failed run, for one, marks the first one's record.
        """
        assert self._begun is not None
        is_old = row.end_time is not None and row.end_time < self._begun - _LOOKED_BACK.seconds
        if is_old or row.run_id in self._seen:
            return
        self._remember(row.run_id)
        team = known.team_of_run(row.team, row.location)
        self._runs.labels(team, row.job, row.status).inc()
        if row.start_time is not None and row.end_time is not None:
            self._seconds.labels(team).observe(max(0.0, row.end_time - row.start_time))

    def _remember(self, run_id: str) -> None:
        self._seen[run_id] = None
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
