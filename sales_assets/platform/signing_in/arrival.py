"""From where a request comes: its address, its id, the scheme and host that the client used.

Belongs here: what is believed of that, and from whom. Does not: who sends it (`gate`).
"""

from __future__ import annotations

import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sales_assets.platform.signing_in.answers import refuse
from sales_assets.platform.signing_in.headers import single, without
from sales_assets.platform.signing_in.proxies import Proxies, read_address

_FORWARDED = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded")
_REQUEST_ID = "x-request-id"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(:\d{1,5})?")
_SECURE = {"http": {"http": "http", "https": "https"}, "websocket": {"http": "ws", "https": "wss"}}


class Arrival:
    """Middleware that says in `connection.state` what is known of a request's way here.

    `address` is the client's, `request_id` names the request, `from_proxy` says whether a trusted
    proxy passed it on. Of any other peer's X-Forwarded-* nothing is left.
    """

    def __init__(self, app: ASGIApp, proxies: Proxies) -> None:
        self.app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection (ASGI)."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        state = connection.state
        state.from_proxy = self._proxies.vouch(connection)
        state.address = connection.client.host if connection.client else "local"
        state.request_id = str(uuid.uuid4())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[_REQUEST_ID] = state.request_id
            await send(message)

        if state.from_proxy:
            try:
                self._believe(connection, scope)
            except ValueError as error:
                await refuse(scope, receive, send_with_id, 400, f"The proxy's headers: {error}.")
                return
        scope["headers"] = without(Headers(scope=scope), _FORWARDED)
        await self.app(scope, receive, send_with_id)

    def _believe(self, connection: HTTPConnection, scope: Scope) -> None:
        headers, state = connection.headers, connection.state
        state.address = self._client(connection)
        scheme = single(headers, "x-forwarded-proto")
        if scheme is not None:
            kinds = _SECURE[scope["type"]]
            plain = {"ws": "http", "wss": "https"}.get(scheme.lower(), scheme.lower())
            if plain not in kinds:
                raise ValueError("X-Forwarded-Proto is neither http nor https")
            scope["scheme"] = kinds[plain]
        host = single(headers, "x-forwarded-host")
        if host is not None:
            if not _HOST.fullmatch(host):
                raise ValueError("X-Forwarded-Host is no host")
            scope["headers"] = [
                *without(Headers(scope=scope), {"host"}),
                (b"host", host.encode("latin-1")),
            ]
        told = single(headers, _REQUEST_ID)
        if told is not None and _ID.fullmatch(told):
            state.request_id = told

    def _client(self, connection: HTTPConnection) -> str:
        """The first address, from the last proxy on, that is no proxy's.

        What stands before it was written by the client.
        """
        passed = ",".join(connection.headers.getlist("x-forwarded-for"))
        address = str(connection.state.address)
        for part in reversed([part.strip() for part in passed.split(",")] if passed else []):
            try:
                address = str(read_address(part))
            except ValueError:
                raise ValueError("X-Forwarded-For holds what is no address") from None
            if not self._proxies.among(address):
                break
        return address
