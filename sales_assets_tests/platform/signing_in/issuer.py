"""A small OIDC issuer that works as the standard says, and can be told to cheat.

Belongs here: its routes, and what it hands out. Does not: any expectation.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sales_assets_tests.platform.signing_in.served import Key, usual_claims

CLIENT, SECRET = "sales-assets", "secret of the client: with / and %"


@dataclass
class Issuer:
    """Everybody who comes is `person`."""

    person: dict[str, Any] = field(default_factory=lambda: {"email": "vera@example.com"})
    key: Key = field(default_factory=Key)
    about: dict[str, Any] = field(default_factory=dict)
    """What it says of itself beside, or instead of, the truth."""
    cheat: Callable[[dict[str, Any]], dict[str, Any]] = dict
    """Changes the claims of an ID token before it is signed."""
    signs: Key | None = None
    """Signs instead of the key that it publishes."""
    up: bool = True
    client_has_secret: bool = True
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: list[dict[str, str]] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/keys", self._publish),
                Route("/authorize", self._authorise),
                Route("/token", self._exchange, methods=["POST"]),
            ]
        )

    async def _describe(self, request: Request) -> Response:
        if not self.up:
            return Response(status_code=503)
        own = str(request.base_url).rstrip("/")
        truth = {
            "issuer": own,
            "authorization_endpoint": f"{own}/authorize",
            "token_endpoint": f"{own}/token",
            "jwks_uri": f"{own}/keys",
            "authorization_response_iss_parameter_supported": True,
        }
        return JSONResponse(truth | self.about)

    async def _publish(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.key.jwk()]})

    async def _authorise(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.seen.append(asked)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        own = str(request.base_url).rstrip("/")
        said = urlencode({"code": code, "state": asked["state"], "iss": own})
        return RedirectResponse(f"{asked['redirect_uri']}?{said}", 302)

    async def _exchange(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        asked = self.codes.pop(form["code"], None)
        told = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        shown = f"Basic {told}" if self.client_has_secret else None
        proof = hashlib.sha256(form["code_verifier"].encode()).digest()
        if (
            asked is None
            or request.headers.get("authorization") != shown
            or base64.urlsafe_b64encode(proof).rstrip(b"=").decode() != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = usual_claims(
            iss=str(request.base_url).rstrip("/"),
            aud=CLIENT,
            nonce=asked["nonce"],
            nbf=None,
            **self.person,
        )
        token = (self.signs or self.key).sign(self.cheat(claims))
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": token})
