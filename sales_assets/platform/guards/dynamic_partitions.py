"""Dynamic partitions belong to a name, not to a code location: who shares it must agree.

Belongs here: which locations use a name. Does not: who may edit those of a location
(`permissions`).
"""

from __future__ import annotations

from collections.abc import Iterator

from dagster._core.definitions.partitions.snap import (
    DynamicPartitionsSnap,
    MultiPartitionsSnap,
    PartitionsSnap,
)
from dagster._core.remote_representation.code_location import CodeLocation

from sales_assets.platform.context import TeamRequestContext
from sales_assets.platform.refusals import RefusedError
from sales_assets.platform.roles import Role
from sales_assets.platform.touched import Arguments


def of_one_location(context: TeamRequestContext, arguments: Arguments) -> Arguments:
    """The arguments, if the name is used, and only where the person may edit.

    Raises RefusedError otherwise: for a name that a hidden location uses as well, the same as for
    one that is not there.
    """
    name = arguments["partitionsDefName"]
    own = arguments["repositorySelector"]["repositoryLocationName"]
    users = {
        where
        for where, entry in context.everything.code_location_entries.items()
        if entry.code_location is not None and _uses(entry.code_location, name)
    }
    foreign = {where for where in users if not context.access.may(Role.EDITOR, where)}
    if own not in users or not all(context.access.sees(where) for where in foreign):
        raise RefusedError(
            f"The code location {own} has no dynamic partitions {name} that you may edit; name "
            "others it has, or ask an administrator."
        )
    if foreign:
        raise RefusedError(
            f"The dynamic partitions {name} are shared with a code location that is not yours to "
            "edit; ask an administrator, or give yours another name."
        )
    return arguments


def _uses(location: CodeLocation, name: str) -> bool:
    for repository in location.get_repositories().values():
        snaps = [node.partitions for node in repository.repository_snap.asset_nodes]
        snaps += [one.partitions for one in repository.repository_snap.partition_sets]
        if any(name == used for snap in snaps if snap for used in _names(snap)):
            return True
    return False


def _names(snap: PartitionsSnap) -> Iterator[str | None]:
    if isinstance(snap, DynamicPartitionsSnap):
        yield snap.name
    elif isinstance(snap, MultiPartitionsSnap):
        for dimension in snap.partition_dimensions:
            yield from _names(dimension.partitions)
