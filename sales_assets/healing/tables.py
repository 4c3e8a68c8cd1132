"""The tables that remember what healing has seen, in the catalogue's database.

Belongs here: the tables. Does not: reading and writing them (`state`).
"""

from __future__ import annotations

import sqlalchemy as sa

from sales_assets.resources.any_text import AnyText

_METADATA = sa.MetaData()
DAYS = sa.Table(
    "healing_days",
    _METADATA,
    sa.Column("target", sa.String, primary_key=True),
    sa.Column("day", sa.String, primary_key=True),
    sa.Column("team", sa.String, nullable=False),
    sa.Column("cause", sa.String, nullable=False),
    sa.Column("why", AnyText, nullable=False),
    sa.Column("seen_at", sa.Float, nullable=False),
    sa.Column("counted_from", sa.Float, nullable=False),
    sa.Column("ready_at", sa.Float, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("tried_at", sa.Float, nullable=False),
    sa.Column("run_id", sa.String, nullable=False),
    sa.Column("error", AnyText, nullable=False),
    sa.Column("parked_at", sa.Float, nullable=True),
)
"""Each day that is due; of a target that is healthy there is none."""
TRIES = sa.Table(
    "healing_tries",
    _METADATA,
    sa.Column("target", sa.String, primary_key=True),
    sa.Column("root", sa.String, primary_key=True),
    sa.Column("ended_at", sa.Float, nullable=False),
)
"""The attempts that were counted: a run, or the first of those that repeat it."""
LOOKS = sa.Table(
    "healing_looks",
    _METADATA,
    sa.Column("target", sa.String, primary_key=True),
    sa.Column("looked_at", sa.Float, nullable=False),
)
"""When each target was looked at last: runs that ended before were counted then."""


def create_tables(connection: sa.Connection) -> None:
    """Make the tables that are not there."""
    _METADATA.create_all(connection)
