"""Contexts of requests that are made before Dagster asks for them.

To make one may mean a look at the storages (`census`), or waiting for somebody else's. Dagster's
asynchronous endpoints make theirs on the event loop, where everybody would wait meanwhile.

Belongs here: a mixin for the webserver's class. Does not: which endpoints need it (`endpoints`,
`subscriptions`).
"""

from __future__ import annotations

from typing import Any

from dagster_webserver.webserver import DagsterWebserver
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from typing_extensions import override

_MADE = "sales_assets.context"


class ContextsAhead(DagsterWebserver):  # type: ignore[type-arg]
    """Makes the next context of a connection in a thread; a mixin for the webserver's class."""

    async def make_ahead(self, connection: HTTPConnection) -> None:
        """Make the context that Dagster's endpoint asks for right after."""
        made = await run_in_threadpool(super()._make_request_context, connection)
        connection.scope[_MADE] = made

    @override
    def _make_request_context(self, conn: HTTPConnection) -> Any:
        made = conn.scope.pop(_MADE, None)  # once: the one after has the rights of its own time
        return super()._make_request_context(conn) if made is None else made
