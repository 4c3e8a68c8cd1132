"""Who a statement in a shared warehouse is sent for: QUERY_TAG, as JSON.

Belongs here: the tag of what this process does. Does not: sending it (`snowflake_account`, and
the macro `set_query_tag` of the dbt project).
"""

from __future__ import annotations

import json

import dagster as dg
from dagster._core.execution.context.compute import current_execution_context

VARIABLE = "SALES_ASSETS_QUERY_TAG"
"""The environment variable in which dbt finds the tag of its step."""
ANALYTICS = "analytics"
"""The team of what belongs to no source: rates, models, report."""


def query_tag() -> str:
    """The tag of what is sent now: app and, in a run, team, source, run, step and asset.

    JSON with sorted keys, as QUERY_HISTORY can be grouped by.
    """
    parts = {"app": "sales_assets"}
    context = current_execution_context.get()
    if context is not None:
        parts["run"] = context.run.run_id
        parts["step"] = context.get_step_execution_context().step.key
        keys = sorted(_assets(context))
        if keys:
            parts["asset"] = keys[-1].to_user_string()
            parts["team"] = ANALYTICS
        if keys and len(keys[-1].path) == 3:
            parts["team"], parts["source"], _ = keys[-1].path
    return json.dumps(parts, sort_keys=True)


def _assets(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> set[dg.AssetKey]:
    """The assets that a step makes or checks."""
    if isinstance(context, dg.AssetCheckExecutionContext):
        return {check.asset_key for check in context.selected_asset_check_keys}
    if not context.has_assets_def:
        return set()
    return {*context.selected_asset_keys}
