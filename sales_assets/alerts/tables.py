"""The tables of incidents and of messages that wait.

Belongs here: the tables. Does not: reading and writing them (`store`, `book`, `outbox`). They lie
in the catalogue's database, so that all processes share them while the warehouse is busy. Times
are POSIX seconds. No address of a channel is in them: those hold secrets.
"""

from __future__ import annotations

import sqlalchemy as sa

from sales_assets.resources.any_text import AnyText

_METADATA = sa.MetaData()
STATE = sa.Table(
    "alert_state",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("cursor", sa.Text, nullable=False),
    sa.Column("digests", sa.Text, nullable=False),
)
"""One row: how far the event log was read, and when each channel had its last digest.

`version` is another after each pass that found something: of two that looked at the same time, one
counts."""
INCIDENTS = sa.Table(
    "alert_incidents",
    _METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("key", AnyText, nullable=False),
    sa.Column("scope", sa.String, nullable=False),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("occurrence", sa.String, nullable=False),
    sa.Column("opened_at", sa.Float, nullable=False),
    sa.Column("last_at", sa.Float, nullable=False),
    sa.Column("closed_at", sa.Float, nullable=True, index=True),
    sa.Column("how", AnyText, nullable=False, server_default=""),
    sa.Column("problem", sa.Text, nullable=False),
)
"""Each incident; open ones have no `closed_at`."""
MESSAGES = sa.Table(
    "alert_messages",
    _METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("incident", sa.String, nullable=False, index=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("channel", sa.String, nullable=False),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("title", AnyText, nullable=False),
    sa.Column("text", AnyText, nullable=False),
    sa.Column("state", sa.String, nullable=False, index=True),
    sa.Column("put_at", sa.Float, nullable=False),
    sa.Column("not_before", sa.Float, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease", sa.String, nullable=False, server_default=""),
    sa.Column("lease_until", sa.Float, nullable=False, server_default="0"),
    sa.Column("done_at", sa.Float, nullable=True),
    sa.Column("error", AnyText, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)
"""The outbox: each message for each channel, until it was taken and for a while after.

`name` says incident, kind and channel, so that no message is put in twice."""
CHANNELS = sa.Table(
    "alert_channels",
    _METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("retry_at", sa.Float, nullable=False),
)
"""Channels that failed last: how often in a row, and when they are tried again."""


def create_tables(connection: sa.Connection) -> None:
    """Make the tables that are not there."""
    _METADATA.create_all(connection)
