"""Dagster's webserver for many teams.

Belongs here: putting together what the other modules have: people, roles, guards, bounds. Does
not: any rule of its own beyond which methods and types GraphQL is asked by.

GraphiQL is not served: it is a page of inline scripts, and any client of GraphQL does its work.
"""

from __future__ import annotations

from asyncio import Task, run
from collections.abc import Sequence
from inspect import isawaitable
from typing import Any

from dagster_graphql.implementation.utils import ErrorCapture
from graphene import Schema
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLFormattedError,
    OperationType,
    execute,
)
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.websockets import WebSocket

from sales_assets.platform import websocket as graphql_ws
from sales_assets.platform.bodies import JSON, content_type, json_object, read_body
from sales_assets.platform.context import (
    NotSignedInError,
    TeamProcessContext,
    TeamRequestContext,
    person_of,
)
from sales_assets.platform.documents import DocumentError, Documents
from sales_assets.platform.downloads import Download, downloaded
from sales_assets.platform.guards.dry_runs import guard_dry_runs
from sales_assets.platform.monitoring import Numbers, monitored
from sales_assets.platform.reports import Endpoint, reported
from sales_assets.platform.scoping.endpoints import ScopedEndpoints
from sales_assets.platform.scoping.subscriptions import ScopedSubscriptions
from sales_assets.platform.signing_in import signed_in_bar
from sales_assets.platform.wrapping import wrap_mutations


