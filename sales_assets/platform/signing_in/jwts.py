"""Way 2: a JWT of an issuer as a bearer token; and checking any JWT, for OIDC too.

Belongs here: what a signed token must be like. Does not: what its claims mean (`claims`), or the
issuer's keys (`signing_keys`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Self

import jwt
from anyio import to_thread

from sales_assets.errors import UsageError
from sales_assets.platform.signing_in.claims import Claims
from sales_assets.platform.signing_in.signing_keys import FileKeys, IssuerKeys, Keys
from sales_assets.platform.signing_in.ways import RefusedError, SignedIn, claimed
from sales_assets.settings import PREFIX, Settings

WAY = "jwt"
_HOSTILE = (ValueError, TypeError, OverflowError, RecursionError)
"""What readers of JSON and numbers raise, beside PyJWT's own errors, for what was made to hurt."""
_LENGTH = 16_000


@dataclass(frozen=True)
class Verifier:
    """What is asked of a token."""

    keys: Keys
    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    leeway: int
    required: tuple[str, ...]

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a token; raises jwt.PyJWTError if it may not be believed.

        The key is the issuer's own with the id that the token names, and never one that the token
        brings along or points to; how it is used is the key's to say as well as the token's.
        """
        if len(token) > _LENGTH:
            raise jwt.InvalidTokenError("the token is too long")
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in self.algorithms:
            raise jwt.InvalidAlgorithmError("the token is signed in a way that is not allowed")
        if not isinstance(header.get("kid"), str):
            raise jwt.InvalidTokenError("the token names no key (kid)")
        key = self.keys.get_signing_key(header["kid"])
        if key.algorithm_name != header["alg"]:
            raise jwt.InvalidAlgorithmError("the key is for another way of signing")
        found: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(self.algorithms),
            issuer=self.issuer,
            audience=self.audience,
            leeway=self.leeway,
            options={"require": [*self.required, "iss", "aud"]},
        )
        return found


@dataclass(frozen=True)
class JwtWay:
    """Machines and people with a JWT."""

    verifier: Verifier
    claims: Claims

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The way of the settings; None if they have none, UsageError if they have half of it."""
        keys = [settings.jwt_keys_url, settings.jwt_keys_file]
        if not any((settings.jwt_issuer, settings.jwt_audience, *keys)):
            return None
        if not (settings.jwt_issuer and settings.jwt_audience) or sum(map(bool, keys)) != 1:
            raise UsageError(
                f"JWTs need {PREFIX}JWT_ISSUER, {PREFIX}JWT_AUDIENCE and one of "
                f"{PREFIX}JWT_KEYS_URL and {PREFIX}JWT_KEYS_FILE; set these three, or none of them"
            )
        verifier = Verifier(
            keys=FileKeys(settings.jwt_keys_file)
            if settings.jwt_keys_file
            else IssuerKeys(str(settings.jwt_keys_url)),
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            algorithms=algorithms(settings),
            leeway=settings.jwt_leeway_seconds,
            required=("exp", "nbf") if settings.jwt_needs_nbf else ("exp",),
        )
        return cls(verifier, Claims.of(settings))

    async def of_bearer(self, token: str) -> SignedIn:
        """Who has this token; raises RefusedError."""
        try:
            claims = await to_thread.run_sync(self.verifier.claims, token)
            person = self.claims.person(claims, WAY)
            expires = float(claims["exp"])
        except jwt.PyJWTError as error:
            raise RefusedError(WAY, type(error).__name__, self._claimed(token)) from error
        except ValueError as error:
            raise RefusedError(WAY, str(error), self._claimed(token)) from error
        except _HOSTILE as error:
            raise RefusedError(WAY, type(error).__name__) from error
        leeway = self.verifier.leeway
        return SignedIn(person, ambient=False, holds=lambda: time.time() < expires + leeway)

    def _claimed(self, token: str) -> str:
        """Who the token says that they are, for the audit log alone."""
        try:
            body = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, *_HOSTILE):
            return claimed(None)
        return claimed(body.get(self.claims.name))


def algorithms(settings: Settings) -> tuple[str, ...]:
    """How tokens may be signed."""
    return tuple(name.strip() for name in settings.jwt_algorithms.split(","))
