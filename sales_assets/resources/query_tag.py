"""Who a statement in a shared warehouse is sent for: QUERY_TAG, as JSON.

Belongs here: the tag of what this thread does. Does not: sending it (`snowflake_session`, the
macro `set_query_tag` of the dbt project).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_PARTS: ContextVar[Mapping[str, str] | None] = ContextVar("query_tag", default=None)
LONGEST = 2000
"""Characters that Snowflake takes."""


@contextmanager
def tagged(**parts: str | None) -> Iterator[None]:
    """Add to the tag of all statements of the block; parts are team, source, run and asset."""
    token = _PARTS.set(
        {**(_PARTS.get() or {}), **{k: v for k, v in parts.items() if v is not None}}
    )
    try:
        yield
    finally:
        _PARTS.reset(token)


def query_tag() -> str:
    """The tag of statements that are sent now, as JSON with sorted keys."""
    return json.dumps({"app": "sales_assets", **(_PARTS.get() or {})}, sort_keys=True)[:LONGEST]