class TeamWebserver(ScopedEndpoints, ScopedSubscriptions):
    """The webserver; `create_asgi_app()` is what uvicorn serves."""

    def __init__(
        self,
        process_context: TeamProcessContext,
        middleware: Sequence[Middleware] = (),
        routes: Sequence[BaseRoute] = (),
        live_data_poll_rate: int | None = None,
        numbers: Numbers | None = None,
    ) -> None:
        """`middleware` signs people in: it makes Starlette's `user` a Person; `routes` are its own.

        It also refuses what pages of other sites send. `numbers` are what /metrics shows.
        """
        self._auditor = process_context.auditor
        self._signing_in = list(middleware)
        self._own_routes = list(routes)
        self._numbers = numbers
        super().__init__(process_context, live_data_poll_rate=live_data_poll_rate)
        self._documents = Documents(
            self._graphene_schema.graphql_schema, self.build_graphql_validation_rules()
        )

    def build_graphql_schema(self) -> Schema:
        """Dagster's schema, each mutation of which is checked and told."""
        return guard_dry_runs(wrap_mutations(super().build_graphql_schema(), self._auditor))

    def build_middleware(self) -> list[Middleware]:
        """The sign-in stands before everything of Dagster's."""
        return [*self._signing_in, *super().build_middleware()]

    def build_routes(self) -> list[BaseRoute]:
        """Those of its own before Dagster's, the last of which takes every path."""
        own = [
            *self._own_routes,
            *signed_in_bar.routes(),
            Route("/metrics", self.metrics_endpoint),
        ]
        return [*own, *super().build_routes()]  # type: ignore[no-untyped-call]

    def index_html_endpoint(self, request: Request) -> HTMLResponse:
        """Dagster's page, with who has signed in and how to sign out."""
        return signed_in_bar.with_bar(request, super().index_html_endpoint(request))

    def create_asgi_app(self, **kwargs: Any) -> Starlette:
        """The application; who has not signed in is answered 401."""
        handlers = {NotSignedInError: _not_signed_in, **kwargs.pop("exception_handlers", {})}
        return super().create_asgi_app(exception_handlers=handlers, **kwargs)

    async def graphql_http_endpoint(self, request: Request) -> Response:
        """Answer a query, or do a mutation; the latter by POST of JSON alone."""
        person_of(request)
        if request.method == "GET":
            data: dict[str, Any] = dict(request.query_params)
            data["variables"] = _variables(data.get("variables"))
        else:
            if content_type(request) != JSON:
                raise HTTPException(415, f"The body has to be {JSON}.")
            data = json_object(await read_body(request))
            data["variables"] = _variables(data.get("variables"))
        query, name = data.get("query"), data.get("operationName")
        if not isinstance(query, str):
            raise HTTPException(400, "There is no query.")
        if not isinstance(name, str | None):
            raise HTTPException(400, "operationName is no text.")
        answer: Response = await self.execute_graphql_request(
            request, query, data["variables"], name or None
        )
        return answer

    def graphql_execution_thread(
        self,
        request: Request,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
    ) -> JSONResponse:
        """Answer one document, in a thread of its own."""
        try:
            document = self._documents.checked(query)
        except DocumentError as error:
            errors = self.handle_graphql_errors(error.errors)
            return JSONResponse({"data": None, "errors": errors}, 400)
        if OperationType.MUTATION in document.operations and request.method != "POST":
            return _error(405, "Mutations are done by POST.")
        if OperationType.SUBSCRIPTION in document.operations:
            return _error(400, "Subscriptions go over a websocket.")
        with self.request_context(request) as context:
            return run(self._executed(context, document.node, variables, operation_name))

    async def _executed(
        self,
        context: TeamRequestContext,
        document: Any,
        variables: dict[str, Any] | None,
        operation_name: str | None,
    ) -> JSONResponse:
        captured: list[Exception] = []
        with ErrorCapture.watch(captured.append):
            result = execute(
                schema=self._graphene_schema.graphql_schema,
                document=document,
                context_value=context,
                variable_values=variables,
                operation_name=operation_name,
                middleware=self._graphql_middleware,
            )
            if isawaitable(result):
                result = await result
        assert isinstance(result, ExecutionResult)
        data: dict[str, Any] = {"data": result.data}
        if result.errors:
            data["errors"] = self.handle_graphql_errors(result.errors)
        return JSONResponse(data, self._determine_status_code(result.errors, captured))

    def _determine_status_code(
        self, resolver_errors: list[GraphQLError] | None, captured_errors: list[Exception]
    ) -> int:
        """Its own status, if nothing went wrong but that something was refused."""
        told = {(error.extensions or {}).get("status") for error in resolver_errors or ()}
        if len(told) == 1 and not captured_errors and isinstance(refused := told.pop(), int):
            return refused
        status: int = super()._determine_status_code(resolver_errors, captured_errors)
        return status

    async def graphql_ws_endpoint(self, websocket: WebSocket) -> None:
        """Serve the subscriptions of one who has signed in."""
        try:
            person_of(websocket)
        except NotSignedInError:
            await graphql_ws.refuse(websocket)
            return

        async def subscribe(
            number: str, query: str, variables: dict[str, Any] | None, name: str | None
        ) -> tuple[Task[None] | None, GraphQLFormattedError | None]:
            return await self.execute_graphql_subscription(
                websocket, number, query, variables, name
            )

        await graphql_ws.converse(websocket, subscribe)

    async def execute_graphql_subscription(
        self,
        websocket: WebSocket,
        operation_id: str,
        query: str,
        variables: dict[str, Any] | None,
        operation_name: str | None,
    ) -> tuple[Task[None] | None, GraphQLFormattedError | None]:
        """Begin a subscription; queries and mutations are refused."""
        try:
            document = self._documents.checked(query)
        except DocumentError as error:
            return None, error.errors[0].formatted
        if document.operations != {OperationType.SUBSCRIPTION}:
            return None, {"message": "Only subscriptions go over a websocket; send others by POST."}
        begun: tuple[Task[None] | None, GraphQLFormattedError | None]
        begun = await super().execute_graphql_subscription(
            websocket, operation_id, query, variables, operation_name
        )
        return begun

    async def metrics_endpoint(self, request: Request) -> Response:
        """Show the numbers of the installation."""
        process = self._process_context
        assert isinstance(process, TeamProcessContext)
        return await monitored(request, process.access_of(request), self._numbers)

    async def download_captured_logs_endpoint(self, request: Request) -> Response:
        """Download the log of a run or tick."""
        return await self._downloaded(request, "/logs", super().download_captured_logs_endpoint)

    async def download_debug_file_endpoint(self, request: Request) -> Response:
        """Download all that is known of a run."""
        endpoint = super().download_debug_file_endpoint
        return await self._downloaded(request, "/download_debug", endpoint)

    async def download_notebook(self, request: Request) -> Response:
        """Show a notebook."""
        return await self._downloaded(request, "/notebook", super().download_notebook)

    async def _downloaded(self, request: Request, route: str, endpoint: Download) -> Response:
        make = self._make_request_context
        return await downloaded(request, make, self._auditor, route, endpoint)

    async def report_asset_materialization_endpoint(self, request: Request) -> JSONResponse:
        """Report a materialisation."""
        return await self._reported(request, super().report_asset_materialization_endpoint)

    async def report_asset_check_endpoint(self, request: Request) -> JSONResponse:
        """Report a check."""
        return await self._reported(request, super().report_asset_check_endpoint)

    async def report_asset_observation_endpoint(self, request: Request) -> JSONResponse:
        """Report an observation."""
        return await self._reported(request, super().report_asset_observation_endpoint)

    async def _reported(self, request: Request, endpoint: Endpoint) -> JSONResponse:
        with await run_in_threadpool(self._make_request_context, request) as context:
            return await reported(request, context, self._auditor, endpoint)


def _variables(variables: object) -> dict[str, Any] | None:
    """Variables, which may be JSON in a text, as in an address."""
    if not variables:
        return None
    if isinstance(variables, str):
        return json_object(variables.encode())
    if not isinstance(variables, dict):
        raise HTTPException(400, "The variables are no object.")
    return variables


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"data": None, "errors": [{"message": message}]}, status)


async def _not_signed_in(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": str(error)}, 401)
