"""Subscriptions over the websocket, as one person sees them for as long as they may.

A subscription begins with the rights that a person has then. They are looked at again before each
answer, and at least twice a minute: once something has been taken away, the subscription ends. The
UI then asks anew, with the rights that are left.

Belongs here: a mixin for the webserver's class, and watching over one subscription. Does not: what
is seen (`sight`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from dagster._core.workspace.context import WorkspaceRequestContext
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket
from typing_extensions import override

from sales_assets.platform.scoping.ahead import ContextsAhead
from sales_assets.platform.scoping.scoped import sight_of
from sales_assets.platform.scoping.sight import Sight

LOOK_AGAIN_SECONDS = 30.0
"""How long a subscription that is silent goes on after rights have been taken away."""
_LOCATION_EVENTS = "locationStateChangeEvents"
_log = logging.getLogger("sales_assets")


class ScopedSubscriptions(ContextsAhead):
    """Subscriptions that end with the rights; a mixin for the webserver's class."""

    @override
    def build_graphql_schema(self) -> Any:
        schema = super().build_graphql_schema()
        watch_over(schema)
        return schema

    @override
    async def execute_graphql_subscription(
        self, websocket: WebSocket, *rest: Any, **by_name: Any
    ) -> Any:
        await self.make_ahead(websocket)
        return await super().execute_graphql_subscription(websocket, *rest, **by_name)


def watch_over(schema: Any) -> None:
    """Let each subscription of a schema end when its person's rights do."""
    subscriptions = schema.graphql_schema.subscription_type
    for name, field in (subscriptions.fields if subscriptions else {}).items():
        field.subscribe = _watched(name, field.subscribe)


def _watched(name: str, subscribe: Callable[..., AsyncIterator[Any]]) -> Callable[..., Any]:
    def begin(root: Any, info: Any, **arguments: Any) -> AsyncIterator[Any]:
        return _while_allowed(name, info.context, subscribe(root, info, **arguments))

    return begin


async def _while_allowed(
    name: str, context: WorkspaceRequestContext, source: AsyncIterator[Any]
) -> AsyncIterator[Any]:
    began = sight_of(context.instance)
    coming: asyncio.Task[Any] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(_next(source))
            await asyncio.wait({coming}, timeout=LOOK_AGAIN_SECONDS)
            allowed, now = await run_in_threadpool(_rights, context, began)
            if not allowed:
                return
            if not coming.done():
                continue
            try:
                answer = coming.result()
            except StopAsyncIteration:
                return
            finally:
                coming = None
            if name != _LOCATION_EVENTS or now is None or now.location(answer.event.location_name):
                yield answer
    finally:
        if coming is not None:
            coming.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await coming
        await source.aclose()  # type: ignore[attr-defined]  # Dagster's are generators


async def _next(source: AsyncIterator[Any]) -> Any:
    return await anext(source)


def _rights(context: WorkspaceRequestContext, began: Sight | None) -> tuple[bool, Sight | None]:
    """Whether a person still sees all that they saw, and what they see now."""
    try:
        now = sight_of(context.process_context.create_request_context(context.source).instance)
    except Exception:  # noqa: BLE001 (whatever it is: nothing is shown without rights)
        _log.exception("A subscription ends: its person's rights cannot be told")
        return False, None
    if now is None:
        return True, now
    return began is not None and began.locations <= now.locations, now
