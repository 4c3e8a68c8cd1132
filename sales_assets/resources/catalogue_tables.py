"""The tables of the catalogue, and what their rows say.

Belongs here: the tables, creating them and bringing those of an earlier version up to date, and
turning rows into values and back. Does not: when a row is written or asked for (`catalogue`).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa

from sales_assets.contracts.inspection import Inspection, Part
from sales_assets.contracts.model import SourceContract
from sales_assets.resources.landing_zone import Drop
from sales_assets.resources.manifests import Known

RACY_NS = 2_000_000_000
"""A file changed less than two seconds before it was inspected may change again within the same
time stamp, so it is inspected again; the rule and the span are Git's ("racy" entries)."""
MOST_BOUND = 10_000
"""Files that are bound to one statement; SQLite takes 32,766 values."""
_IN_EACH_INSPECTION = '"unpacked": '
"""What is in the text of every inspection but those of an earlier version, which count no more."""
_METADATA = sa.MetaData()
DROPS = sa.Table(
    "drops",
    _METADATA,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("file", sa.String, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("modified_ns", sa.BigInteger, nullable=False),
    sa.Column("inspected_ns", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("inspection", sa.Text, nullable=False),
    sa.Column("refused", sa.Text, nullable=False),
    sa.Column("first_seen_ns", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("reference", sa.String, nullable=False, server_default=""),
    sa.Column("etag", sa.String, nullable=False, server_default=""),
)
"""Each file in the landing zone, as it was inspected last."""
CHANGES = sa.Table(
    "changes",
    _METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("file", sa.String, nullable=False),
    sa.Column("days", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Drops that came, changed or went, numbered in order."""
LISTINGS = sa.Table(
    "listings",
    _METADATA,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("zone", sa.String, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("listed_ns", sa.BigInteger, nullable=False),
)
"""When all drops of a source were listed last, by which contract and in which landing zone."""
IDENTITY = sa.Table("identity", _METADATA, sa.Column("id", sa.String, primary_key=True))
"""One row: which catalogue this is."""
MANIFESTS = sa.Table(
    "manifests",
    _METADATA,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("day", sa.String, primary_key=True),
    sa.Column("entries", sa.Text, nullable=False),
)
"""Which files make up each day, as `raw` recorded it."""
STAGED = sa.Table(
    "staged",
    _METADATA,
    sa.Column("source", sa.String, primary_key=True),
    sa.Column("day", sa.String, primary_key=True),
    sa.Column("fingerprint", sa.String, nullable=False),
    sa.Column("accepted", sa.BigInteger, nullable=False),
    sa.Column("rejected", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.String, nullable=False),
    sa.Column("net_amount", sa.String, nullable=False),
    sa.Column("figures", sa.Text, nullable=False, server_default=""),
    sa.Column("preview", sa.Text, nullable=False, server_default=""),
)
"""What each day's staged objects hold."""


def create_tables(connection: sa.Connection) -> None:
    """Make the tables that are not there, and the columns that an earlier version's lack."""
    _METADATA.create_all(connection)
    for table in (DROPS, STAGED):  # of a catalogue that an earlier version made
        there = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                definition = sa.schema.CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {definition}")
    if connection.execute(sa.select(IDENTITY.c.id)).first() is None:
        connection.execute(IDENTITY.insert().values(id=uuid.uuid4().hex))


def drop_rows(connection: sa.Connection, contract: SourceContract) -> Sequence[sa.Row[Any]]:
    """The rows of all drops of a source."""
    return connection.execute(DROPS.select().where(DROPS.c.source == contract.name)).fetchall()


class Seen(NamedTuple):
    """A drop as the catalogue has it, without its inspection.

    `is_fresh`: its inspection still counts if it looks the same.
    """

    drop: Drop
    first_seen_ns: int
    is_fresh: bool


def seen_drops(
    connection: sa.Connection, contract: SourceContract, files: Collection[str] | None = None
) -> dict[str, Seen]:
    """All drops of a source or, with `files`, these and those that were not inspected for good."""
    c = DROPS.c
    is_whole = c.inspection.contains(_IN_EACH_INSPECTION, autoescape=True) | (c.refused != "")
    is_racy = (c.etag == "") & (c.inspected_ns - c.modified_ns < RACY_NS)
    is_fresh = (c.digest == contract.digest) & is_whole & ~is_racy
    query = sa.select(
        *(c.file, c.size, c.modified_ns, c.etag, c.first_seen_ns, is_fresh.label("is_fresh"))
    ).where(c.source == contract.name)
    if files is not None and len(files) <= MOST_BOUND:
        query = query.where(c.file.in_(files) | ~is_fresh)
    return {
        row.file: Seen(
            Drop(row.file, row.size, row.modified_ns, row.etag),
            row.first_seen_ns,
            bool(row.is_fresh),
        )
        for row in connection.execute(query)
        if files is None or row.file in files or not row.is_fresh
    }


def dump_inspection(inspection: Inspection) -> str:
    """An inspection as the text that is kept."""
    parts = [
        {**asdict(part), "days": {day.isoformat(): n for day, n in part.days.items()}}
        for part in inspection.parts
    ]
    return json.dumps(
        {"sha256": inspection.sha256, "parts": parts, "unpacked": inspection.unpacked}
    )


def load_known(row: sa.Row[Any]) -> Known:
    """What is known of a drop, from its row."""
    inspection = _load_inspection(row.inspection) if row.inspection else None
    drop = Drop(row.file, row.size, row.modified_ns, row.etag)
    return Known(drop, inspection, row.refused, row.digest, row.first_seen_ns, row.reference)


def _load_inspection(text: str) -> Inspection | None:
    """An inspection as it was kept; None for one of an earlier version, which is made anew."""
    values = json.loads(text)
    if "unpacked" not in values:
        return None
    parts = tuple(map(_load_part, values["parts"]))
    return Inspection(values["sha256"], parts, values["unpacked"])


def _load_part(values: dict[str, Any]) -> Part:
    days = {date.fromisoformat(day): lines for day, lines in values.pop("days").items()}
    header: Sequence[str] = values.pop("header")
    return Part(**values, header=tuple(header), days=days)
