"""A refusal: what somebody asked for is not theirs to ask.

Belongs here: the exception, and how GraphQL answers it. Does not: deciding (`mutations`,
`guards`).
"""

from __future__ import annotations

from dagster_graphql.schema.errors import GrapheneUnauthorizedError
from graphql import GraphQLError, GraphQLResolveInfo, GraphQLUnionType, get_named_type

from sales_assets.errors import PermanentError


class RefusedError(PermanentError):
    """An operation is refused; the message is for the person, and names nothing hidden."""


def answer(info: GraphQLResolveInfo, message: str) -> GrapheneUnauthorizedError:
    """Dagster's own answer to one who may not, where the mutation's type has it.

    Raises GraphQLError where it has not: some answer with a bare Boolean.
    """
    kind = get_named_type(info.return_type)
    if isinstance(kind, GraphQLUnionType) and any(
        one.name == "UnauthorizedError" for one in kind.types
    ):
        return GrapheneUnauthorizedError(message=message)  # type: ignore[no-untyped-call]
    raise error(info, message, 403)


def error(info: GraphQLResolveInfo, message: str, status: int) -> GraphQLError:
    """An error of a field that answers the whole request with an HTTP status."""
    return GraphQLError(
        message,
        nodes=info.field_nodes,
        path=info.path.as_list(),
        extensions={"status": status},
    )
