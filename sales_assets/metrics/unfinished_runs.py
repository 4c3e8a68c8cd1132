"""Runs that wait or are under way, and for how long the oldest has waited.

Belongs here: counting them, in the database. Does not: runs that have ended (`finished_runs`), or
the order of the queue (`platform.queue`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES, DagsterRunStatus
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from sales_assets.metrics.observed import Observed
from sales_assets.platform.queue.stamps import TEAM_TAG

JOB_NAME = "job_name"
"""The label of a job: `job` is Prometheus's own, for what it scrapes."""
LOCATION_TAG = "dagster/code_location"
_SHOWN = (DagsterRunStatus.QUEUED, DagsterRunStatus.STARTED)
"""These are there as 0, too: a graph of what is missing has a hole, and a rule nothing to clear."""


def with_tag(key: str) -> tuple[sa.FromClause, sa.ColumnElement[bool]]:
    """What to join to runs for the value of a tag."""
    tags = RunTagsTable.alias()
    return tags, sa.and_(tags.c.run_id == RunsTable.c.run_id, tags.c.key == key)


class UnfinishedRuns:
    """One statement, whose rows are as many as there are teams, jobs and states with runs."""

    name = "unfinished_runs"

    def __init__(self, observed: Observed) -> None:
        self._observed = observed

    def collect(self) -> Iterator[Metric]:
        """Numbers and ages."""
        known = self._observed.known()
        number = Counter(dict.fromkeys(((*job, s.value) for job in known.jobs for s in _SHOWN), 0))
        oldest = dict.fromkeys(known.teams, 0.0)
        now = time.time()
        for row in self._rows():
            team = known.team_of_run(row.team, row.location)
            number[team, row.job, row.status] += row.number
            if row.status == DagsterRunStatus.QUEUED.value:
                age = max(0.0, now - row.since.replace(tzinfo=UTC).timestamp())
                oldest[team] = max(oldest.get(team, 0.0), age)
        runs = GaugeMetricFamily(
            "sales_assets_runs_unfinished",
            "Runs that wait or are under way, by Dagster's status.",
            labels=["team", JOB_NAME, "status"],
        )
        for labels, value in number.items():
            runs.add_metric(labels, value)
        ages = GaugeMetricFamily(
            "sales_assets_run_queue_oldest_age_seconds",
            "How long ago the oldest run that is still queued was created; 0 if none is.",
            labels=["team"],
        )
        for team, age in oldest.items():
            ages.add_metric([team], age)
        yield runs
        yield ages

    def _rows(self) -> list[sa.Row[Any]]:
        team, is_team = with_tag(TEAM_TAG)
        location, is_location = with_tag(LOCATION_TAG)
        labels = (
            RunsTable.c.status.label("status"),
            RunsTable.c.pipeline_name.label("job"),
            team.c.value.label("team"),
            location.c.value.label("location"),
        )
        query = (
            sa.select(
                *labels,
                sa.func.count().label("number"),
                sa.func.min(RunsTable.c.create_timestamp).label("since"),
            )
            .select_from(
                RunsTable.outerjoin(team, is_team).outerjoin(location, is_location),
            )
            .where(RunsTable.c.status.in_([status.value for status in NOT_FINISHED_STATUSES]))
            .group_by(*labels)
        )
        with self._observed.runs.connect() as connection:
            return list(connection.execute(query))
