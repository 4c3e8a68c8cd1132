"""A query for each field that the webserver answers, built from its schema.

Belongs here: the arguments of each field, and the selection of all that it can answer. Does not:
any expectation.
"""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLField,
    GraphQLSchema,
    get_named_type,
    is_interface_type,
    is_leaf_type,
    is_object_type,
    is_required_argument,
    is_union_type,
)

from sales_assets_tests.platform.scoping.world import (
    BACKFILL_LOG,
    EVALUATION,
    REPOSITORY,
    History,
)

DEPTH = 3
_ARGUMENTS_BELOW = {
    "limit": "20",
    "view": "ROOTS",
    "eventType": "MATERIALIZATION",
    "fileKey": '"none"',
}
"""Required arguments of fields below the first."""
_GIVEN = {
    "DaemonHealth.daemonStatus": 'daemonType: "SENSOR"',
    "SolidHandle.stepStats": "limit: 5",
}
"""Arguments of fields that cannot be answered without, whatever the schema says."""
_FAILING = frozenset(
    {
        "AssetMaterializationPlannedEvent.pipelineName",
        "AssetNode.dataVersionByPartition",
        "Graph.solids",
        "InstigationEventConnection.cursor",
        "PartitionBackfill.partitionsTargetedForAssetKey",
        "Pipeline.partitionKeysOrError",
    }
)
"""Fields that fail for everybody, here, and would make nothing of all around them."""


def arguments(history: History) -> dict[str, list[str]]:
    """The arguments of each field of Query, with the ids of a team: one text for each question."""
    team = history.team
    where = f'repositoryLocationName: "{team}", repositoryName: "{REPOSITORY}"'
    repository = f"repositorySelector: {{{where}}}"
    load = f'{{{where}, pipelineName: "load"}}'
    sensor = f'{{{where}, sensorName: "watch"}}'
    schedule = f'{{{where}, scheduleName: "nightly"}}'
    key = f'assetKey: {{path: ["{team}", "orders"]}}'
    totals = f'assetKey: {{path: ["{team}", "totals"]}}'
    keys = (
        f'assetKeys: [{{path: ["{team}", "orders"]}}, {{path: ["{team}", "by_region"]}}, '
        f'{{path: ["{team}", "totals"]}}, {{path: ["{team}", "pooled"]}}]'
    )
    run = f'runId: "{history.runs[1]}"'
    run_filter = f'filter: {{runIds: ["{history.runs[0]}", "{history.runs[1]}"]}}'
    tags = f'filter: {{tags: [{{key: "dagster/code_location", value: "{team}"}}]}}'
    log_keys = [history.log_key, history.tick_log_key, ("backfill", history.backfill, BACKFILL_LOG)]
    logs = ["logKey: [" + ", ".join(f'"{part}"' for part in one) + "]" for one in log_keys]
    after = f'cursor: "{history.runs[1]}"'
    nothing = [""]
    return {
        "version": nothing,
        "repositoriesOrError": ["", repository],
        "repositoryOrError": [repository],
        "workspaceOrError": nothing,
        "locationStatusesOrError": nothing,
        "workspaceLocationEntryOrError": [f'name: "{team}"'],
        "pipelineOrError": [f"params: {load}"],
        "resourcesOrError": [f"pipelineSelector: {load}"],
        "pipelineSnapshotOrError": [
            f'snapshotId: "{history.snapshot}"',
            f"activePipelineSelector: {load}",
        ],
        "graphOrError": [f'selector: {{{where}, graphName: "load"}}'],
        "scheduler": nothing,
        "scheduleOrError": [f"scheduleSelector: {schedule}"],
        "schedulesOrError": [repository],
        "topLevelResourceDetailsOrError": [
            f'resourceSelector: {{{where}, resourceName: "store_of_{team}"}}'
        ],
        "allTopLevelResourceDetailsOrError": [repository],
        "utilizedEnvVarsOrError": [repository],
        "sensorOrError": [f"sensorSelector: {sensor}"],
        "sensorsOrError": [repository],
        "instigationStateOrError": [
            f'instigationSelector: {{{where}, name: "watch"}}',
            f'instigationSelector: {{{where}, name: "watch"}}, id: "{history.sensor}"',
            f'instigationSelector: {{{where}, name: "nightly"}}, id: "{history.schedule}"',
        ],
        "instigationStatesOrError": [f'repositoryID: "{history.repository}"'],
        "partitionSetsOrError": [f'{repository}, pipelineName: "load"'],
        "partitionSetOrError": [f'{repository}, partitionSetName: "load_partition_set"'],
        "pipelineRunsOrError": ["", run_filter, tags, f"{after}, limit: 5"],
        "pipelineRunOrError": [run],
        "runsOrError": ["", run_filter, tags, f"{after}, limit: 5", "limit: 1"],
        "runOrError": [run],
        "runsFeedOrError": [
            "limit: 10, view: ROOTS",
            "limit: 10, view: RUNS",
            "limit: 10, view: BACKFILLS",
            f"limit: 10, view: RUNS, {tags}",
        ],
        "runsFeedCountOrError": ["view: ROOTS", "view: RUNS", f"view: RUNS, {tags}"],
        "runTagKeysOrError": nothing,
        "runTagsOrError": [
            'tagKeys: ["dagster/code_location", "purpose", ".dagster/repository"]',
            f'tagKeys: ["purpose"], valuePrefix: "of_{team[:2]}"',
        ],
        "runIdsOrError": ["", run_filter, f"{after}, limit: 5"],
        "runGroupOrError": [run],
        "isPipelineConfigValid": [f'pipeline: {load}, mode: "default", runConfigData: "{{}}"'],
        "executionPlanOrError": [f'pipeline: {load}, mode: "default", runConfigData: "{{}}"'],
        "runConfigSchemaOrError": [f"selector: {load}"],
        "instance": nothing,
        "assetsOrError": ["", f'prefix: ["{team}"]', keys],
        "assetRecordsOrError": ["", f'prefix: ["{team}"]', "limit: 2"],
        "assetOrError": [key, totals],
        "assetNodes": [keys, "", f'group: {{groupName: "default", {where}}}', f"pipeline: {load}"],
        "assetNodeOrError": [key, totals],
        "assetNodeAdditionalRequiredKeys": [f"assetKeys: [{{{key.removeprefix('assetKey: {')}]"],
        "assetNodeDefinitionCollisions": [f"assetKeys: [{{{key.removeprefix('assetKey: {')}]"],
        "partitionBackfillOrError": [f'backfillId: "{history.backfill}"'],
        "assetBackfillPreview": [
            'params: {partitionNames: ["2026-01-03"], assetSelection: '
            f'[{{path: ["{team}", "orders"]}}]}}'
        ],
        "partitionBackfillsOrError": ["", f'cursor: "{history.backfill}"', "limit: 1"],
        "permissions": nothing,
        "canBulkTerminate": nothing,
        "assetsLatestInfo": [keys],
        "logsForRun": [run],
        "capturedLogsMetadata": logs,
        "capturedLogs": logs,
        "shouldShowNux": nothing,
        "test": [],
        "autoMaterializeAssetEvaluationsOrError": [f"{totals}, limit: 5"],
        "truePartitionsForAutomationConditionEvaluationNode": [
            f'{totals}, evaluationId: "{EVALUATION}", nodeUniqueId: "x"'
        ],
        "autoMaterializeEvaluationsForEvaluationId": [f"evaluationId: {EVALUATION}"],
        "assetConditionEvaluationForPartition": [
            f'{totals}, evaluationId: "{EVALUATION}", partition: "x"'
        ],
        "assetConditionEvaluationRecordsOrError": [f"{totals}, limit: 5"],
        "assetConditionEvaluationsForEvaluationId": [f'evaluationId: "{EVALUATION}"'],
        "autoMaterializeTicks": nothing,
        "assetCheckExecutions": [
            f'{key}, checkName: "plausible", limit: 5',
            'assetKey: {path: ["alpha", "orders"]}, limit: 5, ' + f'checkName: "seen_by_{team}"',
        ],
        "latestDefsStateInfo": nothing,
        "appManagedComponentsForLocationOrError": [f'locationName: "{team}"'],
        "componentsForLocationOrError": [f'locationName: "{team}"'],
        "componentTypesForLocationOrError": [f'locationName: "{team}"'],
    }


