"""Tags that a caller gives: those that Dagster or the platform reads are not theirs to choose.

Belongs here: which tags may be given, and who is noted as the one who launches. Does not: tags of
the code itself, or stamping the team in the queue.

Dagster's UI sends more than people typed: the tags of the job, of the partition, and on executing
again all visible ones of the run before. Hence a reserved tag may repeat what the job or that run
has, and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.selector import JobSelector
from dagster._core.storage import tags as known

from sales_assets.platform.context import TeamRequestContext
from sales_assets.platform.refusals import RefusedError
from sales_assets.platform.touched import Arguments

TEAM_TAG = "team"
WHO = frozenset({known.USER_TAG, TEAM_TAG})
"""Set by the platform; what a caller gives is dropped if it is true, else refused."""
RESERVED = (known.SYSTEM_TAG_PREFIX, known.HIDDEN_TAG_PREFIX, "dagster-", "ecs/")
"""Beginnings of tags that Dagster, its launchers and executors read: queues, pods, images."""
FREE = frozenset(
    {
        *(known.RETRY_STRATEGY_TAG, known.RETRY_ON_ASSET_OR_OP_FAILURE_TAG),
        *(known.MAX_RUNTIME_SECONDS_TAG, known.RUN_ISOLATION_TAG),
        *(known.PARTITION_NAME_TAG, known.PARTITION_SET_TAG),
        *(known.ASSET_PARTITION_RANGE_START_TAG, known.ASSET_PARTITION_RANGE_END_TAG),
        *(known.PARENT_RUN_ID_TAG, known.ROOT_RUN_ID_TAG),  # whose runs: see `touched`
        *(known.RESUME_RETRY_TAG, known.ASSET_RESUME_RETRY_TAG),
        *(known.STEP_SELECTION_TAG, known.OP_SELECTION_TAG),
        *(known.SENSOR_NAME_TAG, known.SCHEDULE_NAME_TAG),  # a tried tick that is launched
        *("dagster/from_ui", "dagster/preset_name"),
    }
)
"""Those of the reserved ones that the UI sends, or lets people give."""
NO_BACKFILLS = frozenset(
    {
        *(known.SENSOR_NAME_TAG, known.SCHEDULE_NAME_TAG),
        *(known.PARENT_RUN_ID_TAG, known.ROOT_RUN_ID_TAG),
    }
)
"""Those of the free ones that are for one run at a time."""
HIGHEST = {known.PRIORITY_TAG: 10, known.MAX_RETRIES_TAG: 10}
"""Numbers that may be given up to here, and down to their negative."""


def launched(context: TeamRequestContext, arguments: Arguments) -> Arguments:
    """The arguments of a launch with the tags that it may have."""
    return {**arguments, "executionParams": _launch(context, arguments["executionParams"])}


def several_launched(context: TeamRequestContext, arguments: Arguments) -> Arguments:
    """The arguments of several launches with the tags that they may have."""
    all_of_them = [_launch(context, params) for params in arguments["executionParamsList"]]
    return {**arguments, "executionParamsList": all_of_them}


def reexecuted(context: TeamRequestContext, arguments: Arguments) -> Arguments:
    """The arguments of a run that is executed again with the tags that it may have."""
    if arguments.get("executionParams"):
        return launched(context, arguments)
    params = arguments.get("reexecutionParams")
    if not params:
        return arguments
    parent = context.instance.get_run_by_id(params["parentRunId"])
    where = _location(parent)
    tags = checked(context, params.get("extraTags") or (), where, parent.tags if parent else {})
    return {**arguments, "reexecutionParams": {**params, "extraTags": tags}}


def checked(
    context: TeamRequestContext,
    tags: Iterable[Mapping[str, Any]],
    location: str | None,
    *before: Mapping[str, str],
) -> list[dict[str, str]]:
    """The tags, with who launches; `before` are those that may be repeated.

    Raises RefusedError for one that may not be given.
    """
    who = {**context.get_viewer_tags()}
    team = context.access.teams.team_of_location(location) if location else None
    if team:
        who[TEAM_TAG] = team
    kept = {}
    for tag in tags:
        key, value = tag["key"], tag["value"]
        repeats = value == who.get(key) or any(value == old.get(key) for old in before)
        if not repeats:
            _allowed(key, value)
        if key not in WHO and not key.startswith(known.HIDDEN_TAG_PREFIX):
            kept[key] = value
    return [{"key": key, "value": value} for key, value in {**kept, **who}.items()]


def of_a_backfill(tags: Iterable[Mapping[str, Any]]) -> None:
    """Raise RefusedError for a tag that one run may have, and the runs of a backfill may not.

    That a sensor or schedule has asked, as when a tried tick is launched: the queue would take the
    runs for the tick's own, and not for the person's. That a run comes from another one: Dagster
    says so itself of what it executes again, and the UI sends no such tag with a backfill. All the
    runs would stand in the other one's group, which may be another team's, and use up its retries.
    """
    for tag in tags:
        if tag["key"] in NO_BACKFILLS:
            raise RefusedError(f"The tag {tag['key']} is not for backfills; leave it out.")


def _allowed(key: str, value: str) -> None:
    if key in WHO:
        raise RefusedError(f"The tag {key} says who launches, and is set for you; leave it out.")
    if key in HIGHEST:
        highest = HIGHEST[key]
        if not re.fullmatch(r"-?[0-9]{1,3}", value) or abs(int(value)) > highest:
            raise RefusedError(f"The tag {key} may be a number from -{highest} to {highest}.")
        return
    partition = key.startswith(known.MULTIDIMENSIONAL_PARTITION_PREFIX)
    if key.startswith(RESERVED) and key not in FREE and not partition:
        raise RefusedError(f"The tag {key} is Dagster's own, and not to be given; leave it out.")


def _launch(context: TeamRequestContext, params: Mapping[str, Any]) -> dict[str, Any]:
    metadata = params.get("executionMetadata") or {}
    if metadata.get("runId"):
        raise RefusedError("The id of a run is made for you; leave runId out.")
    selector = params["selector"]
    where = selector["repositoryLocationName"]
    before = [_tags_of_job(context, selector)]
    parent_id = metadata.get("parentRunId")
    parent = context.instance.get_run_by_id(parent_id) if parent_id else None
    if parent and _location(parent) == where:
        before.append(parent.tags)
    tags = checked(context, metadata.get("tags") or (), where, *before)
    return {**params, "executionMetadata": {**metadata, "tags": tags}}


def _tags_of_job(context: TeamRequestContext, selector: Mapping[str, Any]) -> Mapping[str, str]:
    job = JobSelector(
        location_name=selector["repositoryLocationName"],
        repository_name=selector["repositoryName"],
        job_name=selector.get("pipelineName") or selector.get("jobName") or "",
    )
    return context.get_full_job(job).tags if context.has_job(job) else {}


def _location(run: dg.DagsterRun | None) -> str | None:
    origin = run.remote_job_origin if run else None
    return origin.location_name if origin else None
