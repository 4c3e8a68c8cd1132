"""Channels on loopback: a mail server and an HTTP server, which fail as they are told.

Belongs here: receiving, and faults. Does not: any expectation.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message as Mail
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from sales_assets_tests.serving import free_port

TAKES, CUTS, HANGS = 200, "takes it and ends the connection", "never answers"


@dataclass
class Received:
    """What a receiver took, and how it will behave next; when that is used up it takes all."""

    port: int
    next: deque[int | str] = field(default_factory=deque)
    taken: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook"

    @property
    def titles(self) -> list[str]:
        return [one["title"] for one in self.taken]


@contextmanager
def http_receiver(port: int = 0, context: ssl.SSLContext | None = None) -> Iterator[Received]:
    """An HTTP server that takes what apprise posts to `json://`; with `context`, over TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.asked += 1
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body["id"] = self.headers.get("Idempotency-Key")
            behaviour = received.next.popleft() if received.next else TAKES
            if behaviour == HANGS:
                received.released.wait(60)
                return
            if behaviour in {TAKES, CUTS}:
                received.taken.append(body)
            if behaviour == CUTS:
                return
            self.send_response(int(behaviour))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    received = Received(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield received
    finally:
        received.released.set()
        server.shutdown()
        server.server_close()


@dataclass
class Mailbox:
    """What a mail server took, and how it answers next."""

    port: int
    next: deque[str] = field(default_factory=deque)
    mails: list[Mail] = field(default_factory=list)
    people: list[list[str]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    @property
    def address(self) -> str:
        return f"mailto://127.0.0.1:{self.port}?from=alerts@example.com"

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """An SMTP server without TLS or sign-in."""

    class Handler:
        async def handle_RCPT(  # noqa: N802 (aiosmtpd's)
            self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
        ) -> str:
            if address in mailbox.refused:
                return "450 try later"
            envelope.rcpt_tos.append(address)
            return "250 it may come"

        async def handle_DATA(  # noqa: N802 (aiosmtpd's)
            self, _: SMTP, __: Session, envelope: Envelope
        ) -> str:
            answer = mailbox.next.popleft() if mailbox.next else "250 taken"
            if answer.startswith("250"):
                assert isinstance(envelope.content, bytes)
                mailbox.people.append(list(envelope.rcpt_tos))
                mailbox.mails.append(message_from_bytes(envelope.content))
            return answer

    mailbox = Mailbox(free_port())
    controller = Controller(Handler(), hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
