"""A small webserver that knows who asks by a header, for tests of what each person sees.

Belongs here: starting and ending it, and asking it. Does not: sign-in, roles or any expectation.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from starlette.authentication import AuthCredentials, AuthenticationBackend
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection

from sales_assets.platform.access import Access
from sales_assets.platform.people import Person
from sales_assets.platform.scoping.endpoints import ScopedEndpoints
from sales_assets.platform.scoping.scoped import scoped
from sales_assets.platform.scoping.subscriptions import ScopedSubscriptions
from sales_assets.platform.teams import Teams

ADMIN = "root@example.com"
MEMBER = "gustav@example.com"
OUTSIDER = "olaf@example.com"


class Header(AuthenticationBackend):
    """Who somebody is stands in a header."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, Person]:
        return AuthCredentials(), Person(conn.headers["x-person"])


class TeamProcessContext(WorkspaceProcessContext):
    """The code locations, and for each request what its person sees of them."""

    teams: Teams

    def create_request_context(self, source: Any = None) -> WorkspaceRequestContext:
        if source is None:
            return super().create_request_context()
        access = Access(self.teams, source.user)
        instance, workspace = scoped(self.instance, self.get_current_workspace(), access)
        return WorkspaceRequestContext(
            instance=instance,
            current_workspace=workspace,
            process_context=self,
            version=self.version,
            source=source,
            read_only=False,
        )


class Webserver(ScopedEndpoints, ScopedSubscriptions):
    """Dagster's webserver, scoped."""

    def build_middleware(self) -> list[Middleware]:
        return [Middleware(AuthenticationMiddleware, backend=Header())]


@contextmanager
def serving(context: TeamProcessContext) -> Iterator[str]:
    """The address of a webserver on loopback, which ends with the block."""
    app = Webserver(context).create_asgi_app()
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="websockets-sansio"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the webserver did not start")
            thread.join(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


class Client:
    """Somebody who asks."""

    def __init__(self, address: str, person: str) -> None:
        self.http = httpx.Client(
            base_url=address, headers={"x-person": person}, timeout=60, follow_redirects=False
        )

    def ask(self, query: str, **variables: object) -> str:
        """The answer to a GraphQL query, as the bytes say it."""
        return self.http.post("/graphql", json={"query": query, "variables": variables}).text

    def data(self, query: str, **variables: object) -> Any:
        """The data of an answer without errors."""
        answer = self.http.post("/graphql", json={"query": query, "variables": variables}).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]
