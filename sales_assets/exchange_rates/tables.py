"""The tables that keep what is known of the exchange-rate API.

Belongs here: the tables. Does not: reading and writing them (`state`, `breaker`). They lie in the
catalogue's database, so that all processes share them while the warehouse is busy.
"""

from __future__ import annotations

import sqlalchemy as sa

_METADATA = sa.MetaData()
ANSWERS = sa.Table(
    "rate_answers",
    _METADATA,
    sa.Column("provider", sa.String, primary_key=True),
    sa.Column("span", sa.String, primary_key=True),
    sa.Column("symbols", sa.String, primary_key=True),
    sa.Column("object_key", sa.String, nullable=False),
    sa.Column("etag", sa.String, nullable=False),
    sa.Column("checked_at", sa.Float, nullable=False),
    sa.Column("max_age", sa.Integer, nullable=False),
)
"""The last answer for each span of days, and when the API last confirmed it (POSIX seconds)."""
DAYS = sa.Table(
    "rate_days",
    _METADATA,
    sa.Column("day", sa.String, primary_key=True),
    sa.Column("symbols", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("checked_at", sa.Float, nullable=False),
)
"""How each day stood when its rates were last materialised."""
CALLS = sa.Table(
    "api_calls",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("provider", sa.String, nullable=False),
    sa.Column("at", sa.Float, nullable=False, index=True),
    sa.Column("outcome", sa.String, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
)
"""Each call of the API; `outcome` is ok, not_modified, cached or a class of failure."""
BREAKERS = sa.Table(
    "circuit_breakers",
    _METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("successes", sa.Integer, nullable=False),
    sa.Column("opened_at", sa.Float, nullable=False),
    sa.Column("probe_until", sa.Float, nullable=False),
)
"""The circuit breaker of each API; times are POSIX seconds."""
ACCEPTED = sa.Table(
    "accepted_rates",
    _METADATA,
    sa.Column("rate_date", sa.String, primary_key=True),
    sa.Column("currency", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)
"""Rates that a person let in although they jump."""


def create_tables(connection: sa.Connection) -> None:
    """Make the tables that are not there."""
    _METADATA.create_all(connection)
