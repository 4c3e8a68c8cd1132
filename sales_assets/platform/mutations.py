"""Every mutation of Dagster: whose it is, what it touches, and what else is looked at.

Belongs here: the classification. Does not: doing it (`wrapping`), or the checks themselves
(`touched`, `guards`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sales_assets.platform import touched
from sales_assets.platform.context import TeamRequestContext
from sales_assets.platform.guards import backfills, dynamic_partitions, instigators, tags
from sales_assets.platform.permissions import lacking
from sales_assets.platform.refusals import RefusedError
from sales_assets.platform.roles import Role
from sales_assets.platform.touched import Arguments, Touched

Touches = Callable[[TeamRequestContext, Arguments], Touched]
Guard = Callable[[TeamRequestContext, Arguments], Arguments]


class Kind(StrEnum):
    """For whom a mutation is."""

    LOCATION = "location"
    """For those with a role for each code location that it touches."""
    INSTALLATION = "installation"
    """For the installation's administrators."""
    OPEN = "open"
    """For everybody who has signed in: it changes nothing of anybody's."""
    NOBODY = "nobody"
    """For nobody, as in open-source Dagster."""


@dataclass(frozen=True)
class Mutation:
    """What is known of a mutation; `role` is the lowest one, where roles decide.

    `guard` raises RefusedError, or gives the arguments with which the mutation is done.
    """

    kind: Kind
    touches: Touches = touched.nothing
    role: Role | None = None
    guard: Guard | None = None


def _launcher(touches: Touches, guard: Guard | None = None) -> Mutation:
    return Mutation(Kind.LOCATION, touches, Role.LAUNCHER, guard)


def _editor(touches: Touches, guard: Guard | None = None) -> Mutation:
    return Mutation(Kind.LOCATION, touches, Role.EDITOR, guard)


def _admin(touches: Touches) -> Mutation:
    return Mutation(Kind.LOCATION, touches, Role.ADMIN)


_launch = _launcher(touched.launch, tags.launched)
_reexecute = _launcher(touched.reexecution, tags.reexecuted)

MUTATIONS: Mapping[str, Mutation] = {
    "launchPipelineExecution": _launch,
    "launchRun": _launch,
    "launchMultipleRuns": _launcher(touched.launches, tags.several_launched),
    "launchPipelineReexecution": _reexecute,
    "launchRunReexecution": _reexecute,
    "terminatePipelineExecution": _launcher(touched.run),
    "terminateRun": _launcher(touched.run),
    "terminateRuns": _launcher(touched.runs),
    "launchPartitionBackfill": _launcher(touched.new_backfill, backfills.launched),
    "resumePartitionBackfill": _launcher(touched.backfill),
    "reexecutePartitionBackfill": _launcher(touched.backfill_again, backfills.again),
    "cancelPartitionBackfill": _launcher(touched.backfill),
    "startSchedule": _editor(touched.selected("schedule", "schedule_selector")),
    "stopRunningSchedule": _editor(
        instigators.stopped(
            "schedule", instigators.schedules, "schedule_origin_id", "schedule_selector_id"
        ),
        instigators.with_current_origin(
            instigators.schedules, "schedule_origin_id", "schedule_selector_id"
        ),
    ),
    "resetSchedule": _editor(touched.selected("schedule", "schedule_selector")),
    "scheduleDryRun": _editor(touched.selected("schedule", "selector_data")),
    "startSensor": _editor(touched.selected("sensor", "sensor_selector")),
    "stopSensor": _editor(
        instigators.stopped("sensor", instigators.sensors, "job_origin_id", "job_selector_id"),
        instigators.with_current_origin(instigators.sensors, "job_origin_id", "job_selector_id"),
    ),
    "resetSensor": _editor(touched.selected("sensor", "sensor_selector")),
    "setSensorCursor": _editor(touched.selected("sensor", "sensor_selector")),
    "sensorDryRun": _editor(touched.selected("sensor", "selector_data")),
    "addDynamicPartition": _editor(touched.repository, dynamic_partitions.of_one_location),
    "deleteDynamicPartitions": _editor(touched.repository, dynamic_partitions.of_one_location),
    "reportRunlessAssetEvents": _editor(touched.reported),
    "reportAssetCheckEvaluations": _editor(touched.checked),
    "reloadRepositoryLocation": _editor(touched.location),
    "refreshComponentState": _editor(touched.location),
    # Dagster asks for no more than the right to reload; nothing starts the server again.
    "shutdownRepositoryLocation": _admin(touched.location),
    "deletePipelineRun": _admin(touched.run),
    "deleteRun": _admin(touched.run),
    "wipeAssets": _admin(touched.wiped),
    "reloadWorkspace": Mutation(Kind.INSTALLATION),
    "setAutoMaterializePaused": Mutation(Kind.INSTALLATION),
    "setConcurrencyLimit": Mutation(Kind.INSTALLATION, touched.pool),
    "deleteConcurrencyLimit": Mutation(Kind.INSTALLATION, touched.pool),
    "freeConcurrencySlots": Mutation(Kind.INSTALLATION, touched.run_of_installation),
    "freeConcurrencySlotsForRun": Mutation(Kind.INSTALLATION, touched.run_of_installation),
    "setAppManagedComponent": Mutation(Kind.NOBODY, touched.location),
    "deleteAppManagedComponent": Mutation(Kind.NOBODY, touched.location),
    "setNuxSeen": Mutation(Kind.OPEN),
    "logTelemetry": Mutation(Kind.OPEN),
}


def authorise(context: TeamRequestContext, mutation: Mutation, found: Touched) -> None:
    """Raise RefusedError if the person may not do this to all that it touches.

    Dagster asks as well; this asks for everything that the arguments name, by whatever id.
    """
    access = context.access
    if mutation.kind is Kind.OPEN:
        return
    if mutation.kind is Kind.NOBODY:
        raise RefusedError("This installation does not offer it to anybody.")
    if access.is_admin:
        return
    if mutation.role is None:
        raise RefusedError("You need to be an administrator of the installation.")
    for where in sorted(found.locations, key=str):
        if where is None or not access.sees(where):
            raise RefusedError(
                f"There is no {found.target.partition(':')[0]} of this name or id that you may "
                f"change; it takes the role {mutation.role} of its team."
            )
        if not access.may(mutation.role, where):
            raise RefusedError(lacking(access, mutation.role, where))
