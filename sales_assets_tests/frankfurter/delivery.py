"""How an answer goes through a socket: whole, or in one of the ways in which that goes wrong.

Belongs here: bytes, pauses and ends of connections. Does not: what is answered.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from email.utils import formatdate
from enum import Enum, auto
from http import HTTPStatus
from threading import Event

from sales_assets_tests.frankfurter.answers import Answer

GLANCE = 0.02
"""Seconds between two looks at whether the client is still there."""
BLANKS = b" " * 0x10000
END_OF_THE_ENDLESS = 2**28
"""Bytes after which the connection is closed: who keeps them all must not take a machine down."""


class Delivery(Enum):
    """Ways to send an answer."""

    WHOLE = auto()
    NONE = auto()
    DRIP = auto()
    RESET = auto()
    TRUNCATED = auto()
    ENDLESS = auto()


class Wire:
    """A call's connection, and how many bytes of the body were sent through it."""

    def __init__(self, connection: socket.socket, stopping: Event) -> None:
        self._connection = connection
        self._stopping = stopping
        self.sent = 0

    def deliver(
        self,
        answer: Answer,
        how: Delivery = Delivery.WHOLE,
        pause: float = 0.0,
        *,
        with_body: bool = True,
        answered: Callable[[], None] = lambda: None,
    ) -> bool:
        """Send an answer; whether the connection can be used for another.

        `answered` is called before the last byte is sent: a client that has its answer, and asks
        again at once, is never counted twice.
        """
        body = answer.body if with_body else b""
        half = len(body) // 2
        match how:
            case Delivery.WHOLE:
                self._send_all(_head(answer), body, answered)
                return True
            case Delivery.NONE:
                self.wait(None)
            case Delivery.DRIP:
                return self._drip(_head(answer), body, pause, answered)
            case Delivery.ENDLESS:
                self._send_without_end(answer, pause)
            case Delivery.TRUNCATED:
                self._send(_head(answer))
                self._send_body(body[:half])
            case Delivery.RESET:
                self._send(_head(answer))
                self._send_body(body[:half])
                # What has not been read yet may be lost with a reset; the client is to see a half.
                self.wait(2 * GLANCE)
                self._connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
        return False

    def wait(self, seconds: float | None) -> bool:
        """Wait, for ever if for None; whether the client is there and the server goes on."""
        end = None if seconds is None else time.monotonic() + seconds
        while (left := GLANCE if end is None else end - time.monotonic()) > 0:
            if self._stopping.wait(min(left, GLANCE)) or self.is_left():
                return False
        return not self._stopping.is_set()

    def is_left(self) -> bool:
        """Whether the client has gone; not seen while it has sent more than was read."""
        try:
            return not self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _send_all(self, head: bytes, body: bytes, answered: Callable[[], None]) -> None:
        if body:
            self._send(head)
            self._send_body(body[:-1])
            self.sent += 1
        else:
            self._send(head[:-1])
        answered()
        self._send((body or head)[-1:])

    def _drip(self, head: bytes, body: bytes, pause: float, answered: Callable[[], None]) -> bool:
        for place in range(len(body) - 1):
            if not place:
                self._send(head)
            self._send_body(body[place : place + 1])
            if not self.wait(pause):
                return False
        self._send_all(b"" if len(body) > 1 else head, body[-1:], answered)
        return True

    def _send_without_end(self, answer: Answer, pause: float) -> None:
        self._send(_head(answer, "transfer-encoding: chunked"))
        while self.sent < END_OF_THE_ENDLESS and self.wait(pause):
            self._send(b"%x\r\n%b\r\n" % (len(BLANKS), BLANKS))
            self.sent += len(BLANKS)

    def _send_body(self, data: bytes) -> None:
        self._send(data)
        self.sent += len(data)

    def _send(self, data: bytes) -> None:
        self._connection.sendall(data)


def is_to_be_reset(connection: socket.socket) -> bool:
    """Whether closing the connection resets it."""
    size = struct.calcsize("ii")
    option = connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, size)
    return bool(struct.unpack("ii", option)[0])


def _head(answer: Answer, length: str | None = None) -> bytes:
    phrase = HTTPStatus(answer.status).phrase
    lines = [f"HTTP/1.1 {answer.status} {phrase}", f"date: {formatdate(usegmt=True)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if answer.status != HTTPStatus.NOT_MODIFIED:
        lines.append(length or f"content-length: {len(answer.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
