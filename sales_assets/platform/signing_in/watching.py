"""A websocket that ends when what it was opened with no longer counts.

Belongs here: looking again while it is open. Does not: what counts (`gate`).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import Message, Receive, Send
from starlette.websockets import WebSocketDisconnect

_POLICY_VIOLATION = 1008
_SECONDS = 1.0
"""How long an answer counts: some subscriptions send many messages a second."""


class Watched:
    """The two directions of a websocket; each message asks first whether it may still pass."""

    def __init__(self, receive: Receive, send: Send, holds: Callable[[], bool]) -> None:
        self._receive = receive
        self._send = send
        self._holds = holds
        self._asked = time.monotonic()
        self._ended = False

    async def receive(self) -> Message:
        """The next message of the client; a disconnection once nothing may pass."""
        message = await self._receive()
        if message["type"] != "websocket.receive" or await self._may_pass():
            return message
        return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION, "reason": ""}

    async def send(self, message: Message) -> None:
        """Send a message; raises WebSocketDisconnect once nothing may pass."""
        if message["type"] == "websocket.send" and not await self._may_pass():
            raise WebSocketDisconnect(_POLICY_VIOLATION)
        if not self._ended:
            await self._send(message)

    async def _may_pass(self) -> bool:
        now = time.monotonic()
        if not self._ended and now - self._asked >= _SECONDS:
            self._asked = now
            if not self._holds():
                self._ended = True
                await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return not self._ended
