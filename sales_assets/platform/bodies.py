"""The body of a request: JSON, an object, and not without end.

Belongs here: reading it, and the answer for one that is wrong. Does not: what is in it.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

LARGEST = 8 * 1024 * 1024
"""A backfill that names half a million partitions."""
JSON = "application/json"


def content_type(request: Request) -> str:
    """The type of the body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request) -> bytes:
    """The body; raises HTTPException 413 for one that is too large, before it is all read."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > LARGEST:
        raise _too_large()
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > LARGEST:
            raise _too_large()
    return bytes(parts)


def json_object(body: bytes) -> dict[str, Any]:
    """The object that a body is; raises HTTPException 400 for anything else."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, "The body is no JSON.") from None
    if not isinstance(data, dict):
        raise HTTPException(400, "The body is no JSON object; send one request at a time.")
    return data


def again(request: Request, body: bytes) -> Request:
    """The request, with its body still to be read."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, receive)


def _too_large() -> HTTPException:
    return HTTPException(413, f"The body is larger than {LARGEST} bytes.")
