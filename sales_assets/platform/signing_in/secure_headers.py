"""Headers on every answer that tell browsers what not to do.

Belongs here: which ones, and that those of the application get no weaker. Does not: sessions.
"""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sales_assets.platform.signing_in.site import Site

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_POLICY = {"frame-ancestors": "'none'", "base-uri": "'none'", "form-action": "'self'"}
_HSTS = "max-age=31536000"
_HASHED = re.compile(r"/_next/static/.+[/.-][0-9a-f]{8,}(\.[a-z0-9]+)+")
"""Files of the UI whose names change with what they hold."""


def strengthened(policy: str) -> str:
    """A Content-Security-Policy with what it does not say of frames, base and forms."""
    parts = [part.strip() for part in policy.split(";") if part.strip()]
    said = {part.split(None, 1)[0].lower() for part in parts}
    return "; ".join(
        [*parts, *(f"{name} {value}" for name, value in _POLICY.items() if name not in said)]
    )


class SecureHeaders:
    """Middleware that has them on every answer, also of an application that raises."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_secured(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._secure(scope, message)
            await send(message)

        try:
            await self.app(scope, receive, send_secured)
        except Exception:
            if not started:
                answer = PlainTextResponse("Internal Server Error", 500)
                await answer(scope, receive, send_secured)
            raise

    def _secure(self, scope: Scope, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        headers.update(_ALWAYS)
        policies = headers.getlist("content-security-policy") or [""]
        del headers["content-security-policy"]
        for policy in policies:
            headers.append("Content-Security-Policy", strengthened(policy))
        hashed = _HASHED.fullmatch(scope["path"]) and message["status"] in {200, 206, 304}
        headers["Cache-Control"] = "private, max-age=31536000, immutable" if hashed else "no-store"
        if self._site.is_https(HTTPConnection(scope)):
            headers["Strict-Transport-Security"] = _HSTS
