"""Which of Dagster's operations a role covers.

Belongs here: each of Dagster's permissions with the role that it needs, and what a person is told
who lacks it. Does not: who has which role (`access`), or mutations (`mutations`).
"""

from __future__ import annotations

from collections.abc import Mapping

from dagster._core.workspace.permissions import (
    LOCATION_SCOPED_PERMISSIONS,
    PermissionResult,
    Permissions,
)

from sales_assets.platform.access import Access
from sales_assets.platform.roles import Role

ROLES: Mapping[Permissions, Role] = {
    Permissions.LAUNCH_PIPELINE_EXECUTION: Role.LAUNCHER,
    Permissions.LAUNCH_PIPELINE_REEXECUTION: Role.LAUNCHER,
    Permissions.TERMINATE_PIPELINE_EXECUTION: Role.LAUNCHER,
    Permissions.LAUNCH_PARTITION_BACKFILL: Role.LAUNCHER,
    Permissions.CANCEL_PARTITION_BACKFILL: Role.LAUNCHER,
    Permissions.START_SCHEDULE: Role.EDITOR,
    Permissions.STOP_RUNNING_SCHEDULE: Role.EDITOR,
    Permissions.SCHEDULE_DRY_RUN: Role.EDITOR,
    Permissions.EDIT_SENSOR: Role.EDITOR,
    Permissions.SENSOR_DRY_RUN: Role.EDITOR,
    Permissions.UPDATE_SENSOR_CURSOR: Role.EDITOR,
    Permissions.EDIT_DYNAMIC_PARTITIONS: Role.EDITOR,
    Permissions.REPORT_RUNLESS_ASSET_EVENTS: Role.EDITOR,
    Permissions.RELOAD_REPOSITORY_LOCATION: Role.EDITOR,
    Permissions.REFRESH_COMPONENT_STATE: Role.EDITOR,
    Permissions.DELETE_PIPELINE_RUN: Role.ADMIN,
    Permissions.WIPE_ASSETS: Role.ADMIN,
}
"""Those that a role for a code location gives."""
INSTALLATION = frozenset(
    {
        Permissions.RELOAD_WORKSPACE,
        Permissions.TOGGLE_AUTO_MATERIALIZE,
        Permissions.EDIT_CONCURRENCY_LIMIT,
    }
)
"""Those that act on all teams at once: for the installation's administrators."""
NOBODY = frozenset({Permissions.EDIT_APP_MANAGED_COMPONENTS})
"""Those that open-source Dagster gives nobody: it writes code into a running location."""

_YES = PermissionResult(enabled=True, disabled_reason=None)
_NOT_HERE = PermissionResult(
    enabled=False, disabled_reason="This installation does not offer it to anybody."
)


def global_permissions(access: Access) -> dict[str, PermissionResult]:
    """What a person may do everywhere; for all but the installation's administrators nothing.

    Dagster lets a global permission stand for that of every location, also of unknown ones.
    """
    return {str(permission): _everywhere(permission, access) for permission in Permissions}


def location_permissions(access: Access, location: str) -> dict[str, PermissionResult]:
    """What a person may do to one code location."""
    return {
        str(permission): _at(permission, access, location)
        for permission in LOCATION_SCOPED_PERMISSIONS
    }


def _everywhere(permission: Permissions, access: Access) -> PermissionResult:
    if permission not in ROLES and permission not in INSTALLATION:
        return _NOT_HERE
    if access.is_admin:
        return _YES
    if permission in INSTALLATION:
        reason = "You need to be an administrator of the installation."
    else:
        reason = f"You need the role {ROLES[permission]} of the team that it belongs to."
    return PermissionResult(enabled=False, disabled_reason=reason)


def _at(permission: Permissions, access: Access, location: str) -> PermissionResult:
    role = ROLES.get(permission)
    if role is None:
        return _everywhere(permission, access)
    if access.may(role, location):
        return _YES
    return PermissionResult(enabled=False, disabled_reason=lacking(access, role, location))


def lacking(access: Access, role: Role, location: str) -> str:
    """What a person is told who has too low a role for a code location.

    One who may not see the location is told the same as if there were none.
    """
    own = access.role(location)
    team = access.teams.team_of_location(location)
    if own is None:
        return f"There is no code location {location} that you may see."
    if team is None:
        return f"The code location {location} is of no team; only administrators may do this."
    return f"You need the role {role} of the team {team}; you have the role {own}."
