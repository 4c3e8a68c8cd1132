"""The catalogue of drops: what each file in the landing zone holds, and what changed.

Belongs here: remembering inspections (so that a file is read once), the manifest of each day
as `raw` recorded it, and the log of changes that the sensor follows. Does not: its tables
(`catalogue_tables`), which files make up a day (`manifests`), or the ledger of what was loaded (it
is in the warehouse, in the same transaction as the rows).

It is a small database of its own (SQLite on a laptop; any SQLAlchemy address, such as
PostgreSQL, by setting), so that the landing zone can be watched while the warehouse is busy.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa

from sales_assets.contracts.inspection import Inspection
from sales_assets.contracts.model import Overlap, Reference, SourceContract
from sales_assets.contracts.reference_files import reading
from sales_assets.errors import DropError, UsageError
from sales_assets.partitions import Window
from sales_assets.resources.catalogue_tables import (
    CHANGES,
    DROPS,
    IDENTITY,
    LISTINGS,
    MANIFESTS,
    STAGED,
    create_tables,
    drop_rows,
    dump_inspection,
    load_known,
)
from sales_assets.resources.database import open_database, writing
from sales_assets.resources.landing_zone import Drop, LandingZone
from sales_assets.resources.manifests import Entry, Known, Manifest, differing, manifests
from sales_assets.resources.source_drops import list_all, look_at

RACY_NS = 2_000_000_000
"""A file changed less than two seconds before it was inspected may change again within the same
time stamp, so it is inspected again; the rule and the span are Git's ("racy" entries)."""

WRITTEN_AT_ONCE = 100
"""Inspections that one transaction writes; a process that dies loses at most so many."""

Inspect = Callable[[SourceContract, Path, str], Inspection]


@dataclass(frozen=True)
class StagedCounts:
    """What a day's staged objects hold; sums are exact, over the accepted lines."""

    fingerprint: str
    accepted: int
    rejected: int
    amount: Decimal
    net_amount: Decimal


@dataclass(frozen=True)
class Change:
    """A drop that came, changed or went, and the days that this touches."""

    number: int
    source: str
    file: str
    days: frozenset[date]


