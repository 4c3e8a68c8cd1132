"""What every way of signing in has in common.

Belongs here: what a way finds out, and how it says no. Does not: a way (each has a module).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import HTTPConnection

from sales_assets.platform.people import Person

UNKNOWN = "unknown"
"""The name in the audit log of who has not even claimed one."""
_NAME_LENGTH = 200


class RefusedError(Exception):
    """What a request brings for a sign-in is wrong.

    `reason` is for the audit log and has no secret; whoever asked is told nothing of it.
    """

    def __init__(self, way: str, reason: str, name: str = UNKNOWN) -> None:
        super().__init__(reason)
        self.way = way
        self.reason = reason
        self.name = name


@dataclass(frozen=True)
class SignedIn:
    """Who sends a request, and what that is known by.

    `ambient`: a browser adds it by itself, also to requests that a page of another site makes.
    `session` is the id of the session, if there is one. `holds` says whether it still counts,
    for what outlives a request.
    """

    person: Person
    ambient: bool
    holds: Callable[[], bool]
    session: str | None = None


class Way(Protocol):
    """A way of signing in that a request may use."""

    async def signed_in(self, connection: HTTPConnection) -> SignedIn | None:
        """Who sends it; None if it does not use this way. Raises RefusedError if it is wrong."""


def claimed(name: object) -> str:
    """A name that somebody claims, fit for the audit log."""
    text = "".join(letter for letter in str(name or "") if letter.isprintable())
    return text[:_NAME_LENGTH] or UNKNOWN
