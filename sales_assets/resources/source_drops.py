"""The drops of a source and the files that they refer to, as the landing zone has them now.

Belongs here: asking the zone for what a contract describes. Does not: the zone (`landing_zone`),
or what was known of drops before (`catalogue`).
"""

from __future__ import annotations

from collections.abc import Iterable

from sales_assets.contracts.model import Reference, SourceContract
from sales_assets.errors import TransientError
from sales_assets.resources.landing_zone import Drop, LandingZone, is_drop


def list_all(
    contract: SourceContract, zone: LandingZone, *, is_known: bool
) -> tuple[dict[str, Drop], dict[str, Reference]]:
    """All drops of a source and the files that they refer to; which of them are such files.

    Raises TransientError if drops were known and their folder is away.
    """
    listed = {drop.file: drop for drop in zone.list(contract.path)}
    if is_known and not listed and zone.is_away(contract.path):
        raise TransientError(
            f"{contract.name}: the folder of its drops ({contract.path}) is not in the landing "
            f"zone ({zone.address}), which held some before; mount it again or, if they are to go, "
            "make it an empty folder"
        )
    references: dict[str, Reference] = {}
    for reference in contract.references:
        found = {drop.file: drop for drop in zone.list(reference.path)}
        references |= dict.fromkeys(found, reference)
        listed |= found
    return listed, references


def look_at(
    contract: SourceContract, zone: LandingZone, files: Iterable[str]
) -> tuple[dict[str, Drop], dict[str, Reference]]:
    """Those of some files that are there and the contract takes, as `list_all` gives them."""
    taken: dict[str, Reference | None] = {}
    for file in sorted(files):
        if is_drop(file, contract.path):
            taken[file] = None
        for reference in contract.references:
            if is_drop(file, reference.path):
                taken[file] = reference
    listed = {drop.file: drop for drop in zone.look(list(taken))}
    return listed, {file: of for file, of in taken.items() if of is not None}
