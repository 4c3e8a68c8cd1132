"""Who asks: a person or a machine that has signed in.

Belongs here: what is known of them after the sign-in. Does not: how they signed in
(`signing_in`), or what they may do (`access`).
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.authentication import BaseUser


@dataclass(frozen=True)
class Person(BaseUser):
    """Somebody who has signed in; Starlette's `request.user`.

    `name` is how teams.yaml writes them: an e-mail address in lower case, or `machine:NAME`.
    `groups` are what the sign-in says of them, without the prefix `group:`. `way` is how they
    signed in: proxy, jwt, token or oidc.
    """

    name: str
    groups: frozenset[str] = frozenset()
    way: str = ""

    @property
    def is_authenticated(self) -> bool:
        """Always: who has not signed in is Starlette's UnauthenticatedUser."""
        return True

    @property
    def display_name(self) -> str:
        """What the pages call them."""
        return self.name

    @property
    def identity(self) -> str:
        """What the audit log calls them."""
        return self.name
