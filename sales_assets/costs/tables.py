"""The tables of the ledger of costs, in the installation's small database.

Belongs here: the tables and creating them. Does not: what is written or asked (`ledger`,
`reading`), or what a row means in words (docs/decisions/0038).

Moments are microseconds since 1970 (UTC); amounts are whole numbers as in `amounts.Amounts`.
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()
AMOUNTS = ("cpu", "wall", "memory", "read", "written", "credits")


def _amounts() -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in AMOUNTS]


STEPS = sa.Table(
    "costs_steps",
    METADATA,
    sa.Column("run_id", sa.String, primary_key=True),
    sa.Column("step", sa.String, primary_key=True),
    sa.Column("process", sa.String, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("team", sa.String, nullable=False),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("job", sa.String, nullable=False),
    sa.Column("assets", sa.Text, nullable=False),
    sa.Column("partitions", sa.Integer, nullable=False),
    sa.Column("begun", sa.BigInteger, nullable=False, index=True),
    sa.Column("told", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("peak", sa.BigInteger, nullable=False),
    *_amounts(),
)
"""Each attempt at a step in a process, and each process's share of a run outside of its steps."""
PROCESSES = sa.Table(
    "costs_processes",
    METADATA,
    sa.Column("process", sa.String, primary_key=True),
    sa.Column("day", sa.String, primary_key=True, index=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("team", sa.String, nullable=False),
    *_amounts(),
)
"""What processes that live long used outside of runs, by day."""
CREDITS = sa.Table(
    "costs_credits",
    METADATA,
    sa.Column("hour", sa.BigInteger, primary_key=True),
    sa.Column("run_id", sa.String, primary_key=True),
    sa.Column("step", sa.String, primary_key=True),
    sa.Column("asset", sa.String, primary_key=True),
    sa.Column("team", sa.String, primary_key=True),
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("idle", sa.Boolean, primary_key=True),
    sa.Column("credits", sa.BigInteger, nullable=False),
)
"""Credits of a warehouse by hour, as its account attributes them; the rest of an hour is idle."""
CREDITS_READ = sa.Table(
    "costs_credits_read",
    METADATA,
    sa.Column("warehouse", sa.String, primary_key=True),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)
"""When the account was asked last for a warehouse's credits of today, and since when."""
DAYS = sa.Table(
    "costs_days",
    METADATA,
    sa.Column("day", sa.String, primary_key=True),
    sa.Column("team", sa.String, primary_key=True),
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("asset", sa.String, primary_key=True),
    sa.Column("idle", sa.Boolean, primary_key=True),
    *_amounts(),
)
"""What is left of rows of long ago: one for each day, asset and team."""
RATES = sa.Table(
    "costs_rates",
    METADATA,
    sa.Column("since", sa.String, primary_key=True),
    sa.Column("rates", sa.Text, nullable=False),
)
"""From which day on which rates count."""


def create_tables(connection: sa.Connection) -> None:
    """Make the tables that are not there."""
    METADATA.create_all(connection)
    for index in PROCESSES.indexes:  # older tables have none
        index.create(connection, checkfirst=True)
