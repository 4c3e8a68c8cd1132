"""The Authorization header: a token of ours or a JWT.

Belongs here: reading it, and whose it is to judge. Does not: judging (`tokens`, `jwts`).
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from sales_assets.platform.signing_in.headers import single
from sales_assets.platform.signing_in.jwts import JwtWay
from sales_assets.platform.signing_in.tokens import BEGINS, TokensFile
from sales_assets.platform.signing_in.ways import RefusedError, SignedIn

HEADER = "authorization"
_WAY = "bearer"


@dataclass(frozen=True)
class BearerWay:
    """Who sends `Authorization: Bearer ...`; other schemes are left to whom they are for."""

    tokens: TokensFile
    jwts: JwtWay | None

    async def signed_in(self, connection: HTTPConnection) -> SignedIn | None:
        """The owner of the token."""
        try:
            said = single(connection.headers, HEADER)
        except ValueError as error:
            raise RefusedError(_WAY, str(error)) from error
        scheme, _, token = (said or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = token.strip()
        if token.startswith(BEGINS):
            return await self.tokens.of_bearer(token)
        if self.jwts is None:
            raise RefusedError(_WAY, "the token is none of ours, and JWTs are not set up")
        return await self.jwts.of_bearer(token)
