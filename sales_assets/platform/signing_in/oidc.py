"""Way 4: people sign in at an OIDC issuer, in the browser; the extra `oidc`.

Belongs here: the authorization code flow with PKCE, state and nonce. Does not: its routes
(`oidc_pages`), or what the issuer says of itself (`oidc_issuer`).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self, TypedDict

import jwt

from sales_assets.errors import TransientError, UsageError
from sales_assets.platform.people import Person
from sales_assets.platform.signing_in.claims import Claims
from sales_assets.platform.signing_in.fetching import SECONDS
from sales_assets.platform.signing_in.jwts import Verifier, algorithms
from sales_assets.platform.signing_in.oidc_issuer import About, Issuer
from sales_assets.platform.signing_in.ways import RefusedError
from sales_assets.settings import PREFIX, Settings

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

WAY = "oidc"
CALLBACK_PATH = "/sign-in/oidc/callback"


class Flow(TypedDict):
    """What a browser keeps, signed, while it is at the issuer."""

    state: str
    nonce: str
    verifier: str
    goes_to: str


@dataclass(frozen=True)
class Oidc:
    """The webserver as a client of an issuer."""

    issuer: Issuer
    client_id: str
    client_secret: str | None
    scopes: str
    callback: str
    algorithms: tuple[str, ...]
    leeway: int
    claims: Claims

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The way of the settings; None if they have none, UsageError if they have half of it."""
        if settings.oidc_issuer is None:
            return None
        if settings.oidc_client_id is None or settings.public_url is None:
            raise UsageError(
                f"{PREFIX}OIDC_ISSUER needs {PREFIX}OIDC_CLIENT_ID and {PREFIX}PUBLIC_URL, where "
                "the issuer sends browsers back to"
            )
        if find_spec("authlib") is None:
            raise UsageError(
                f"{PREFIX}OIDC_ISSUER needs what `pip install -c constraints.txt -e '.[oidc]'` "
                "brings"
            )
        secret = settings.oidc_client_secret
        return cls(
            issuer=Issuer(settings.oidc_issuer),
            client_id=settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            scopes=settings.oidc_scopes,
            callback=f"{settings.public_url}{CALLBACK_PATH}",
            algorithms=algorithms(settings),
            leeway=settings.jwt_leeway_seconds,
            claims=Claims.of(settings),
        )

    def begin(self, goes_to: str) -> tuple[str, Flow]:
        """The address at the issuer to send a browser to, and what it is to keep.

        Raises TransientError if the issuer cannot be reached.
        """
        flow = Flow(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            goes_to=goes_to,
        )
        about = self.issuer.about()
        with self._client() as client:
            address, _ = client.create_authorization_url(
                about.authorization,
                state=flow["state"],
                nonce=flow["nonce"],
                code_verifier=flow["verifier"],
            )
        return str(address), flow

    def check(self, flow: Flow, query: Mapping[str, str]) -> str:
        """The code in the issuer's answer; RefusedError if it does not answer this browser."""
        if not hmac.compare_digest(query.get("state", "").encode(), flow["state"].encode()):
            raise RefusedError(WAY, "the state is another browser's")
        iss = query.get("iss")
        if iss != self.issuer.address and (iss is not None or self.issuer.about().says_iss):
            raise RefusedError(WAY, "the answer is another issuer's")
        if "error" in query or not query.get("code"):
            raise RefusedError(WAY, "the issuer gave no code")
        return query["code"]

    def finish(self, flow: Flow, code: str) -> Person:
        """The person whom the issuer names for a code; RefusedError if it names nobody."""
        about = self.issuer.about()
        claims = self._claims(about, self._exchange(about, code, flow["verifier"]))
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not hmac.compare_digest(
            nonce.encode(), flow["nonce"].encode()
        ):
            raise RefusedError(WAY, "the nonce is another browser's")
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.client_id) != self.client_id:
            raise RefusedError(WAY, "the token was made for another client")
        try:
            return self.claims.person(claims, WAY)
        except ValueError as error:
            raise RefusedError(WAY, str(error)) from error

    def _exchange(self, about: About, code: str, verifier: str) -> str:
        from authlib.integrations.base_client import OAuthError

        try:
            with self._client() as client:
                found = client.fetch_token(
                    about.token,
                    code=code,
                    code_verifier=verifier,
                    timeout=SECONDS,
                    allow_redirects=False,
                )
        except OAuthError as error:
            raise RefusedError(WAY, "the issuer did not take the code") from error
        except (OSError, ValueError) as error:
            raise TransientError(f"{about.token}: {type(error).__name__}") from error
        token = found.get("id_token")
        if not isinstance(token, str):
            raise RefusedError(WAY, "the issuer sent no ID token")
        return token

    def _claims(self, about: About, token: str) -> dict[str, Any]:
        verifier = Verifier(
            keys=about.keys,
            issuer=self.issuer.address,
            audience=self.client_id,
            algorithms=self.algorithms,
            leeway=self.leeway,
            required=("exp", "iat", "sub"),
        )
        try:
            return verifier.claims(token)
        except jwt.PyJWTError as error:
            raise RefusedError(WAY, type(error).__name__) from error

    def _client(self) -> OAuth2Session:
        from authlib.integrations.requests_client import OAuth2Session

        return OAuth2Session(
            self.client_id,
            self.client_secret,
            token_endpoint_auth_method="client_secret_basic" if self.client_secret else "none",
            scope=self.scopes,
            redirect_uri=self.callback,
            code_challenge_method="S256",
        )