def questions(schema: GraphQLSchema, history: History) -> list[tuple[str, str]]:
    """The name of each field of Query and a query for all that it can answer, for one team."""
    assert schema.query_type is not None
    table = arguments(history)
    return [
        (name, f"{{ {name}{f'({given})' if given else ''} {_selection(field, DEPTH)} }}")
        for name, field in schema.query_type.fields.items()
        for given in table[name]
    ]


def _selection(field: GraphQLField, depth: int) -> str:
    return _of_type(get_named_type(field.type), depth)


def _of_type(kind: Any, depth: int) -> str:
    if is_leaf_type(kind):
        return ""
    if is_union_type(kind):
        parts = [f"... on {one.name} {_of_type(one, depth)}" for one in kind.types]
        return "{ __typename " + " ".join(parts) + " }"
    assert is_object_type(kind) or is_interface_type(kind)
    parts = ["__typename"]
    for name, field in kind.fields.items():
        below = get_named_type(field.type)
        if f"{kind.name}.{name}" in _FAILING or (not is_leaf_type(below) and depth <= 1):
            continue
        needed = [arg for arg, one in field.args.items() if is_required_argument(one)]
        if any(arg not in _ARGUMENTS_BELOW for arg in needed):
            continue
        given = _GIVEN.get(f"{kind.name}.{name}") or ", ".join(
            f"{arg}: {_ARGUMENTS_BELOW[arg]}" for arg in needed
        )
        alias = f"{kind.name}_{name}: {name}"
        parts.append(f"{alias}{f'({given})' if given else ''} {_of_type(below, depth - 1)}")
    return "{ " + " ".join(parts) + " }"
