"""Answers that are not the application's.

Belongs here: refusing a request or a websocket. Does not: when that is done.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

_POLICY_VIOLATION = 1008


async def refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    sentence: str,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Answer with an error as JSON; a websocket is closed before it was accepted (HTTP 403)."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": ""})
        return
    answer = JSONResponse({"error": sentence}, status, dict(headers or {}))
    await answer(scope, receive, send)


def wants_page(connection: HTTPConnection) -> bool:
    """Whether a browser asks for a page that it would show."""
    return (
        connection.scope["type"] == "http"
        and connection.scope["method"] in {"GET", "HEAD"}
        and "text/html" in connection.headers.get("accept", "")
        and connection.headers.get("sec-fetch-mode", "navigate") == "navigate"
    )
