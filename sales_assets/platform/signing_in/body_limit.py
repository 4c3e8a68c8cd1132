"""How large a request may be.

Belongs here: refusing one that is larger. Does not: messages of a websocket, which the server
bounds (`build.SigningIn.uvicorn_options`).
"""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sales_assets.platform.signing_in.answers import refuse


class _TooLargeError(Exception):
    """The body turned out to be larger than it may be."""


class BodyLimit:
    """Middleware that answers 413 to a body beyond some bytes, however it is sent."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = HTTPConnection(scope).headers.get("content-length", "0")
        if not said.isdecimal() or int(said) > self._limit:
            await self._refuse(scope, receive, send)
            return
        read = 0
        started = False

        async def receive_bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limit:
                raise _TooLargeError
            return message

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive_bounded, send_noting)
        except _TooLargeError:
            if not started:
                await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        text = f"A request may have {self._limit} bytes at most."
        await refuse(scope, receive, send, 413, text, {"Connection": "close"})
