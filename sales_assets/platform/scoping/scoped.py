"""The instance and the workspace as one person sees them, for one request.

Belongs here: whether anything is hidden from a person at all, and what they get. Does not: the
rules for each kind of thing (`sight`), or the rights (`access`).
"""

from __future__ import annotations

import logging
import threading
import weakref

from dagster import DagsterInstance
from dagster._core.workspace.workspace import CodeLocationEntry, CurrentWorkspace
from dagster_shared.error import SerializableErrorInfo
from dagster_shared.record import copy

from sales_assets.platform.access import Access
from sales_assets.platform.scoping.census import Held, census_of
from sales_assets.platform.scoping.foreign_names import keys_not_shown
from sales_assets.platform.scoping.instance import ScopedInstance
from sales_assets.platform.scoping.named import named_by
from sales_assets.platform.scoping.sight import Sight

_log = logging.getLogger("sales_assets")
_NOT_SHOWN = SerializableErrorInfo(
    "This code location names asset keys that it may not name. Its own team, or an administrator, "
    "finds them in the log of the webserver.",
    [],
    None,
)


def scoped(
    instance: DagsterInstance, workspace: CurrentWorkspace, access: Access
) -> tuple[DagsterInstance, CurrentWorkspace]:
    """What a person sees of an instance and its workspace.

    Args:
        instance: The instance of the whole installation.
        workspace: All its code locations, as they are at the beginning of the request.
        access: Who asks, and their rights.

    Returns:
        The same two objects if nothing is hidden from the person; else copies without it.
    """
    if access.is_admin:
        return instance, workspace
    shy = _not_shown(workspace, access)
    held = census_of(instance).held(instance)
    if not shy and not _hides(held, workspace, access):
        return instance, workspace
    seen = _only(workspace, frozenset(access.roles), shy)
    sight = Sight(access.teams, frozenset(access.roles) - shy, seen, instance)
    return ScopedInstance(instance, sight), seen


def sight_of(instance: DagsterInstance) -> Sight | None:
    """What the person sees for whom `scoped` made an instance; None for one who sees all."""
    return instance.sight if isinstance(instance, ScopedInstance) else None


def _hides(held: Held, workspace: CurrentWorkspace, access: Access) -> bool:
    """Whether there is anything that the person may not know of."""
    if access.hidden(held.locations | workspace.code_location_entries.keys()) or held.unknown:
        return True
    teams = access.teams
    if any(not access.sees(str(team.location)) for team in teams.teams.values()):
        return True
    return any(teams.team_of_key(part) is None for part in held.first_parts)


def _not_shown(workspace: CurrentWorkspace, access: Access) -> frozenset[str]:
    """Code locations that name keys of a team that is hidden from the person, unasked."""
    teams = access.teams
    if all(access.sees(str(team.location)) for team in teams.teams.values()):
        return frozenset()
    found = set()
    for name, entry in workspace.code_location_entries.items():
        if entry.code_location is None or not access.sees(name):
            continue
        keys = keys_not_shown(named_by(entry.code_location).keys, name, teams)
        hidden = [
            key for key, owner in keys.items() if not access.sees(str(teams.teams[owner].location))
        ]
        if hidden:
            found.add(name)
            _warn(entry, name, ", ".join(sorted(key.to_user_string() for key in hidden)))
    return frozenset(found)


_scoped: weakref.WeakKeyDictionary[
    CurrentWorkspace, dict[tuple[frozenset[str], frozenset[str]], CurrentWorkspace]
] = weakref.WeakKeyDictionary()
_warned: set[tuple[str, str]] = set()
_lock = threading.Lock()


def _only(
    workspace: CurrentWorkspace, locations: frozenset[str], shy: frozenset[str]
) -> CurrentWorkspace:
    """The workspace with these code locations alone, those of `shy` as if they had not loaded.

    Kept as long as the whole workspace is: its asset graph is dear to build.
    """
    entries = workspace.code_location_entries
    kept = frozenset(locations & entries.keys())
    with _lock:
        known = _scoped.setdefault(workspace, {})
        if (kept, shy) not in known:
            known[kept, shy] = CurrentWorkspace(
                {
                    name: _unloaded(entry) if name in shy else entry
                    for name, entry in entries.items()
                    if name in kept
                }
            )
        return known[kept, shy]


def _unloaded(entry: CodeLocationEntry) -> CodeLocationEntry:
    return copy(entry, code_location=None, load_error=_NOT_SHOWN, display_metadata={})


def _warn(entry: CodeLocationEntry, name: str, keys: str) -> None:
    with _lock:
        if (name, entry.version_key) in _warned:
            return
        _warned.add((name, entry.version_key))
    _log.warning(
        "The code location %s names %s of a private team and is hidden from whoever is not in that "
        "team; let the private team add shows_keys_to in teams.yaml, or remove the names",
        name,
        keys,
    )