class Catalogue(dg.ConfigurableResource[Any]):
    """The catalogue at a SQLAlchemy address."""

    url: str

    @cached_property
    def _engine(self) -> sa.Engine:
        return open_database(self.url, create_tables)

    def refresh(
        self,
        contract: SourceContract,
        zone: LandingZone,
        inspect: Inspect,
        settle_seconds: float = 0.0,
        told: Collection[str] | None = None,
    ) -> dict[str, Known]:
        """Bring the catalogue up to date with the landing zone; inspect what is new or changed.

        A file that changed within the last `settle_seconds` is left as it was known before; one
        with an ETag appears whole and is not. A drop that cannot be used is kept as refused, with
        the reason. Raises TransientError if the landing zone is not to be had, so that its drops
        do not count as gone.

        With `told`, the files that something is said to have happened to, nothing is listed: only
        these are looked at, with those that were not inspected for good. All others are as they
        were known.
        """
        # One time for all drops of this pass: of two that came together none came later.
        now = time.time_ns()
        known, fresh = self._known(contract)
        if told is None:
            listed, references = list_all(contract, zone, is_known=bool(known))
            looked_at = known.keys() | listed.keys()
        else:
            looked_at = set(told) | (known.keys() - fresh)
            listed, references = look_at(contract, zone, looked_at)
        gone = [known.pop(file) for file in sorted(known.keys() & looked_at - listed.keys())]
        due = [
            drop
            for file, drop in listed.items()
            if not (file in fresh and known[file].drop == drop) and _rests(drop, settle_seconds)
        ]
        self._write(contract, gone, [])
        # Files are read outside of a transaction, which would keep other processes out meanwhile.
        for start in range(0, len(due), WRITTEN_AT_ONCE):
            some = due[start : start + WRITTEN_AT_ONCE]
            read = [
                replace(
                    self._inspect(contract, zone, inspect, drop, references.get(drop.file)),
                    first_seen_ns=_first_seen(known.get(drop.file), drop, now),
                )
                for drop in some
            ]
            self._write(contract, [], read)
            known |= {item.drop.file: item for item in read}
        return known

    def _known(self, contract: SourceContract) -> tuple[dict[str, Known], set[str]]:
        """All drops of a source, and those whose inspection still counts if they look the same."""
        known: dict[str, Known] = {}
        fresh: set[str] = set()
        with self._engine.connect() as connection:
            rows = drop_rows(connection, contract)
        for row in rows:
            item = known[row.file] = load_known(row)
            racy = not row.etag and row.inspected_ns - row.modified_ns < RACY_NS
            is_whole = item.inspection is not None or item.refused
            if row.digest == contract.digest and is_whole and not racy:
                fresh.add(row.file)
        return known, fresh

    def _inspect(
        self,
        contract: SourceContract,
        zone: LandingZone,
        inspect: Inspect,
        drop: Drop,
        reference: Reference | None,
    ) -> Known:
        name = reference.name if reference else ""
        described = reading(contract, reference) if reference else contract
        found, reason = None, ""
        try:
            with zone.local(drop) as path:
                found = inspect(described, path, drop.file)
        except DropError as error:
            reason = str(error)
        except OSError as error:
            reason = f"{drop.file}: cannot be read ({error})"
        return Known(drop, found, reason, contract.digest, reference=name)

    def _write(
        self, contract: SourceContract, gone: Sequence[Known], read: Sequence[Known]
    ) -> None:
        """Forget some drops and keep others, each with a change if it is one.

        Another process may have seen the same meanwhile, so what was known is asked again here.
        """
        if not gone and not read:
            return
        with writing(self._engine) as connection:
            logged: set[date] = set()
            was: dict[str, Known | None] = {}
            for item in gone:
                before = self._take_out(connection, contract, item.drop.file, as_known=item.drop)
                if before is not None:  # else it went before, or came back meanwhile
                    was[item.drop.file] = before
                    days = _days(contract, before)
                    self._log(connection, contract, item.drop.file, days)
                    logged |= days
            for item in read:
                before = self._take_out(connection, contract, item.drop.file)
                was[item.drop.file] = before
                self._put_in(connection, contract, _seen_as(item, before))
                same = before is not None and (before.inspection, before.refused) == (
                    item.inspection,
                    item.refused,
                )
                if not same or before is None or before.digest != contract.digest:
                    days = _days(contract, before) | _days(contract, item)
                    self._log(connection, contract, item.drop.file, days)
                    logged |= days
            others = self._moved_days(connection, contract, was) - logged
            if others:
                self._log(connection, contract, next(reversed(was)), others)

    def _moved_days(
        self, connection: sa.Connection, contract: SourceContract, was: Mapping[str, Known | None]
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
        self,
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

    def _put_in(self, connection: sa.Connection, contract: SourceContract, item: Known) -> None:
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

    def listing_is_due(self, contract: SourceContract, zone: LandingZone, hours: float) -> bool:
        """Whether all drops of a source have to be listed, whatever events tell.

        At first, every so often since an event may be lost, and with another contract or zone.
        """
        with self._engine.connect() as connection:
            row = connection.execute(
                LISTINGS.select().where(LISTINGS.c.source == contract.name)
            ).fetchone()
        return (
            row is None
            or (row.zone, row.digest) != (zone.address, contract.digest)
            or not 0 <= time.time_ns() - row.listed_ns < hours * 3600e9
        )

    def note_listing(self, contract: SourceContract, zone: LandingZone, listed_ns: int) -> None:
        """Keep that all drops of a source were listed, at a time before they were."""
        values = {"zone": zone.address, "digest": contract.digest, "listed_ns": listed_ns}
        with writing(self._engine) as connection:
            connection.execute(LISTINGS.delete().where(LISTINGS.c.source == contract.name))
            connection.execute(LISTINGS.insert().values(source=contract.name, **values))

    def refuse(self, contract: SourceContract, file: str, reason: str) -> None:
        """Keep why a drop cannot be used, though its inspection found nothing wrong."""
        with writing(self._engine) as connection:
            connection.execute(
                DROPS.update()
                .where(DROPS.c.source == contract.name, DROPS.c.file == file)
                .values(refused=reason)
            )

    def _log(
        self, connection: sa.Connection, contract: SourceContract, file: str, days: Iterable[date]
    ) -> None:
        text = json.dumps(sorted(day.isoformat() for day in days))
        connection.execute(CHANGES.insert().values(source=contract.name, file=file, days=text))

    @cached_property
    def identity(self) -> str:
        """Which catalogue this is: the numbers of another one's changes mean nothing here."""
        with self._engine.connect() as connection:
            return str(connection.execute(sa.select(IDENTITY.c.id)).scalar_one())

    def changes_after(self, number: int) -> list[Change]:
        """The changes after a number, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                CHANGES.select().where(CHANGES.c.number > number).order_by(CHANGES.c.number)
            ).fetchall()
        return [
            Change(row.number, row.source, row.file, frozenset(map(date.fromisoformat, days)))
            for row in rows
            for days in [json.loads(row.days)]
        ]

    def record(self, contract: SourceContract, manifests: dict[date, Manifest]) -> None:
        """Keep which files make up these days; what `staged` and `revenue` then work from."""
        self._replace(
            MANIFESTS,
            contract,
            {
                day: {"entries": json.dumps([asdict(entry) for entry in manifest])}
                for day, manifest in manifests.items()
            },
        )

    def record_staged(self, contract: SourceContract, days: dict[date, StagedCounts]) -> None:
        """Keep what was staged for these days, after their objects are in place."""
        self._replace(
            STAGED,
            contract,
            {
                day: {
                    **asdict(counts),
                    "amount": str(counts.amount),
                    "net_amount": str(counts.net_amount),
                }
                for day, counts in days.items()
            },
        )

    def _replace(
        self, table: sa.Table, contract: SourceContract, days: dict[date, dict[str, Any]]
    ) -> None:
        if not days:
            return
        rows = [{"source": contract.name, "day": d.isoformat(), **v} for d, v in days.items()]
        with writing(self._engine) as connection:
            connection.execute(
                table.delete().where(
                    table.c.source == contract.name, table.c.day == sa.bindparam("on")
                ),
                [{"on": row["day"]} for row in rows],
            )
            connection.execute(table.insert(), rows)

    def staged(self, contract: SourceContract, window: Window) -> dict[date, StagedCounts]:
        """What was staged for the days of a window."""
        return {
            date.fromisoformat(row.day): StagedCounts(
                row.fingerprint,
                row.accepted,
                row.rejected,
                Decimal(row.amount),
                Decimal(row.net_amount),
            )
            for row in self._within(STAGED, contract, window)
        }

    def staged_days(self) -> set[date]:
        """The days for which lines of any source were accepted."""
        query = sa.select(STAGED.c.day).where(STAGED.c.accepted > 0).distinct()
        with self._engine.connect() as connection:
            return set(map(date.fromisoformat, connection.scalars(query)))

    def recorded(self, contract: SourceContract, window: Window) -> dict[date, Manifest]:
        """The manifests of a window's days.

        Raises UsageError if `raw` has not recorded one of them.
        """
        found = self.manifests(contract, window)
        unknown = [day for day in window.days() if day not in found]
        if unknown:
            raise UsageError(
                f"{contract.name}: {len(unknown)} days from {unknown[0]} on have no raw asset yet; "
                f"materialise {contract.name}/raw for them first"
            )
        return found

    def manifests(self, contract: SourceContract, window: Window) -> dict[date, Manifest]:
        """The manifests of those of a window's days that `raw` has recorded."""
        return {
            date.fromisoformat(row.day): tuple(Entry(**entry) for entry in json.loads(row.entries))
            for row in self._within(MANIFESTS, contract, window)
        }

    def _within(
        self, table: sa.Table, contract: SourceContract, window: Window
    ) -> Sequence[sa.Row[Any]]:
        with self._engine.connect() as connection:
            return connection.execute(
                table.select().where(
                    table.c.source == contract.name,
                    table.c.day >= window.first_key,
                    table.c.day <= window.last_key,
                )
            ).fetchall()

    def drop(self, contract: SourceContract, file: str) -> Known | None:
        """What is known of one drop."""
        with self._engine.connect() as connection:
            row = connection.execute(
                DROPS.select().where(DROPS.c.source == contract.name, DROPS.c.file == file)
            ).fetchone()
        return load_known(row) if row else None


def _first_seen(before: Known | None, drop: Drop, now: int) -> int:
    return before.first_seen_ns if before is not None and before.drop == drop else now


def _seen_as(item: Known, before: Known | None) -> Known:
    """A drop with the time at which it was seen first, as it is or by another process."""
    return replace(item, first_seen_ns=_first_seen(before, item.drop, item.first_seen_ns))


def _rests(drop: Drop, settle_seconds: float) -> bool:
    """Whether a file has not changed for so long; one from the future says nothing by its time.

    Nor does one with an ETag: it is complete, and its time is of another clock than ours.
    """
    if drop.etag:
        return True
    age = time.time_ns() - drop.modified_ns
    return not 0 <= age < settle_seconds * 1e9


def _days(contract: SourceContract, known: Known | None) -> frozenset[date]:
    return (known.days_at_most(contract) if known else None) or frozenset()
