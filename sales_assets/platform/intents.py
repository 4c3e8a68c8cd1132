"""What the audit log is told of a request.

Belongs here: from who asks and what it is about to an entry, and the entry of what is refused at
once. Does not: what something is about (`touched`), or keeping entries (`audit`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from sales_assets.platform.audit.concluding import conclude
from sales_assets.platform.audit.entries import Auditor, Intent, Outcome
from sales_assets.platform.touched import Arguments, Touched

if TYPE_CHECKING:  # the context tells of what it refuses itself
    from sales_assets.platform.code_calls import GuardedCodeCalls

_log = logging.getLogger("sales_assets")


def intent(
    context: GuardedCodeCalls, operation: str, found: Touched, arguments: Arguments
) -> Intent:
    """What the audit log is told before it is done."""
    access = context.access
    named = {access.teams.team_of_location(where) for where in found.locations if where}
    teams = sorted(team for team in named if team)
    source = context.source
    state = source.state if isinstance(source, HTTPConnection) else None
    return Intent(
        user=access.person.name,
        team=",".join(teams) or None,
        address=getattr(state, "address", ""),
        request_id=getattr(state, "request_id", ""),
        operation=operation,
        target=found.target,
        arguments=arguments,
    )


def tell_denied(
    auditor: Auditor, context: GuardedCodeCalls, operation: str, found: Touched, reason: str
) -> None:
    """Tell of what is refused at once; refused it is, also if this cannot be told."""
    try:
        number = auditor.intend(intent(context, operation, found, {}))
    except Exception:  # noqa: BLE001 (it is logged, and opens nothing)
        _log.exception("The audit log does not take that %s was denied", operation)
        return
    conclude(auditor, number, Outcome.DENIED, reason)
