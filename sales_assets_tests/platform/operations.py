"""Each of Dagster's mutations, with arguments that are right for a code location of `small`.

Belongs here: documents, arguments, and whether an answer says that somebody may not. Does not: any
expectation of who may. Every function makes what its mutation needs (a run, a backfill) itself.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import dagster as dg
from dagster._core.execution.backfill import BulkActionStatus
from dagster._core.remote_representation.handle import CompoundID
from dagster_graphql.schema import create_schema
from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type

REPOSITORY = "__repository__"
Ask = Callable[[str, dict[str, Any]], dict[str, Any]]
"""From a document and its variables to the field `data` of the answer."""


@dataclass(frozen=True)
class Place:
    """A code location, and how an administrator of the installation makes things in it."""

    location: str
    ask: Ask
    instance: dg.DagsterInstance

    @property
    def repository(self) -> dict[str, str]:
        return {"repositoryName": REPOSITORY, "repositoryLocationName": self.location}

    def key(self, name: str = "orders") -> dict[str, list[str]]:
        return {"path": [self.location, name]}

    def job(self, **more: Any) -> dict[str, Any]:
        """The parameters of a launch of the job `load`."""
        return {"selector": {**self.repository, "jobName": "load"}, **more}

    def run(self) -> str:
        """The id of a run that waits in the queue."""
        answer = self.ask(document("launchRun"), {"executionParams": self.job()})["launchRun"]
        return str(answer["run"]["runId"])

    def backfill(self) -> str:
        """The id of a backfill that was asked for."""
        name = "launchPartitionBackfill"
        return str(self.ask(document(name), new_backfill(self))[name]["backfillId"])

    def ended_backfill(self) -> str:
        """The id of one that was cancelled."""
        backfill_id = self.backfill()
        found = self.instance.get_backfill(backfill_id)
        assert found is not None
        cancelled = found.with_status(BulkActionStatus.CANCELED)  # type: ignore[no-untyped-call]
        self.instance.update_backfill(cancelled)
        return backfill_id

    def sensor(self) -> dict[str, str]:
        return {**self.repository, "sensorName": "watch"}

    def schedule(self) -> dict[str, str]:
        return {**self.repository, "scheduleName": "nightly"}

    def sensor_ids(self) -> tuple[str, str]:
        """The origin id and the selector id of the sensor."""
        answer = self.ask(_SENSOR, {"selector": self.sensor()})["sensorOrError"]["sensorState"]
        return _ids(answer)

    def schedule_ids(self) -> tuple[str, str]:
        """The origin id and the selector id of the schedule."""
        answer = self.ask(_SCHEDULE, {"selector": self.schedule()})["scheduleOrError"]
        return _ids(answer["scheduleState"])


def compound(origin_id: str, selector_id: str) -> str:
    """Both ids in one, as the UI sends them."""
    return CompoundID(remote_origin_id=origin_id, selector_id=selector_id).to_string()


def _ids(state: dict[str, str]) -> tuple[str, str]:
    both = CompoundID.from_string(state["id"])
    assert both.selector_id == state["selectorId"]
    return both.remote_origin_id, both.selector_id


_SENSOR = """query S($selector: SensorSelector!) {
  sensorOrError(sensorSelector: $selector) { ... on Sensor { sensorState { id selectorId } } } }"""
_SCHEDULE = """query S($selector: ScheduleSelector!) { scheduleOrError(scheduleSelector: $selector)
  { ... on Schedule { scheduleState { id selectorId } } } }"""


def new_backfill(place: Place) -> dict[str, Any]:
    return {"backfillParams": {"assetSelection": [place.key()], "partitionNames": ["2026-01-01"]}}


def _reported(place: Place) -> dict[str, Any]:
    return {"eventParams": {"eventType": "ASSET_MATERIALIZATION", "assetKey": place.key("totals")}}


def _checked(place: Place) -> dict[str, Any]:
    check = {"assetKey": place.key(), "checkName": "plausible", "passed": True}
    return {"eventParams": {**check, "serializedMetadata": json.dumps({"seen": "by hand"})}}


def _again(place: Place) -> dict[str, Any]:
    return {"reexecutionParams": {"parentRunId": place.run(), "strategy": "ALL_STEPS"}}


def _stopped_sensor(place: Place) -> dict[str, Any]:
    return {"id": compound(*place.sensor_ids())}


def _stopped_schedule(place: Place) -> dict[str, Any]:
    return {"id": compound(*place.schedule_ids())}


def _dynamic(place: Place) -> dict[str, Any]:
    return {
        "repositorySelector": place.repository,
        "partitionsDefName": f"{place.location}_regions",
    }


def _backfill_again(place: Place) -> dict[str, Any]:
    return {"reexecutionParams": {"parentRunId": place.ended_backfill(), "strategy": "ALL_STEPS"}}


def _component(place: Place) -> dict[str, Any]:
    return {"locationName": place.location, "componentId": "tills"}


Arguments = Callable[[Place], dict[str, Any]]
ARGUMENTS: dict[str, Arguments] = {
    "launchPipelineExecution": lambda place: {"executionParams": place.job()},
    "launchRun": lambda place: {"executionParams": place.job()},
    "launchMultipleRuns": lambda place: {"executionParamsList": [place.job(), place.job()]},
    "launchPipelineReexecution": _again,
    "launchRunReexecution": _again,
    "terminatePipelineExecution": lambda place: {"runId": place.run()},
    "terminateRun": lambda place: {"runId": place.run()},
    "terminateRuns": lambda place: {"runIds": [place.run(), place.run()]},
    "deletePipelineRun": lambda place: {"runId": place.run()},
    "deleteRun": lambda place: {"runId": place.run()},
    "launchPartitionBackfill": new_backfill,
    "resumePartitionBackfill": lambda place: {"backfillId": place.backfill()},
    "reexecutePartitionBackfill": _backfill_again,
    "cancelPartitionBackfill": lambda place: {"backfillId": place.backfill()},
    "startSchedule": lambda place: {"scheduleSelector": place.schedule()},
    "stopRunningSchedule": _stopped_schedule,
    "resetSchedule": lambda place: {"scheduleSelector": place.schedule()},
    "scheduleDryRun": lambda place: {"selectorData": place.schedule(), "timestamp": 1767236400.0},
    "startSensor": lambda place: {"sensorSelector": place.sensor()},
    "stopSensor": _stopped_sensor,
    "resetSensor": lambda place: {"sensorSelector": place.sensor()},
    "setSensorCursor": lambda place: {"sensorSelector": place.sensor(), "cursor": "7"},
    "sensorDryRun": lambda place: {"selectorData": place.sensor(), "cursor": "7"},
    "addDynamicPartition": lambda place: {**_dynamic(place), "partitionKey": uuid.uuid4().hex},
    "deleteDynamicPartitions": lambda place: {**_dynamic(place), "partitionKeys": ["north"]},
    "reportRunlessAssetEvents": _reported,
    "reportAssetCheckEvaluations": _checked,
    "wipeAssets": lambda place: {"assetPartitionRanges": [{"assetKey": place.key("totals")}]},
    "reloadRepositoryLocation": lambda place: {"repositoryLocationName": place.location},
    "shutdownRepositoryLocation": lambda place: {"repositoryLocationName": place.location},
    "refreshComponentState": lambda place: {
        "locationName": place.location,
        "defsStateKey": "none",
    },
    "setAppManagedComponent": lambda place: {
        **_component(place),
        "componentType": "small.Tills",
        "attributes": "{}",
    },
    "deleteAppManagedComponent": _component,
    "reloadWorkspace": lambda _: {},
    "setAutoMaterializePaused": lambda _: {"paused": False},
    "setConcurrencyLimit": lambda place: {"concurrencyKey": place.location, "limit": 2},
    "deleteConcurrencyLimit": lambda place: {"concurrencyKey": place.location},
    "freeConcurrencySlots": lambda place: {"runId": place.run()},
    "freeConcurrencySlotsForRun": lambda place: {"runId": place.run()},
    "setNuxSeen": lambda _: {},
    "logTelemetry": lambda _: {
        "action": "looked",
        "clientTime": "1767236400",
        "clientId": "a page",
        "metadata": "{}",
    },
}
"""For each mutation valid arguments for a code location."""

WITHOUT_SUCCESS = frozenset(
    {"shutdownRepositoryLocation", "refreshComponentState"}
    | {"setAppManagedComponent", "deleteAppManagedComponent"}
)
"""Those that somebody who may gets an error for: code servers that the webserver has started
itself are not shut down by it, and `small` has no components."""

SLOW = frozenset({"reloadRepositoryLocation", "reloadWorkspace"})
"""Those that start code servers anew, where the person may."""

_FIELDS = {
    "LaunchRunSuccess": "run { runId }",
    "LaunchBackfillSuccess": "backfillId",
    "LaunchMultipleRunsResult": "launchMultipleRunsResult { __typename }",
    "TerminateRunsResult": "terminateRunResults { __typename }",
    "DryRunInstigationTick": "evaluationResult { error { message } }",
}


@cache
def _mutation_type() -> GraphQLObjectType:
    found = create_schema().graphql_schema.mutation_type
    assert isinstance(found, GraphQLObjectType)
    return found


def document(name: str, alias: str = "") -> str:
    """A document that does a mutation, with all its arguments as variables."""
    field = _mutation_type().fields[name]
    declared = ", ".join(f"${one}: {argument.type}" for one, argument in field.args.items())
    given = ", ".join(f"{one}: ${one}" for one in field.args)
    call = f"{name}({given})" if given else name
    head = f"mutation M({declared})" if declared else "mutation M"
    return f"{head} {{ {f'{alias}: ' if alias else ''}{call} {_selection(name)} }}"


def _selection(name: str) -> str:
    kind = get_named_type(_mutation_type().fields[name].type)
    if not isinstance(kind, GraphQLUnionType):
        return ""
    members = {one.name for one in kind.types}
    parts = [f"... on {one} {{ {fields} }}" for one, fields in _FIELDS.items() if one in members]
    return f"{{ __typename ... on Error {{ message }} {' '.join(parts)} }}"


def is_denied(answer: dict[str, Any]) -> bool:
    """Whether the whole answer to one mutation says that the person may not."""
    if any(error.get("extensions", {}).get("status") == 403 for error in answer.get("errors", [])):
        return True
    return any(
        isinstance(one, dict) and one.get("__typename") == "UnauthorizedError"
        for one in (answer.get("data") or {}).values()
    )
