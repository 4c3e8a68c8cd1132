"""GraphQL over a websocket: subscriptions, of somebody who has signed in.

Belongs here: the messages of the protocol `graphql-ws` as Dagster's UI speaks it, and those that
are wrong. Does not: what a subscription tells (`webserver`).
"""

from __future__ import annotations

import json
import logging
from asyncio import Task
from collections.abc import Awaitable, Callable
from typing import Any

from dagster_webserver.graphql import GraphQLWS
from graphql import GraphQLFormattedError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

_log = logging.getLogger("sales_assets")
AT_A_TIME = 100
"""Subscriptions of one connection; a page of the UI has a handful."""
_POLICY = 1008
_WRONG = 4400

Subscribe = Callable[
    [str, str, dict[str, Any] | None, str | None],
    Awaitable[tuple[Task[None] | None, GraphQLFormattedError | None]],
]
"""From id, query, variables and name to what runs, or why it does not."""


async def refuse(websocket: WebSocket) -> None:
    """Let nobody in."""
    await websocket.close(_POLICY)


async def converse(websocket: WebSocket, subscribe: Subscribe) -> None:
    """Answer messages until one side has gone."""
    tasks: dict[str, Task[None]] = {}
    await websocket.accept(subprotocol=GraphQLWS.PROTOCOL.value)
    try:
        while websocket.application_state is not WebSocketState.DISCONNECTED:
            message = _message(await websocket.receive())
            if message is None:
                await _end(websocket, "The message is not one of graphql-ws.")
                return
            await _answer(websocket, message, tasks, subscribe)
    except WebSocketDisconnect:
        pass
    finally:
        for task in tasks.values():
            task.cancel()


async def _answer(
    websocket: WebSocket,
    message: dict[str, Any],
    tasks: dict[str, Task[None]],
    subscribe: Subscribe,
) -> None:
    kind, number = message["type"], message.get("id", "")
    if kind == GraphQLWS.CONNECTION_INIT:
        await websocket.send_json({"type": GraphQLWS.CONNECTION_ACK})
    elif kind == GraphQLWS.CONNECTION_TERMINATE:
        await websocket.close()
    elif kind == GraphQLWS.STOP and number in tasks:
        tasks.pop(number).cancel()
    elif kind == GraphQLWS.START and number not in tasks:
        task, error = await _start(number, message.get("payload"), tasks, subscribe)
        if task is not None:
            tasks[number] = task
        elif error is not None:
            await websocket.send_json({"type": GraphQLWS.ERROR, "id": number, "payload": error})


async def _start(
    number: str, payload: object, tasks: dict[str, Task[None]], subscribe: Subscribe
) -> tuple[Task[None] | None, GraphQLFormattedError | None]:
    if sum(not task.done() for task in tasks.values()) >= AT_A_TIME:
        return None, {"message": f"The connection has {AT_A_TIME} subscriptions; stop one."}
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        return None, {"message": "The payload has no query."}
    variables = payload.get("variables")
    name = payload.get("operationName")
    if not isinstance(variables, dict | None) or not isinstance(name, str | None):
        return None, {"message": "The payload's variables or operationName are wrong."}
    try:
        return await subscribe(number, payload["query"], variables, name)
    except Exception:  # noqa: BLE001 (logged; one that fails does not end the others)
        _log.exception("A subscription failed.")
        return None, {"message": "The subscription failed; the server's log says why."}


def _message(received: Any) -> dict[str, Any] | None:
    """The message; None for one that is wrong. Raises WebSocketDisconnect after the last."""
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(received.get("code", 1005))
    try:
        message = json.loads(received.get("text") or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return None
    return message if isinstance(message.get("id", ""), str) else None


async def _end(websocket: WebSocket, why: str) -> None:
    await websocket.send_json({"type": GraphQLWS.CONNECTION_ERROR, "payload": {"message": why}})
    await websocket.close(_WRONG)
