"""How a mutation ended, by what it answered.

Belongs here: from Dagster's answers to the words of the audit log. Does not: keeping them.
"""

from __future__ import annotations

from typing import Any

from dagster_graphql.schema.errors import (
    GrapheneError,
    GraphenePythonError,
    GrapheneUnauthorizedError,
)
from graphene import ObjectType

from sales_assets.platform.audit.entries import Outcome

_LISTS = ("launchMultipleRunsResult", "terminateRunResults")
"""Fields of answers that hold one answer for each of several things."""
_REFUSALS = frozenset(
    {
        "RunConfigValidationInvalid",
        "TerminateRunFailure",
        "AppManagedComponentValidationError",
        "RefreshComponentStateError",
        "ReloadNotSupported",
        "RepositoryLocationNotFound",
    }
)
"""Answers that say no without being errors by their type."""
_WORST = (Outcome.FAILED, Outcome.DENIED, Outcome.REFUSED)


def outcome_of(answer: Any) -> tuple[Outcome, str]:
    """How it ended, and the name of the answer that says so, unless it succeeded.

    Of several answers the worst counts. The text of an answer is left out: it may hold values.
    """
    for field in _LISTS:
        several = getattr(answer, field, None)
        if isinstance(several, list):
            return _worst([outcome_of(one) for one in several])
    if isinstance(answer, GrapheneUnauthorizedError):
        return Outcome.DENIED, ""
    name = type(answer)._meta.name if isinstance(answer, ObjectType) else ""
    if isinstance(answer, GraphenePythonError):
        return Outcome.FAILED, name
    if name in _REFUSALS or (name and GrapheneError in type(answer)._meta.interfaces):
        return Outcome.REFUSED, name
    return Outcome.SUCCEEDED, ""


def _worst(several: list[tuple[Outcome, str]]) -> tuple[Outcome, str]:
    for outcome in _WORST:
        for one in several:
            if one[0] is outcome:
                return one
    return Outcome.SUCCEEDED, ""
