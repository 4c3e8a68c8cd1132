"""Mutations with roles and the audit log: a layer around each resolver of the schema.

Belongs here: the order in which a mutation is told, checked, done and concluded. Does not: what
is checked (`mutations`). Queries have no layer, and so cost nothing more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from graphene import Schema
from graphql import GraphQLResolveInfo

from sales_assets.platform.audit.concluding import conclude
from sales_assets.platform.audit.entries import Auditor, Outcome
from sales_assets.platform.context import TeamRequestContext
from sales_assets.platform.intents import intent
from sales_assets.platform.mutations import MUTATIONS, Kind, Mutation, authorise
from sales_assets.platform.outcomes import outcome_of
from sales_assets.platform.refusals import RefusedError, answer
from sales_assets.platform.refusals import error as graphql_error
from sales_assets.platform.touched import Arguments, Touched

_log = logging.getLogger("sales_assets")
_UNKNOWN = Mutation(Kind.NOBODY)
"""What Dagster has added since: refused until somebody has looked at it."""
_UNTOLD = "The audit log cannot be written, so nothing is changed; tell an administrator."
Resolver = Callable[..., Any]


def wrap_mutations(schema: Schema, auditor: Auditor) -> Schema:
    """The schema, in which every mutation is checked and told."""
    root = schema.graphql_schema.mutation_type
    assert root is not None
    for name, field in root.fields.items():
        assert field.resolve is not None
        field.resolve = _wrapped(name, field.resolve, auditor)
    return schema


def _wrapped(name: str, resolver: Resolver, auditor: Auditor) -> Resolver:
    mutation = MUTATIONS.get(name, _UNKNOWN)

    async def open_to_all(root: object, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        return await _finished(resolver(root, info, **arguments))

    async def resolve(root: object, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        context = info.context
        assert isinstance(context, TeamRequestContext)
        found, refusal = _touched(mutation, context, arguments)
        try:
            number = auditor.intend(intent(context, name, found, arguments))
        except Exception as failure:  # whatever it is, nothing is done that is not told
            _log.exception("The audit log does not take %s; it is refused.", name)
            raise graphql_error(info, _UNTOLD, 503) from failure
        outcome, detail = Outcome.FAILED, ""
        try:
            if refusal is not None:
                raise refusal
            authorise(context, mutation, found)
            given = mutation.guard(context, arguments) if mutation.guard else arguments
            done = await _finished(resolver(root, info, **given))
            outcome, detail = outcome_of(done)
            return done
        except RefusedError as error:
            outcome, detail = Outcome.DENIED, str(error)
            return answer(info, str(error))
        except BaseException as error:
            detail = type(error).__name__
            raise
        finally:
            conclude(auditor, number, outcome, detail)

    return open_to_all if mutation.kind is Kind.OPEN else resolve


async def _finished(result: Any) -> Any:
    return await result if isawaitable(result) else result


def _touched(
    mutation: Mutation, context: TeamRequestContext, arguments: Arguments
) -> tuple[Touched, RefusedError | None]:
    try:
        return mutation.touches(context, arguments), None
    except RefusedError as refusal:
        return Touched("refused", frozenset({None})), refusal
