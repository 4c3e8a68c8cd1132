"""The webserver for many teams as an installation's settings say: its parts, put together.

Belongs here: which sign-in, audit log and numbers there are. Does not: any of them, or running
the server (`serving`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from sales_assets.metrics.page import MetricsPage
from sales_assets.metrics.reaching import observed
from sales_assets.platform.audit.opening import open_audit_log
from sales_assets.platform.context import TeamProcessContext
from sales_assets.platform.serving import Parts
from sales_assets.platform.signing_in.build import SigningIn
from sales_assets.platform.teams_file import TeamsFile
from sales_assets.settings import Settings


@contextmanager
def assembled(settings: Settings, teams: TeamsFile) -> Iterator[Parts]:
    """The parts, open while the block lasts.

    Raises UsageError if nobody could sign in, and PermanentError if the audit log's key is another.
    """
    log = open_audit_log(settings)
    try:
        signing_in = SigningIn.of(settings, teams, log)
        try:
            yield Parts(
                auditor=log,
                middleware=signing_in.middleware,
                routes=signing_in.routes,
                uvicorn_options=signing_in.uvicorn_options,
                numbers=partial(_numbers, settings),
            )
        finally:
            signing_in.close()
    finally:
        log.close()


def _numbers(settings: Settings, process: TeamProcessContext) -> MetricsPage:
    return MetricsPage(observed(settings, process, process.teams))
