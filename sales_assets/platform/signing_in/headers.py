"""Reading headers that something depends on.

Belongs here: that there is one, and only one, and that it is spelled as it should be. Does not:
what it says.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers


def single(headers: Headers, name: str) -> str | None:
    """The value of a header; None if it is missing.

    Raises ValueError if it is there twice, or with an underscore for a dash: some servers take
    the two for the same, and a proxy may guard only one.
    """
    found = []
    for raw, value in headers.raw:
        spelled = raw.decode("latin-1").lower()
        if spelled.replace("_", "-") != name.lower():
            continue
        if spelled != name.lower():
            raise ValueError(f"{name} is spelled with an underscore")
        found.append(value.decode("latin-1"))
    if len(found) > 1:
        raise ValueError(f"{name} is there {len(found)} times")
    return found[0] if found else None


def without(headers: Headers, names: Collection[str]) -> list[tuple[bytes, bytes]]:
    """The headers without some, as ASGI has them; `names` are in lower case."""
    return [
        (raw, value)
        for raw, value in headers.raw
        if raw.decode("latin-1").lower().replace("_", "-") not in names
    ]
