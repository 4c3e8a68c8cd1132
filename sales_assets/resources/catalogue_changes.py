"""The drops in the catalogue, and the log of their changes: both are written in one transaction.

Belongs here: what a change is, and the days that it touches. Does not: when drops are looked at
(`catalogue`), or the tables (`catalogue_tables`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa

from sales_assets.contracts.days import Overlap
from sales_assets.contracts.model import SourceContract
from sales_assets.resources.catalogue_tables import (
    CHANGES,
    DROPS,
    Seen,
    drop_rows,
    dump_inspection,
    load_known,
)
from sales_assets.resources.database import writing
from sales_assets.resources.landing_zone import Drop
from sales_assets.resources.manifests import Known, differing, manifests


@dataclass(frozen=True)
class Change:
    """A drop that came, changed or went, and the days that this touches."""

    number: int
    source: str
    file: str
    days: frozenset[date]


def changes_after(engine: sa.Engine, number: int) -> list[Change]:
    """The changes after a number, oldest first."""
    with engine.connect() as connection:
        rows = connection.execute(
            CHANGES.select().where(CHANGES.c.number > number).order_by(CHANGES.c.number)
        ).fetchall()
    return [
        Change(row.number, row.source, row.file, frozenset(map(date.fromisoformat, days)))
        for row in rows
        for days in [json.loads(row.days)]
    ]


def write_drops(
    engine: sa.Engine, contract: SourceContract, gone: Sequence[Drop], read: Sequence[Known]
) -> None:
    """Forget some drops and keep others, each with a change if it is one.

    Another process may have seen the same meanwhile, so what was known is asked again here.
    """
    if not gone and not read:
        return
    with writing(engine) as connection:
        logged: set[date] = set()
        was: dict[str, Known | None] = {}
        for drop in gone:
            before = _take_out(connection, contract, drop.file, as_known=drop)
            if before is not None:  # else it went before, or came back meanwhile
                was[drop.file] = before
                days = _days(contract, before)
                _log(connection, contract, drop.file, days)
                logged |= days
        for item in read:
            before = _take_out(connection, contract, item.drop.file)
            was[item.drop.file] = before
            _put_in(connection, contract, _seen_as(item, before))
            same = before is not None and (before.inspection, before.refused) == (
                item.inspection,
                item.refused,
            )
            if not same or before is None or before.digest != contract.digest:
                days = _days(contract, before) | _days(contract, item)
                _log(connection, contract, item.drop.file, days)
                logged |= days
        others = _moved_days(connection, contract, was) - logged
        if others:
            _log(connection, contract, next(reversed(was)), others)


def _moved_days(
    connection: sa.Connection, contract: SourceContract, was: Mapping[str, Known | None]
) -> set[date]:
    """The days that are made of others than before some drops changed.

    They may be days of other drops: a drop that was touched supersedes them, and where it
    takes a drop's first day, the undated lines of that drop move to another. A reference that
    changed is in all days.
    """
    if contract.overlap is Overlap.UNION and not contract.references:
        return set()
    now = {row.file: load_known(row) for row in drop_rows(connection, contract)}
    before = {file: item for file, item in now.items() if file not in was}
    before |= {file: item for file, item in was.items() if item is not None}
    return differing(manifests(contract, before), manifests(contract, now))


def _take_out(
    connection: sa.Connection,
    contract: SourceContract,
    file: str,
    as_known: Drop | None = None,
) -> Known | None:
    is_it = sa.and_(DROPS.c.source == contract.name, DROPS.c.file == file)
    if as_known is not None:
        is_it &= sa.and_(
            DROPS.c.size == as_known.size,
            DROPS.c.modified_ns == as_known.modified_ns,
            DROPS.c.etag == as_known.etag,
        )
    row = connection.execute(DROPS.delete().where(is_it).returning(*DROPS.c)).fetchone()
    return load_known(row) if row else None


def _put_in(connection: sa.Connection, contract: SourceContract, item: Known) -> None:
    connection.execute(
        DROPS.insert().values(
            source=contract.name,
            file=item.drop.file,
            size=item.drop.size,
            modified_ns=item.drop.modified_ns,
            inspected_ns=time.time_ns(),
            digest=contract.digest,
            inspection=dump_inspection(item.inspection) if item.inspection else "",
            refused=item.refused,
            first_seen_ns=item.first_seen_ns,
            reference=item.reference,
            etag=item.drop.etag,
        )
    )


def _log(
    connection: sa.Connection, contract: SourceContract, file: str, days: Iterable[date]
) -> None:
    text = json.dumps(sorted(day.isoformat() for day in days))
    connection.execute(CHANGES.insert().values(source=contract.name, file=file, days=text))


def first_seen_ns(before: Known | Seen | None, drop: Drop, now: int) -> int:
    """When a drop was first seen as it is: now, unless it was known so."""
    return before.first_seen_ns if before is not None and before.drop == drop else now


def _seen_as(item: Known, before: Known | None) -> Known:
    """A drop with the time at which it was seen first, as it is or by another process."""
    return replace(item, first_seen_ns=first_seen_ns(before, item.drop, item.first_seen_ns))


def _days(contract: SourceContract, known: Known | None) -> frozenset[date]:
    return (known.days_at_most(contract) if known else None) or frozenset()
