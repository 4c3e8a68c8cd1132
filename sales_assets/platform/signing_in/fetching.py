"""Asking an issuer for a small document of its own.

Belongs here: time-outs and limits of these calls. Does not: which ones there are.
"""

from __future__ import annotations

import json
import time
from typing import Any

import httpx

SECONDS = 5.0
_TOTAL_SECONDS = 10.0
_BYTES = 1_000_000


def fetch_json(address: str) -> dict[str, Any]:
    """The JSON object at an address; redirects are not followed.

    Raises OSError if it could not be fetched, ValueError if it is none.
    """
    ends = time.monotonic() + _TOTAL_SECONDS
    body = bytearray()
    try:
        with (
            httpx.Client(timeout=SECONDS, follow_redirects=False) as client,
            client.stream("GET", address, headers={"Accept": "application/json"}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise OSError(f"answered with status {answer.status_code}")
            for part in answer.iter_bytes():
                body += part
                if len(body) > _BYTES or time.monotonic() > ends:
                    raise OSError("the answer is too long, or takes too long")
    except httpx.HTTPError as error:
        raise OSError(str(error) or type(error).__name__) from error
    found = json.loads(body)
    if not isinstance(found, dict):
        raise ValueError("is no JSON object")
    return found
