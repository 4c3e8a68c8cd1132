"""Signed cookies that expire.

Belongs here: their names, flags and signature. Does not: what they say.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from sales_assets.platform.signing_in.site import Site

_HOST = "__Host-"
"""A browser takes a cookie with this name from the host itself alone, over TLS."""


@dataclass(frozen=True)
class SignedCookie:
    """A cookie of one purpose; one of another purpose has another signature."""

    name: str
    key: str
    seconds: float
    site: Site

    def read(self, connection: HTTPConnection) -> Any:
        """What it says; None if there is none, or it is not ours, or it has expired."""
        said = connection.cookies.get(self._full_name(connection))
        if said is None:
            return None
        try:
            return self._serializer.loads(said, max_age=int(self.seconds))
        except BadData:
            return None

    def write(self, connection: HTTPConnection, response: Response, value: Any) -> None:
        """Have the browser keep a value, instead of any before."""
        response.set_cookie(
            self._full_name(connection),
            str(self._serializer.dumps(value)),
            max_age=int(self.seconds),
            path="/",
            secure=self.site.is_https(connection),
            httponly=True,
            samesite="lax",
        )

    def remove(self, connection: HTTPConnection, response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(
            self._full_name(connection),
            path="/",
            secure=self.site.is_https(connection),
            httponly=True,
            samesite="lax",
        )

    @cached_property
    def _serializer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self.key,
            salt=f"sales_assets.{self.name}",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def _full_name(self, connection: HTTPConnection) -> str:
        return f"{_HOST if self.site.is_https(connection) else ''}{self.name}"
