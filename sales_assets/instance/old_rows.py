"""Which rows of Dagster's tables nothing needs any more.

Belongs here: queries that find them. Does not: deleting (`retention`).

The state of an asset is, for each partition and type of event, the last event: which partitions
are materialised, with what metadata, planned or failed, and by what id automation knows them. An
event is old when a later one of its kind is too, so that everything stays answerable that may be
asked of the time since. The row with the greatest id of a table always stays: SQLite gives the
next row the id after it, and cursors are ids.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from dagster._core.events import ASSET_EVENTS
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable
from dagster._core.storage.schedules.schema import JobTickTable
from dagster._core.storage.tags import PARENT_RUN_ID_TAG, ROOT_RUN_ID_TAG, RUN_KEY_TAG

EVENTS: Final = SqlEventLogStorageTable.c
CHECKS: Final = AssetCheckExecutionsTable.c
RUNS: Final = RunsTable.c
TAGS: Final = RunTagsTable.c
TICKS: Final = JobTickTable.c
_OF_ASSETS: Final = [kind.value for kind in ASSET_EVENTS]
_LINEAGE: Final = (PARENT_RUN_ID_TAG, ROOT_RUN_ID_TAG)
_FINISHED: Final = [status.value for status in FINISHED_STATUSES]


@dataclass(frozen=True)
class History:
    """What is old of an asset's rows (ids), and the runs that the others are of."""

    old: list[int]
    runs: set[str]


def naive(moment: datetime) -> datetime:
    """A moment as Dagster's time stamps are: in UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def asset_keys(connection: sa.Connection) -> list[str]:
    """Every asset that ever had an event, as the tables name it."""
    return list(connection.scalars(sa.select(AssetKeyTable.c.asset_key)))


def last_runs(connection: sa.Connection) -> set[str]:
    """The last run of each asset, which says whether an unpartitioned one failed."""
    last = AssetKeyTable.c.last_run_id
    return set(connection.scalars(sa.select(last).where(last.is_not(None)).distinct()))


def events_of_asset(
    connection: sa.Connection, asset: str, horizon: datetime, unfinished: Collection[str]
) -> History:
    """The events of an asset that a later one from before the horizon has superseded."""
    kind = (EVENTS.dagster_event_type, EVENTS.partition)
    return _history(
        connection,
        SqlEventLogStorageTable,
        sa.and_(EVENTS.asset_key == asset, EVENTS.dagster_event_type.in_(_OF_ASSETS)),
        EVENTS.timestamp < naive(horizon),
        kind,
        unfinished,
    )


def checks_of_asset(
    connection: sa.Connection, asset: str, horizon: datetime, unfinished: Collection[str]
) -> History:
    """The results of an asset's checks that a later one, of the same status, has superseded."""
    kind = (CHECKS.check_name, CHECKS.partition, CHECKS.execution_status)
    return _history(
        connection,
        AssetCheckExecutionsTable,
        CHECKS.asset_key == asset,
        CHECKS.evaluation_event_timestamp < naive(horizon),
        kind,
        unfinished,
    )


def _history(
    connection: sa.Connection,
    table: sa.Table,
    of_asset: sa.ColumnElement[bool],
    before: sa.ColumnElement[bool],
    kind: tuple[sa.ColumnElement[Any], ...],
    unfinished: Collection[str],
) -> History:
    id_, run_id = table.c.id, table.c.run_id
    rank = sa.func.row_number().over(partition_by=kind, order_by=id_.desc()).label("rank")
    ranked = sa.select(id_, run_id, rank).where(of_asset, before).subquery()
    superseded = sa.select(ranked.c.id, ranked.c.run_id).where(
        ranked.c.rank > 1, ranked.c.id < greatest_id(table)
    )
    old = [row.id for row in connection.execute(superseded) if row.run_id not in unfinished]
    last = sa.select(ranked.c.run_id).where(ranked.c.rank == 1)
    since = sa.select(run_id).where(of_asset, sa.not_(before))
    return History(old, set(connection.scalars(sa.union(last, since))))


def greatest_id(table: sa.Table) -> sa.ScalarSelect[int]:
    """The id of the newest row."""
    return sa.select(sa.func.max(table.c.id)).scalar_subquery()


def logs_of_runs(run_ids: Collection[str]) -> sa.ColumnElement[bool]:
    """Events that are of the runs alone: not of an asset's history."""
    return sa.and_(
        EVENTS.run_id.in_(run_ids),
        EVENTS.id < greatest_id(SqlEventLogStorageTable),
        sa.or_(
            EVENTS.asset_key.is_(None),
            EVENTS.dagster_event_type.is_(None),
            EVENTS.dagster_event_type.not_in(_OF_ASSETS),
        ),
    )


def old_ticks(connection: sa.Connection, horizon: datetime) -> list[int]:
    """Ticks of schedules and sensors, but for the last of each, and those under way."""
    owner = sa.func.coalesce(TICKS.selector_id, TICKS.job_origin_id)
    last = sa.select(sa.func.max(TICKS.id)).group_by(owner)
    return list(
        connection.scalars(
            sa.select(TICKS.id).where(
                TICKS.timestamp < naive(horizon),
                TICKS.status != TickStatus.STARTED.value,
                TICKS.id.not_in(last),
            )
        )
    )


def old_runs(connection: sa.Connection, horizon: datetime, size: int) -> Iterator[list[str]]:
    """Runs that ended before the horizon, newest first, some at a time."""
    below = connection.scalar(sa.select(sa.func.max(RUNS.id))) or 0
    while True:
        page = connection.execute(
            sa.select(RUNS.id, RUNS.run_id)
            .where(RUNS.status.in_(_FINISHED), RUNS.end_time < horizon.timestamp(), RUNS.id < below)
            .order_by(RUNS.id.desc())
            .limit(size)
        ).all()
        if not page:
            return
        yield [row.run_id for row in page]
        below = page[-1].id


def lineage_of_the_others(connection: sa.Connection, horizon: datetime) -> set[str]:
    """The runs that those not among `old_runs` repeat, or began with."""
    is_other = sa.or_(
        RUNS.status.not_in(_FINISHED),
        RUNS.end_time.is_(None),
        RUNS.end_time >= horizon.timestamp(),
        RUNS.id == greatest_id(RunsTable),
    )
    found = sa.select(TAGS.value).join(RunsTable, TAGS.run_id == RUNS.run_id)
    return set(connection.scalars(found.where(TAGS.key.in_(_LINEAGE), is_other).distinct()))


def forgettable(
    connection: sa.Connection, newest_first: Collection[str], needed: set[str]
) -> list[str]:
    """Runs whose record nothing needs; what the others repeat is added to `needed`.

    Dagster asks for a sensor's run key to know whether it has launched a run already, for ever.
    """
    told: dict[str, dict[str, str]] = {}
    tags = sa.select(TAGS.run_id, TAGS.key, TAGS.value)
    for tag in connection.execute(
        tags.where(TAGS.run_id.in_(newest_first), TAGS.key.in_([RUN_KEY_TAG, *_LINEAGE]))
    ):
        told.setdefault(tag.run_id, {})[tag.key] = tag.value
    found = []
    for run_id in newest_first:
        of_run = told.get(run_id, {})
        if run_id in needed or RUN_KEY_TAG in of_run:
            needed.update(of_run[key] for key in _LINEAGE if key in of_run)
        else:
            found.append(run_id)
    return found
