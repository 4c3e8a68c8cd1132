"""Keeping the ledger small: rows of long ago become one for each day, team and asset.

Belongs here: that. Does not: how rows are divided (`entries`), so that nothing is different after.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime, time

import sqlalchemy as sa

from sales_assets.costs.amounts import Amounts
from sales_assets.costs.entries import Entry, amounts_of, of_credits, of_processes, of_steps
from sales_assets.costs.ledger import Ledger, microseconds, put
from sales_assets.costs.tables import CREDITS, DAYS, PROCESSES, STEPS
from sales_assets.resources.database import deciding

RUNS_AT_ONCE = 500
_KEY = [column.name for column in DAYS.primary_key]


def roll_up(ledger: Ledger, before: date, now: datetime) -> int:
    """Roll up what was before a day; how many rows became fewer. 0 when all is done.

    A run is rolled up when all of it is old, since what it used beside its steps is divided among
    these. A transaction has some hundred runs.
    """
    horizon = microseconds(datetime.combine(before, time(), UTC))
    with deciding(ledger.engine) as connection:
        runs = _old_runs(connection, horizon)
        old = {
            STEPS: STEPS.c.run_id.in_(runs),
            PROCESSES: PROCESSES.c.day < before.isoformat(),
            CREDITS: CREDITS.c.hour < horizon,
        }
        found = [
            *of_steps(connection, old[STEPS], now),
            *of_processes(connection, old[PROCESSES]),
            *of_credits(connection, old[CREDITS]),
        ]
        _add(connection, found)
        return sum(connection.execute(table.delete().where(old[table])).rowcount for table in old)


def _old_runs(connection: sa.Connection, horizon: int) -> list[str]:
    """Runs of which nothing was told since: what goes on is told again, and would count twice."""
    later = STEPS.alias()
    goes_on = sa.exists().where(later.c.run_id == STEPS.c.run_id, later.c.told >= horizon)
    query = sa.select(STEPS.c.run_id).where(STEPS.c.begun < horizon, ~goes_on).distinct()
    return list(connection.scalars(query.limit(RUNS_AT_ONCE)))


def _add(connection: sa.Connection, found: Iterable[Entry]) -> None:
    """Add entries to what is kept of their days."""
    sums: dict[tuple[str, str, str, str, bool], Amounts] = defaultdict(Amounts)
    for one in found:
        sums[one.day.isoformat(), one.team, one.source, one.asset, one.idle] += one.amounts
    if not sums:
        return
    days = {day for day, *_ in sums}
    within = DAYS.select().where(DAYS.c.day >= min(days), DAYS.c.day <= max(days))
    for row in connection.execute(within):
        key = (row.day, row.team, row.source, row.asset, row.idle)
        if key in sums:
            sums[key] += amounts_of(row)
    put(
        connection,
        DAYS,
        [dict(zip(_KEY, key, strict=True)) | asdict(used) for key, used in sums.items()],
    )
