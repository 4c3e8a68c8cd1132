"""The ledger as entries: what was used, of which each has one asset, or none.

Belongs here: asking the ledger for a span of days, and dividing its rows: a step among its assets,
what a run used outside of its steps among these. Does not: writing (`ledger`), prices (`pricing`)
or sums (`bill`).

A row counts for the UTC day that it began on, wholly. However entries are grouped, they add up to
the rows, since each row is divided into whole numbers that add up to it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from sales_assets.costs.amounts import Amounts, spread_all
from sales_assets.costs.ledger import Ledger, microseconds, moment_of
from sales_assets.costs.meter import RUN, RUNNING, UNFINISHED
from sales_assets.costs.tables import AMOUNTS, CREDITS, DAYS, PROCESSES, STEPS
from sales_assets.partitions import Window
from sales_assets.resources.database import reading

SILENT_AFTER = timedelta(minutes=5)
"""A process tells every few seconds what it uses; one that is silent for so long is gone."""
AT_ONCE = 500


@dataclass(frozen=True)
class Entry:
    """What an asset used in a step, or a process that lives long of itself (`idle`)."""

    day: date
    amounts: Amounts
    team: str = ""
    source: str = ""
    asset: str = ""
    run_id: str = ""
    step: str = ""
    peak: int = 0
    state: str = ""
    idle: bool = False

    @property
    def peak_of_step(self) -> int:
        """The most bytes while the step went on; a share of the run's own time has none."""
        return self.peak if self.step != RUN else 0


def entries(ledger: Ledger, window: Window, now: datetime) -> list[Entry]:
    """All entries of the days of a window, at a moment that says which runs are silent."""
    with reading(ledger.engine) as connection:
        return entries_of(connection, window, now)


def entries_of(connection: sa.Connection, window: Window, now: datetime) -> list[Entry]:
    """The same, within a transaction that sees one moment (`reading`): rows are rolled up."""
    start, end = bounds(window)
    began, hour, day = STEPS.c.begun, CREDITS.c.hour, PROCESSES.c.day
    long_ago = DAYS.c.day
    return [
        *of_steps(connection, sa.and_(began >= start, began < end), now),
        *of_processes(connection, sa.and_(day >= window.first_key, day <= window.last_key)),
        *of_credits(connection, sa.and_(hour >= start, hour < end)),
        *of_days(connection, sa.and_(long_ago >= window.first_key, long_ago <= window.last_key)),
    ]


def of_steps(
    connection: sa.Connection, which: sa.ColumnElement[bool], now: datetime
) -> Iterator[Entry]:
    """The entries of some rows of steps and runs."""
    rows = connection.execute(STEPS.select().where(which)).fetchall()
    runs = sorted({row.run_id for row in rows if row.step == RUN})
    steps: dict[str, list[Entry]] = defaultdict(list)
    for at in range(0, len(runs), AT_ONCE):
        c = STEPS.c
        of_runs = STEPS.select().where(c.run_id.in_(runs[at : at + AT_ONCE]), c.step != RUN)
        for row in connection.execute(of_runs):
            steps[row.run_id] += _of_step(row, now)
    for row in rows:
        if row.step == RUN:
            yield from _of_run(row, steps[row.run_id], now)
        else:
            yield from _of_step(row, now)


def _of_step(row: sa.Row[Any], now: datetime) -> Iterator[Entry]:
    shares: dict[str, int] = json.loads(row.assets) or {"": 1}
    whole = _entry(row, now)
    for asset, part in zip(shares, spread_all(whole.amounts, [*shares.values()]), strict=True):
        yield replace(whole, asset=asset, amounts=part)


def _of_run(row: sa.Row[Any], steps: Sequence[Entry], now: datetime) -> Iterator[Entry]:
    """What a run used outside of its steps, divided as these used the CPU."""
    whole = _entry(row, now)
    if not steps:
        yield whole
        return
    shares: dict[tuple[str, str, str], int] = defaultdict(int)
    for entry in steps:
        shares[entry.team, entry.source, entry.asset] += entry.amounts.cpu
    for (team, source, asset), part in zip(
        shares, spread_all(whole.amounts, [*shares.values()]), strict=True
    ):
        yield replace(whole, team=team, source=source, asset=asset, amounts=part)


def _entry(row: sa.Row[Any], now: datetime) -> Entry:
    silent = row.state == RUNNING and now - moment_of(row.told) > SILENT_AFTER
    return Entry(
        day=moment_of(row.begun).date(),
        amounts=amounts_of(row),
        team=row.team,
        source=row.source,
        run_id=row.run_id,
        step=row.step,
        peak=row.peak,
        state=UNFINISHED if silent else row.state,
    )


def of_processes(connection: sa.Connection, which: sa.ColumnElement[bool]) -> Iterator[Entry]:
    """The entries of some rows of processes."""
    for row in connection.execute(PROCESSES.select().where(which)):
        yield Entry(date.fromisoformat(row.day), amounts_of(row), row.team, idle=True)


def of_credits(connection: sa.Connection, which: sa.ColumnElement[bool]) -> Iterator[Entry]:
    """The entries of some rows of credits."""
    for row in connection.execute(CREDITS.select().where(which)):
        yield Entry(
            day=moment_of(row.hour).date(),
            amounts=Amounts(credits=row.credits),
            team=row.team,
            source=row.source,
            asset=row.asset,
            run_id=row.run_id,
            step=row.step,
            idle=row.idle,
        )


def of_days(connection: sa.Connection, which: sa.ColumnElement[bool]) -> Iterator[Entry]:
    """The entries of some rows of what was rolled up."""
    for row in connection.execute(DAYS.select().where(which)):
        of = (row.team, row.source, row.asset)
        yield Entry(date.fromisoformat(row.day), amounts_of(row), *of, idle=row.idle)


def amounts_of(row: sa.Row[Any]) -> Amounts:
    """The amounts of a row of any table."""
    return Amounts(**{name: row._mapping[name] for name in AMOUNTS})


def bounds(window: Window) -> tuple[int, int]:
    """The first microsecond of a window, and the first one after it."""
    start, end = (
        microseconds(datetime(day.year, day.month, day.day, tzinfo=UTC))
        for day in (window.start, window.end)
    )
    return start, end
