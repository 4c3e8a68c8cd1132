"""Who signs in how, and what each may do: written down by hand, from what the roles promise.

Belongs here: the persons and the tables of their rights. Does not: asking a server, or anything
that `sales_assets.platform` itself decides by: both would be wrong together.
"""

from __future__ import annotations

from dataclasses import dataclass

VIEWER, LAUNCHER, EDITOR, ADMIN = 1, 2, 3, 4


@dataclass(frozen=True)
class Who:
    """Somebody who asks; `way` is how they sign in, `has` their role for each code location."""

    name: str
    way: str
    alpha: int = VIEWER
    beta: int = VIEWER
    gamma: int = 0
    runs_all: bool = False
    groups: tuple[str, ...] = ()

    def role(self, location: str) -> int:
        """Zero for what is not to be seen."""
        return int(getattr(self, location))

    @property
    def is_in(self) -> bool:
        return self.way != "nothing"


PERSONS = {
    one.name.partition("@")[0]: one
    for one in (
        Who("root@example.com", "token", ADMIN, ADMIN, ADMIN, runs_all=True),
        Who("anna@example.com", "token", alpha=ADMIN),
        Who("edith@example.com", "jwt", alpha=EDITOR),
        Who("ida@example.com", "proxy", alpha=EDITOR, groups=("alpha_engineers",)),
        Who("lars@example.com", "proxy", alpha=LAUNCHER),
        Who("vera@example.com", "jwt"),
        Who("boris@example.com", "session", beta=ADMIN),
        Who("bella@example.com", "proxy", beta=EDITOR),
        Who("gustav@example.com", "jwt", gamma=ADMIN),
        Who("greta@example.com", "session", gamma=VIEWER),
        Who("olaf@example.com", "proxy"),
        Who("machine:alpha_ci", "token", alpha=EDITOR),
        Who("anonymous", "nothing", 0, 0, 0),
    )
}
ROOT, OLAF, ANONYMOUS = PERSONS["root"], PERSONS["olaf"], PERSONS["anonymous"]

LOWEST = {
    LAUNCHER: [
        "launchPipelineExecution",
        "launchRun",
        "launchMultipleRuns",
        "launchPipelineReexecution",
        "launchRunReexecution",
        "terminatePipelineExecution",
        "terminateRun",
        "terminateRuns",
        "launchPartitionBackfill",
        "resumePartitionBackfill",
        "reexecutePartitionBackfill",
        "cancelPartitionBackfill",
    ],
    EDITOR: [
        "startSchedule",
        "stopRunningSchedule",
        "resetSchedule",
        "scheduleDryRun",
        "startSensor",
        "stopSensor",
        "resetSensor",
        "setSensorCursor",
        "sensorDryRun",
        "addDynamicPartition",
        "deleteDynamicPartitions",
        "reportRunlessAssetEvents",
        "reportAssetCheckEvaluations",
        "reloadRepositoryLocation",
        "refreshComponentState",
    ],
    ADMIN: ["deletePipelineRun", "deleteRun", "wipeAssets", "shutdownRepositoryLocation"],
}
"""Launchers start and end runs and backfills; editors steer, report and reload; admins delete."""
OF_INSTALLATION = [
    "reloadWorkspace",
    "setAutoMaterializePaused",
    "setConcurrencyLimit",
    "deleteConcurrencyLimit",
    "freeConcurrencySlots",
    "freeConcurrencySlotsForRun",
]
"""What touches all teams at once."""
OF_NOBODY = ["setAppManagedComponent", "deleteAppManagedComponent"]
OF_EVERYBODY = ["setNuxSeen", "logTelemetry"]
ALL = [
    *(name for names in LOWEST.values() for name in names),
    *OF_INSTALLATION,
    *OF_NOBODY,
    *OF_EVERYBODY,
]


def may(who: Who, name: str, location: str) -> bool:
    """Whether a person may do a mutation to a code location."""
    if not who.is_in or name in OF_NOBODY:
        return False
    if name in OF_EVERYBODY or who.runs_all:
        return True
    return any(name in names and who.role(location) >= role for role, names in LOWEST.items())
