"""Who asks, where Dagster looks for it: the context of a request, and that of the webserver.

Belongs here: answering Dagster's questions about permissions and people, and refusing code
locations that produce other teams' assets. Does not: the rights themselves (`permissions`), what
a mutation does besides (`mutations`), or hiding private teams (`scoping`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cached_property

import dagster as dg
from dagster._core.definitions.selector import JobSelector, ScheduleSelector, SensorSelector
from dagster._core.remote_origin import CodeLocationOrigin
from dagster._core.storage.tags import REPORTING_USER_TAG, USER_TAG
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import WorkspaceLoadTarget
from dagster._core.workspace.permissions import PermissionResult
from dagster._core.workspace.workspace import CodeLocationEntry, CurrentWorkspace
from dagster_shared.error import SerializableErrorInfo
from dagster_shared.record import replace

from sales_assets.errors import PermanentError
from sales_assets.platform.access import Access
from sales_assets.platform.audit.entries import Auditor
from sales_assets.platform.code_calls import GuardedCodeCalls
from sales_assets.platform.people import Person
from sales_assets.platform.permissions import global_permissions, location_permissions
from sales_assets.platform.prefixes import foreign_keys
from sales_assets.platform.scoping.scoped import scoped
from sales_assets.platform.teams import Teams

_log = logging.getLogger("sales_assets")


class NotSignedInError(PermanentError):
    """Nobody has signed in, and nothing here is for nobody."""


def person_of(source: object) -> Person:
    """Who has sent a request, as Starlette's AuthenticationMiddleware found.

    Raises NotSignedInError if nobody has signed in.
    """
    scope = getattr(source, "scope", None)
    user = scope.get("user") if isinstance(scope, Mapping) else None
    if not isinstance(user, Person):
        raise NotSignedInError("Nobody has signed in; sign in first.")
    return user


class TeamRequestContext(GuardedCodeCalls):
    """The context of one request of one person."""

    @classmethod
    def of(cls, process: TeamProcessContext, source: object, access: Access) -> TeamRequestContext:
        """The context of a request."""
        instance, workspace = scoped(process.instance, process.get_current_workspace(), access)
        context = cls(
            instance=instance,
            current_workspace=workspace,
            process_context=process,
            version=process.version,
            source=source,
            read_only=False,
        )
        context.access, context.auditor = access, process.auditor
        context._told = set()
        context._of_locations = {}
        return context

    _of_locations: dict[str, Mapping[str, PermissionResult]]

    @cached_property
    def _everywhere(self) -> Mapping[str, PermissionResult]:
        return global_permissions(self.access)

    @property
    def everything(self) -> CurrentWorkspace:
        """The whole workspace, also what the person may not see."""
        process = self.process_context
        assert isinstance(process, TeamProcessContext)
        return process.get_current_workspace()

    @property
    def permissions(self) -> Mapping[str, PermissionResult]:
        """What the person may do everywhere."""
        return self._everywhere

    def permissions_for_location(self, *, location_name: str) -> Mapping[str, PermissionResult]:
        """What the person may do to a code location."""
        known = self._of_locations.get(location_name)
        if known is None:
            known = self._of_locations[location_name] = location_permissions(
                self.access, location_name
            )
        return known

    def locations_of_key(self, key: dg.AssetKey) -> frozenset[str | None]:
        """The code locations whose matter an asset key is; None stands for the installation.

        That which the graph names and that of the team of the key's prefix: while a team's code
        does not load, another team's reference to its asset is all that the graph knows of it.
        """
        teams = self.access.teams
        team = teams.team_of_key(key.path[0]) if key.path else None
        found = {str(teams.teams[team].location)} if team is not None else set()
        if not self.asset_graph.has(key):
            return frozenset({None, *found})
        return frozenset({self.asset_graph.get_repository_handle(key).location_name, *found})

    def has_permission_for_selector(
        self,
        permission: str,
        selector: dg.AssetKey | dg.AssetCheckKey | JobSelector | ScheduleSelector | SensorSelector,
    ) -> bool:
        """Whether the person may do this to something; see `locations_of_key` for assets."""
        if not super().has_permission_for_selector(permission, selector):
            return False
        if not isinstance(selector, dg.AssetKey):
            return True
        return self.has_permission(permission) or all(
            location is not None
            and self.permissions_for_location(location_name=location)[permission].enabled
            for location in self.locations_of_key(selector)
        )

    @property
    def person(self) -> Person:
        """Who asks; the run coordinator marks runs with the name."""
        return self.access.person

    @property
    def show_instance_config(self) -> bool:
        """Whether dagster.yaml is shown: names of servers and folders are no team's business."""
        return self.access.is_admin

    def get_viewer_tags(self) -> dict[str, str]:
        """What Dagster notes on backfills."""
        return {USER_TAG: self.access.person.name}

    def get_reporting_user_tags(self) -> dict[str, str]:
        """What Dagster notes on events without a run."""
        return {REPORTING_USER_TAG: self.access.person.name}

    def reload_code_location(self, name: str) -> WorkspaceRequestContext:
        """Reload a location; the context after it is the same person's."""
        self.process_context.reload_code_location(name)
        return self._again()

    def reload_workspace(self) -> WorkspaceRequestContext:
        """Reload all locations; the context after it is the same person's."""
        self.process_context.reload_workspace()
        return self._again()

    def _again(self) -> TeamRequestContext:
        context = self.process_context.create_request_context(self.source)
        assert isinstance(context, TeamRequestContext)
        return context


class TeamProcessContext(WorkspaceProcessContext):
    """The workspace of a webserver for many teams."""

    def __init__(
        self,
        instance: dg.DagsterInstance,
        workspace_load_target: WorkspaceLoadTarget,
        teams: Callable[[], Teams],
        auditor: Auditor,
        version: str = "",
    ) -> None:
        """`teams` tells the teams as they are now."""
        self.teams = teams
        self.auditor = auditor
        super().__init__(instance, workspace_load_target, version=version)

    def access_of(self, source: object) -> Access:
        """The rights of who has sent a request."""
        return Access(self.teams(), person_of(source))

    def create_request_context(self, source: object | None = None) -> TeamRequestContext:
        """The context of a request; raises NotSignedInError if nobody has signed in."""
        return TeamRequestContext.of(self, source, self.access_of(source))

    def _load_location(self, origin: CodeLocationOrigin, reload: bool) -> CodeLocationEntry:
        entry = super()._load_location(origin, reload)
        location = entry.code_location
        if location is None:
            return entry
        produced = [
            node.asset_key
            for repository in location.get_repositories().values()
            for node in repository.repository_snap.asset_nodes
            if node.is_executable
        ]
        foreign = foreign_keys(produced, location.name, self.teams())
        if not foreign:
            return entry
        location.cleanup()
        shown = ", ".join(key.to_user_string() for key in foreign[:10])
        message = (
            f"The code location {location.name} is not loaded: it produces {shown}"
            f"{' and more' if len(foreign) > 10 else ''}, which begin with no prefix of its team. "
            "Rename them, or give the team the prefix in teams.yaml."
        )
        _log.error(message)
        error = SerializableErrorInfo(message, [], "ForeignAssetKeys", cause=None)
        return replace(entry, code_location=None, load_error=error)
