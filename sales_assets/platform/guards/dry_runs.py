"""Trying a sensor or schedule: a query does it as well as the mutation that asks for the right.

Belongs here: the one field of queries that asks a code server past the context of the request. Does
not: those that ask through it (`code_calls`), or the mutations (`mutations`).
"""

from __future__ import annotations

from typing import Any

from dagster._core.definitions.selector import SensorSelector
from dagster_graphql.schema.instigation import GrapheneDryRunInstigationTick
from graphene import Schema
from graphql import GraphQLObjectType, GraphQLResolveInfo

from sales_assets.platform.context import TeamRequestContext
from sales_assets.platform.refusals import error
from sales_assets.platform.roles import Role


def guard_dry_runs(schema: Schema) -> Schema:
    """The schema, in which the next tick of a sensor or schedule is tried by its editors alone."""
    tick = schema.graphql_schema.type_map["DryRunInstigationTick"]
    assert isinstance(tick, GraphQLObjectType)
    field = tick.fields["evaluationResult"]
    resolver = field.resolve
    assert resolver is not None

    def resolve(root: object, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        context = info.context
        assert isinstance(context, TeamRequestContext)
        assert isinstance(root, GrapheneDryRunInstigationTick)
        selector = root._selector
        if isinstance(selector, SensorSelector):
            kind, name = "sensor", selector.sensor_name
        else:
            kind, name = "schedule", selector.schedule_name
        why = context.code_refusal("tick", kind, selector.location_name, name, Role.EDITOR)
        if why is not None:
            raise error(info, why, 403)
        return resolver(root, info, **arguments)

    field.resolve = resolve
    return schema
