"""Landing a file: what `sales-assets land` does.

Belongs here: looking at a file before it is copied into the landing zone. Does not: the zone
itself (`resources.landing_zone`), or reading the file's lines (`contracts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sales_assets.contracts.days import Overlap
from sales_assets.contracts.inspection import inspect, sha256_of
from sales_assets.contracts.load import load_contracts
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.reference_files import reading
from sales_assets.errors import UsageError
from sales_assets.planning import find_contract
from sales_assets.resources.build import build_landing_zone, build_resources
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.landing_zone import LandingZone, target
from sales_assets.resources.manifests import manifests
from sales_assets.resources.staging_area import StagingArea
from sales_assets.settings import Settings


@dataclass(frozen=True)
class Landed:
    """Where a file lies now, and whether anything had to be copied."""

    file: str
    changed: bool


def land_file(settings: Settings, file: Path, source: str) -> Landed:
    """Copy a file into a source's folder of the landing zone, complete or not at all.

    A file that is there already is copied again, as the newest, if another one supersedes it.
    Raises UsageError for an unknown source or a missing file, and DropError for a file that
    cannot be what the contract describes; nothing is copied then.
    """
    contract = find_contract(load_contracts([settings.contracts_folder]), source)
    if not file.exists():
        raise UsageError(f"{file}: there is no such file")
    if not file.is_file():
        raise UsageError(f"{file}: is a folder; name the files in it")
    zone = build_landing_zone(settings)
    contract = _described(contract, file.name)
    there = zone.stat(target(contract.path, file.name))
    found = inspect(contract, file, str(file))
    if there is not None:
        with zone.local(there) as path:
            same = sha256_of(path) == found.sha256
        if same and not _is_superseded(settings, contract, zone, there.file):
            return Landed(there.file, changed=False)
    return Landed(zone.put(file, contract.path).file, changed=True)


def _described(contract: SourceContract, name: str) -> SourceContract:
    """What describes a file of this name: the contract, or one of its references.

    A reference in the folder of the drops goes before them; one in another folder takes only
    names that no drop has.
    """
    file, drops = PurePosixPath(name), PurePosixPath(contract.path)
    for reference in contract.references:
        path = PurePosixPath(reference.path)
        if file.match(path.name) and (path.parent == drops.parent or not file.match(drops.name)):
            return reading(contract, reference)
    return contract


def _is_superseded(
    settings: Settings, contract: SourceContract, zone: LandingZone, file: str
) -> bool:
    """Whether a drop does not count for all of its days, and would if it were the newest."""
    if contract.overlap is not Overlap.LATEST or contract.reference is not None:
        return False
    resources = build_resources(settings)
    catalogue: Catalogue = resources["catalogue"]
    area: StagingArea = resources["staging_area"]
    known = catalogue.refresh(contract, zone, area.inspect)
    found, by_day = known[file].inspection, manifests(contract, known)
    days = found.days if found is not None else ()
    return any(file not in {entry.file for entry in by_day.get(day, ())} for day in days)
