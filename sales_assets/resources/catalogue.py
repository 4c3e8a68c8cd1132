"""The catalogue of drops: what each file in the landing zone holds, and what changed.

Belongs here: looking at the landing zone, and remembering inspections, so that a file is read
once. Does not: the log of changes that the sensor follows (`catalogue_changes`), what is recorded
of days (`catalogue_days`), the tables (`catalogue_tables`), or the ledger of what was loaded (it is
in the warehouse, in the same transaction as the rows).

It is a small database of its own (SQLite on a laptop; any SQLAlchemy address, such as
PostgreSQL, by setting), so that the landing zone can be watched while the warehouse is busy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa

from sales_assets.contracts.inspection import Inspection
from sales_assets.contracts.model import Reference, SourceContract
from sales_assets.contracts.reference_files import reading
from sales_assets.errors import DropError
from sales_assets.resources.catalogue_changes import (
    Change,
    changes_after,
    first_seen_ns,
    write_drops,
)
from sales_assets.resources.catalogue_days import RecordedDays
from sales_assets.resources.catalogue_tables import (
    DROPS,
    IDENTITY,
    LISTINGS,
    drop_rows,
    load_known,
    seen_drops,
)
from sales_assets.resources.database import writing
from sales_assets.resources.landing_zone import Drop, LandingZone
from sales_assets.resources.manifests import Known
from sales_assets.resources.source_drops import list_all, look_at

WRITTEN_AT_ONCE = 100
"""Inspections that one transaction writes; a process that dies loses at most so many."""

Inspect = Callable[[SourceContract, Path, str], Inspection]


class Catalogue(RecordedDays):
    """The catalogue at a SQLAlchemy address."""

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
        self.look(contract, zone, inspect, settle_seconds, told)
        return self.known(contract)

    def look(
        self,
        contract: SourceContract,
        zone: LandingZone,
        inspect: Inspect,
        settle_seconds: float = 0.0,
        told: Collection[str] | None = None,
    ) -> None:
        """What `refresh` does, without loading what is known of all drops."""
        # One time for all drops of this pass: of two that came together none came later.
        now = time.time_ns()
        with self._engine.connect() as connection:
            seen = seen_drops(connection, contract, told)
        if told is None:
            listed, references = list_all(contract, zone, is_known=bool(seen))
        else:
            listed, references = look_at(contract, zone, {*told, *seen})
        gone = [seen[file].drop for file in sorted(seen.keys() - listed.keys())]
        due = [
            drop
            for file, drop in listed.items()
            if not (file in seen and seen[file].is_fresh and seen[file].drop == drop)
            and _rests(drop, settle_seconds)
        ]
        write_drops(self._engine, contract, gone, [])
        # Files are read outside of a transaction, which would keep other processes out meanwhile.
        for start in range(0, len(due), WRITTEN_AT_ONCE):
            read = [
                replace(
                    self._inspect(contract, zone, inspect, drop, references.get(drop.file)),
                    first_seen_ns=first_seen_ns(seen.get(drop.file), drop, now),
                )
                for drop in due[start : start + WRITTEN_AT_ONCE]
            ]
            write_drops(self._engine, contract, [], read)

    def known(self, contract: SourceContract) -> dict[str, Known]:
        """What is known of all drops of a source, by file."""
        with self._engine.connect() as connection:
            return {row.file: load_known(row) for row in drop_rows(connection, contract)}

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

    @cached_property
    def identity(self) -> str:
        """Which catalogue this is: the numbers of another one's changes mean nothing here."""
        with self._engine.connect() as connection:
            return str(connection.execute(sa.select(IDENTITY.c.id)).scalar_one())

    def changes_after(self, number: int) -> list[Change]:
        """The changes after a number, oldest first."""
        return changes_after(self._engine, number)

    def drop(self, contract: SourceContract, file: str) -> Known | None:
        """What is known of one drop."""
        with self._engine.connect() as connection:
            row = connection.execute(
                DROPS.select().where(DROPS.c.source == contract.name, DROPS.c.file == file)
            ).fetchone()
        return load_known(row) if row else None


def _rests(drop: Drop, settle_seconds: float) -> bool:
    """Whether a file has not changed for so long; one from the future says nothing by its time.

    Nor does one with an ETag: it is complete, and its time is of another clock than ours.
    """
    if drop.etag:
        return True
    age = time.time_ns() - drop.modified_ns
    return not 0 <= age < settle_seconds * 1e9
