"""What Dagster's event log says: failed runs, checks and freshness, each event once.

Belongs here: reading the log by a cursor, and what its events mean. Does not: what a failed run was
about, and whether it has recovered (`runs`), or what becomes of it (`book`).

PostgreSQL gives an event its number before others can see it: one with a lower number may appear
later. So the cursor stays where nothing can appear any more, and what was read beyond is noted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

import dagster as dg
import sqlalchemy as sa
from dagster import DagsterEventType
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._serdes import deserialize_value

from sales_assets.alerts.known_assets import KnownAssets
from sales_assets.alerts.problems import Change, Mended, Problem, Severity, told_command
from sales_assets.alerts.runs import Runs
from sales_assets.instance.event_log import log_of
from sales_assets.report.links import asset_path, check_path

KINDS = (
    DagsterEventType.RUN_FAILURE,
    DagsterEventType.ASSET_CHECK_EVALUATION,
    DagsterEventType.FRESHNESS_STATE_CHANGE,
)
SETTLED_SECONDS = 60.0
"""Longer than any transaction that writes events."""
AT_A_TIME = 1_000
_c = SqlEventLogStorageTable.c


@dataclass(frozen=True)
class Cursor:
    """All events up to `low` are read, and `seen` beyond it; `top` was the last one there was.

    `low` is what `mark` was when that was settled.
    """

    low: int
    mark: int
    mark_at: float
    top: int
    seen: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text that is kept."""
        values = json.loads(text)
        return cls(**{**values, "seen": tuple(values["seen"])})

    def __str__(self) -> str:
        return json.dumps(asdict(self))


class Read(NamedTuple):
    """What was read, in its order, and how far."""

    changes: list[Change]
    cursor: str


@dataclass(frozen=True)
class Events:
    """The event log of an instance."""

    instance: dg.DagsterInstance
    assets: KnownAssets

    @property
    def storage(self) -> SqlEventLogStorage:
        """The log."""
        return log_of(self.instance)

    def read(self, cursor: str, failed: Sequence[Problem], now: datetime) -> Read:
        """What happened after a cursor; `failed` are the runs that have not recovered yet.

        Without a cursor nothing: what was before alerts began is history. A log that has fewer
        events than the cursor says is another one, and begins so too.
        """
        at = now.timestamp()
        with self.storage.index_connection() as connection:
            top = connection.scalar(sa.select(sa.func.max(_c.id))) or 0
            old = Cursor.parse(cursor) if cursor else None
            if old is None or top < old.low:
                return Read([], str(Cursor(top, top, at, top)))
            rows = connection.execute(
                sa.select(_c.id, _c.event)
                .where(_c.id > old.low, _c.dagster_event_type.in_([kind.value for kind in KINDS]))
                .order_by(_c.id)
                .limit(AT_A_TIME)
            ).fetchall()
        known = set(old.seen)
        changes = [c for row in rows if row.id not in known for c in self._changes(row)]
        # What failed once more has other work to be made since: the next look asks for that.
        again = {change.key for change in changes if isinstance(change, Problem)}
        asked = [problem for problem in failed if problem.key not in again]
        if asked and top != old.top:
            runs = Runs(self.instance, self.storage, self.assets)
            changes += [mended for problem in asked if (mended := runs.mended(problem))]
        ids, is_asked = [row.id for row in rows], bool(failed) and len(asked) == len(failed)
        return Read(changes, str(_after(old, ids, top, at, is_asked=is_asked)))

    def _changes(self, row: sa.Row[Any]) -> Iterable[Change]:
        entry = deserialize_value(row.event, EventLogEntry)
        event = entry.get_dagster_event()
        at = datetime.fromtimestamp(entry.timestamp, UTC)
        match event.event_type:
            case DagsterEventType.RUN_FAILURE:
                runs = Runs(self.instance, self.storage, self.assets)
                return runs.failures(row.id, entry, at)
            case DagsterEventType.ASSET_CHECK_EVALUATION:
                found: Change | None = self._check(row.id, event.asset_check_evaluation_data, at)
            case _:
                found = self._freshness(event.event_specific_data, at)
        return [] if found is None else [found]

    def _check(self, number: int, told: dg.AssetCheckEvaluation, at: datetime) -> Change:
        asset = told.asset_key.to_user_string()
        key = f"check:{asset}:{told.check_name}"
        if told.passed:
            return Mended(key, "the check passes")
        owner = self.assets.owner([asset])
        is_error = told.severity is dg.AssetCheckSeverity.ERROR
        cause = told.description or "the check says nothing more"
        again = "sales-assets materialize --missing"
        again += f" --source {owner.source.partition('/')[2]}" if owner.source else ""
        return Problem(
            key=key,
            scope="checks",
            severity=Severity.ERROR if is_error else Severity.WARNING,
            what=f"{asset}: the check {told.check_name} fails",
            cause=cause,
            at=at,
            occurrence=str(number),
            team=owner.team,
            source=owner.source,
            affects=self.assets.affected([asset]),
            path=check_path(asset, told.check_name or ""),
            command=told_command(cause) or again,
            escalates=False,
        )

    def _freshness(self, told: Any, at: datetime) -> Change | None:
        asset = told.key.to_user_string()
        key = f"fresh:{asset}"
        if told.new_state not in {FreshnessState.WARN, FreshnessState.FAIL}:
            return Mended(key, "it is up to date")
        owner, is_late = self.assets.owner([asset]), told.new_state is FreshnessState.FAIL
        return Problem(
            key=key,
            scope="freshness",
            severity=Severity.ERROR if is_late else Severity.WARNING,
            what=f"{asset} is late",
            cause="it was not materialised by the time that its freshness policy names; look for "
            "runs that failed or wait, and whether the daemon runs",
            at=at,
            occurrence=told.new_state.value,
            team=owner.team,
            source=owner.source,
            affects=self.assets.affected([asset]),
            path=asset_path(asset),
            command="sales-assets materialize --missing",
            escalates=False,
        )


def _after(old: Cursor, read: Sequence[int], top: int, at: float, *, is_asked: bool) -> Cursor:
    """The cursor after a look; the same if there was nothing, so that nothing is written."""
    if len(read) == AT_A_TIME:  # what is beyond was not looked at
        return Cursor(read[-1], read[-1], at, old.top)
    new = replace(old, seen=tuple(read), top=top if is_asked else old.top)
    if at - old.mark_at < SETTLED_SECONDS or top == old.mark == old.low:
        return new
    return Cursor(old.mark, top, at, new.top, tuple(number for number in read if number > old.mark))
