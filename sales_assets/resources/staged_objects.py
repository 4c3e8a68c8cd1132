"""Staged objects: two Parquet files for each day of each source, named by fingerprint.

Belongs here: their keys, and putting a new version in the place of an old one. Does not: moving
bytes (`object_store`), or what is in the files (`contracts.staging`).

The fingerprint in the key makes an object's content a function of its key: a rerun finds what is
there already, and a reader never sees a version that it did not ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.parquet import StagedDay
from sales_assets.resources.catalogue_days import StagedCounts
from sales_assets.resources.object_store import ObjectStore

ACCEPTED = "accepted"
REJECTED = "rejected"


def day_prefix(contract: SourceContract, kind: str, day: date | None = None) -> str:
    """Where a source's objects of one kind lie, for one day or all."""
    prefix = f"{kind}/{contract.team}/{contract.source}/"
    return prefix if day is None else f"{prefix}{day.isoformat()}/"


def staged_key(contract: SourceContract, kind: str, day: date, fingerprint: str) -> str:
    """The key of one staged object."""
    return f"{day_prefix(contract, kind, day)}{fingerprint}.parquet"


def staged_keys(store: ObjectStore, contract: SourceContract) -> set[str]:
    """The keys of all staged objects of a source."""
    kinds = (ACCEPTED, REJECTED)
    return {key for kind in kinds for key in store.find(day_prefix(contract, kind))}


def save_days(
    store: ObjectStore,
    contract: SourceContract,
    fingerprints: Mapping[date, str],
    days: Iterable[StagedDay],
) -> dict[date, StagedCounts]:
    """Put the files of some days in place and say what they hold."""
    saved: dict[date, StagedCounts] = {}
    files = []
    for staged in days:
        fingerprint = fingerprints[staged.day]
        saved[staged.day] = StagedCounts(
            fingerprint,
            staged.accepted,
            staged.rejected,
            staged.amount,
            staged.net_amount,
            staged.figures,
            staged.preview,
        )
        for kind, path in ((ACCEPTED, staged.accepted_file), (REJECTED, staged.rejected_file)):
            if path is not None:
                files.append((path, staged_key(contract, kind, staged.day, fingerprint)))
    store.put(files)
    return saved


def expected_keys(contract: SourceContract, day: date, staged: StagedCounts) -> set[str]:
    """The keys that a day's objects have; a day without lines of a kind has no object of it."""
    counts = ((ACCEPTED, staged.accepted), (REJECTED, staged.rejected))
    return {staged_key(contract, kind, day, staged.fingerprint) for kind, n in counts if n}
