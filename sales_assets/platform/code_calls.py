"""Questions that a code server answers by running a team's code: not for everybody who may look.

Dagster's queries compute run configurations and tags of partitions, execution plans and subsets of
jobs, with what the caller gives. All of them go through the context of the request, so the role is
asked for there, whatever field of GraphQL it was.

Belongs here: which of the context's questions take a role, and how a refusal is answered and told.
Does not: trying a sensor or schedule, which passes the context by (`guards.dry_runs`); the names of
partitions and notebooks, which pages are made of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from dagster import AssetKey, DagsterInstance
from dagster._core.definitions.selector import JobSubsetSelector, RepositorySelector
from dagster._core.execution.plan.state import KnownExecutionState
from dagster._core.remote_representation.external import RemoteExecutionPlan, RemoteJob
from dagster._core.remote_representation.external_data import (
    PartitionConfigSnap,
    PartitionExecutionErrorSnap,
    PartitionSetExecutionParamSnap,
    PartitionTagsSnap,
)
from dagster._core.remote_representation.handle import RepositoryHandle
from dagster._core.workspace.context import WorkspaceRequestContext
from dagster_graphql.implementation.utils import UserFacingGraphQLError
from dagster_graphql.schema.errors import GraphenePythonError
from dagster_shared.error import SerializableErrorInfo
from typing_extensions import override

from sales_assets.platform.access import Access
from sales_assets.platform.audit.entries import Auditor
from sales_assets.platform.intents import tell_denied
from sales_assets.platform.permissions import lacking
from sales_assets.platform.roles import Role
from sales_assets.platform.touched import named

ROLE = Role.LAUNCHER
"""Who may launch gets the same computed by launching; the launchpad asks before that."""


class CodeRefusedError(UserFacingGraphQLError):
    """A team's code is not run for this person.

    Fields answer it as an error of theirs, with the rest of the page and HTTP 200 as usual.
    """

    def __init__(self, message: str) -> None:
        info = SerializableErrorInfo(message, [], "Unauthorized")
        super().__init__(GraphenePythonError(info))  # type: ignore[no-untyped-call]
        self._message = message

    def __str__(self) -> str:
        return self._message


class GuardedCodeCalls(WorkspaceRequestContext):
    """The context of a request, with a role for each question that runs code."""

    access: Access
    auditor: Auditor
    _told: set[tuple[str, str | None]]

    def code_refusal(
        self, question: str, kind: str, location: str, name: str, role: Role = ROLE
    ) -> str | None:
        """Why the person may not have code run that something of a location is made of, or None.

        The same for what is hidden or missing. The audit log is told, once for each question and
        team in a request: a page asks for many partitions at a time, and nobody may fill the log.
        """
        if self.access.may(role, location):
            return None
        why = lacking(self.access, role, location)
        asked = question, self.access.teams.team_of_location(location)
        if asked not in self._told:
            self._told.add(asked)
            found = named(kind, [f"{location}/{name}"], [location])
            tell_denied(self.auditor, self, f"query {question}", found, why)
        return why

    def _may_run_code(self, question: str, kind: str, location: str, name: str) -> None:
        """Raise CodeRefusedError if the person may not."""
        if why := self.code_refusal(question, kind, location, name):
            raise CodeRefusedError(why)

    @override
    async def gen_job(self, selector: JobSubsetSelector) -> RemoteJob:
        if selector.is_subset_selection:
            self._may_run_code("subset", "job", selector.location_name, selector.job_name)
        return await super().gen_job(selector)

    @override
    def get_execution_plan(
        self,
        remote_job: RemoteJob,
        run_config: Mapping[str, object],
        step_keys_to_execute: Sequence[str] | None,
        known_state: KnownExecutionState | None,
    ) -> RemoteExecutionPlan:
        self._may_run_code("plan", "job", remote_job.handle.location_name, remote_job.name)
        return super().get_execution_plan(remote_job, run_config, step_keys_to_execute, known_state)

    @override
    async def gen_execution_plan(
        self,
        remote_job: RemoteJob,
        run_config: Mapping[str, object],
        step_keys_to_execute: Sequence[str] | None,
        known_state: KnownExecutionState | None,
    ) -> RemoteExecutionPlan:
        self._may_run_code("plan", "job", remote_job.handle.location_name, remote_job.name)
        return await super().gen_execution_plan(
            remote_job, run_config, step_keys_to_execute, known_state
        )

    @override
    def get_partition_config(
        self,
        repository_handle: RepositoryHandle,
        job_name: str,
        partition_name: str,
        instance: DagsterInstance,
    ) -> PartitionConfigSnap | PartitionExecutionErrorSnap:
        self._may_run_code("config", "job", repository_handle.location_name, job_name)
        return super().get_partition_config(repository_handle, job_name, partition_name, instance)

    @override
    def get_partition_tags(
        self,
        repository_selector: RepositorySelector,
        job_name: str,
        partition_name: str,
        instance: DagsterInstance,
        selected_asset_keys: AbstractSet[AssetKey] | None,
    ) -> PartitionTagsSnap | PartitionExecutionErrorSnap:
        self._may_run_code("tags", "job", repository_selector.location_name, job_name)
        return super().get_partition_tags(
            repository_selector, job_name, partition_name, instance, selected_asset_keys
        )

    @override
    def get_partition_set_execution_param_data(
        self,
        repository_handle: RepositoryHandle,
        partition_set_name: str,
        partition_names: Sequence[str],
        instance: DagsterInstance,
    ) -> PartitionSetExecutionParamSnap | PartitionExecutionErrorSnap:
        location = repository_handle.location_name
        self._may_run_code("partitions", "partition-set", location, partition_set_name)
        return super().get_partition_set_execution_param_data(
            repository_handle, partition_set_name, partition_names, instance
        )
