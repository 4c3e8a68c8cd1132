"""Everything around signing in, put together for a webserver.

Belongs here: which parts there are, by the settings, and their order. Does not: any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from sales_assets.errors import UsageError
from sales_assets.platform.audit.entries import Auditor
from sales_assets.platform.signing_in.arrival import Arrival
from sales_assets.platform.signing_in.attempts import Attempts
from sales_assets.platform.signing_in.bearer import BearerWay
from sales_assets.platform.signing_in.body_limit import BodyLimit
from sales_assets.platform.signing_in.cookies import SignedCookie
from sales_assets.platform.signing_in.entering import Entering
from sales_assets.platform.signing_in.gate import Door, Gate
from sales_assets.platform.signing_in.jwts import JwtWay
from sales_assets.platform.signing_in.looks import Looks, Offer
from sales_assets.platform.signing_in.oidc import Oidc
from sales_assets.platform.signing_in.oidc_pages import FLOW_SECONDS, OidcPages
from sales_assets.platform.signing_in.pages import Pages
from sales_assets.platform.signing_in.proxies import Proxies, ProxyWay
from sales_assets.platform.signing_in.secure_headers import SecureHeaders
from sales_assets.platform.signing_in.session_key import session_key
from sales_assets.platform.signing_in.session_store import SessionStore
from sales_assets.platform.signing_in.sessions import Sessions
from sales_assets.platform.signing_in.site import Site
from sales_assets.platform.signing_in.telling import Telling
from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path
from sales_assets.platform.signing_in.ways import Way
from sales_assets.platform.teams_file import TeamsFile
from sales_assets.settings import PREFIX, Settings

_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class SigningIn:
    """What a webserver needs: `middleware` (outermost first) and `routes`.

    The routes have to stand before all others: what is open to everybody is open by its path.
    """

    middleware: list[Middleware]
    routes: list[BaseRoute]
    uvicorn_options: dict[str, Any]
    """How uvicorn has to be run: it would believe X-Forwarded-* from this machine, for one."""
    store: SessionStore

    @classmethod
    def of(cls, settings: Settings, teams_file: TeamsFile, auditor: Auditor) -> Self:
        """By the settings.

        Raises UsageError if no way of signing in is set up, or one only by half.
        """
        proxies, jwts, oidc = Proxies.of(settings), JwtWay.of(settings), Oidc.of(settings)
        if settings.proxy_secret is not None and not proxies.networks:
            raise UsageError(f"{PREFIX}PROXY_SECRET needs {PREFIX}TRUSTED_PROXIES")
        tokens = TokensFile(tokens_path(settings))
        if not (proxies.say_who or jwts or oidc or tokens.file.exists()):
            raise UsageError(
                "Nobody could sign in. Make a token with `sales-assets token create`, or set "
                f"{PREFIX}OIDC_ISSUER, {PREFIX}JWT_ISSUER, or {PREFIX}TRUSTED_PROXIES with "
                f"{PREFIX}PROXY_SECRET"
            )
        site, key = Site(settings.public_url), session_key(settings)
        store = SessionStore(settings.home / "platform" / "sessions.sqlite")
        session_seconds = settings.session_hours * 3600
        cookie = SignedCookie("sales_assets_session", key, session_seconds, site)
        sessions = Sessions(store, cookie, tokens)
        ways: list[Way] = [ProxyWay(proxies)] if proxies.say_who else []
        ways += [BearerWay(tokens, jwts), sessions]
        open_paths: dict[str, frozenset[str]] = {}
        door = Door(
            ways=ways,
            open_paths=open_paths,
            teams_file=teams_file,
            proxies=proxies,
            site=site,
            attempts=Attempts(settings.sign_in_attempts, settings.sign_in_minutes),
            telling=Telling(auditor),
            looks=Looks(_offer(proxies, jwts, oidc, tokens)),
        )
        entering = Entering(door, sessions)
        routes = Pages(entering, tokens).routes()
        if oidc is not None:
            flow = SignedCookie("sales_assets_flow", key, FLOW_SECONDS, site)
            routes += OidcPages(entering, oidc, flow).routes()
        for route in routes:
            methods = open_paths.get(route.path, frozenset())
            open_paths[route.path] = methods | frozenset(route.methods or ())
        limit = settings.request_megabytes * _MEGABYTE
        return cls(
            middleware=[
                Middleware(SecureHeaders, site),
                Middleware(Arrival, proxies),
                Middleware(Gate, door),
                Middleware(BodyLimit, limit),
            ],
            routes=list[BaseRoute](routes),
            uvicorn_options={
                "proxy_headers": False,
                "server_header": False,
                "ws_max_size": limit,
            },
            store=store,
        )

    def close(self) -> None:
        """Close what is open."""
        self.store.close()


def _offer(proxies: Proxies, jwts: JwtWay | None, oidc: Oidc | None, tokens: TokensFile) -> Offer:
    other = []
    if proxies.say_who:
        other.append("Open this page through the address that your organisation gave you.")
    if jwts is not None:
        other.append("Programs send a JWT, or a token, as Authorization: Bearer.")
    issuer = urlsplit(oidc.issuer.address).hostname if oidc else None
    return Offer(tokens=tokens.file.exists(), oidc=issuer, other=tuple(other))
