"""What a form of ours sends.

Belongs here: reading it, with limits. Does not: what it is for (`pages`).
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

_BYTES = 8192
_TYPE = "application/x-www-form-urlencoded"


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form; ValueError if it is none, too large, or has a field twice."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
        raise ValueError("is no form")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _BYTES:
            raise ValueError("is too large")
    pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=8)
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("has a field twice")
    return fields
