"""What of a backfill is refused.

Belongs here: options of backfills that reach beyond their code location, or bind the webserver.
Does not: whose backfill it is (`touched`), or its tags (`tags`).
"""

from __future__ import annotations

from dagster._core.execution.plan.resume_retry import ReexecutionStrategy
from dagster._core.remote_representation.code_location import CodeLocation

from sales_assets.platform.context import TeamRequestContext
from sales_assets.platform.guards.tags import checked, of_a_backfill
from sales_assets.platform.refusals import RefusedError
from sales_assets.platform.touched import Arguments


def launched(context: TeamRequestContext, arguments: Arguments) -> Arguments:
    """The arguments of a new backfill with the tags that it may have."""
    params = arguments["backfillParams"]
    if params.get("forceSynchronousSubmission"):
        raise RefusedError("forceSynchronousSubmission holds the webserver up; leave it out.")
    of_a_backfill(params.get("tags") or ())
    selector = params.get("selector")
    where = None
    if selector is not None:
        where = selector["repositorySelector"]["repositoryLocationName"]
        if params.get("fromFailure") or params.get("reexecutionSteps"):
            _alone(context, selector["partitionSetName"], where)
    tags = checked(context, params.get("tags") or (), where)
    return {**arguments, "backfillParams": {**params, "tags": tags}}


def again(context: TeamRequestContext, arguments: Arguments) -> Arguments:
    """The arguments of a backfill that is executed again."""
    params = arguments.get("reexecutionParams") or {}
    of_a_backfill(params.get("extraTags") or ())
    found = context.instance.get_backfill(params.get("parentRunId", ""))
    from_failure = (
        "strategy" in params
        and ReexecutionStrategy(params["strategy"]) is not ReexecutionStrategy.ALL_STEPS
    )
    if found and found.partition_set_origin and (from_failure or found.reexecution_steps):
        selector = found.partition_set_origin.selector
        _alone(context, selector.partition_set_name, selector.location_name)
    return arguments


def _alone(context: TeamRequestContext, partition_set: str, where: str) -> None:
    """Refuse if another location has such a partition set.

    Dagster looks for the run that failed by the names of job and partition set alone, so that it
    would go on from another team's run and read what that one has stored. If that location is not
    to be seen, the answer is the one for a partition set that is not there.
    """
    users = {
        name
        for name, entry in context.everything.code_location_entries.items()
        if entry.code_location is not None and _has(entry.code_location, partition_set)
    }
    others = users - {where}
    if any(context.access.sees(other) for other in others):
        raise RefusedError(
            "A backfill from failure finds its runs by the name of the job, and another "
            "code location has a job of this name; execute all steps, or rename the job."
        )
    if others or where not in users:
        raise RefusedError(
            f"The code location {where} has no partition set {partition_set} that can go on from "
            "failure; execute all steps, or name another one."
        )


def _has(location: CodeLocation, partition_set: str) -> bool:
    return any(
        one.name == partition_set
        for repository in location.get_repositories().values()
        for one in repository.get_partition_sets()
    )
