"""The stand-in as a server on the loopback interface, for tests and by itself.

Belongs here: what it knows, which faults are to come, start and stop. Does not: what is answered
(`answers`), what can go wrong (`faults`), how bytes are sent (`delivery`), the log (`calls`).
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from socketserver import TCPServer
from threading import Condition, Event, Lock, Thread
from typing import Any, Self
from urllib.parse import urlsplit

from sales_assets_tests.frankfurter import answers, control
from sales_assets_tests.frankfurter.answers import Answer
from sales_assets_tests.frankfurter.calls import Call, CallLog
from sales_assets_tests.frankfurter.delivery import Delivery, Wire, is_to_be_reset
from sales_assets_tests.frankfurter.faults import Fault, Injection
from sales_assets_tests.frankfurter.questions import Kind, kind_of
from sales_assets_tests.frankfurter.rates import Rates, read_rates

HOST = "127.0.0.1"
NO_FAULT = Fault("")
GLANCE = 0.02
"""Seconds between two looks at whether the server is to stop."""
PATIENCE = 10.0
"""Seconds for all connections to end once they are shut down; far more than it takes."""


class StandIn:
    """Frankfurter v1 with the ECB's rates, and with faults on demand.

    A context manager that serves while it is open; `stop` and `start` in between make it
    unreachable and bring it back at the same address.
    """

    def __init__(
        self, port: int = 0, *, until: date | None = None, rates: Rates | None = None
    ) -> None:
        self._port = port
        self._all_rates = read_rates() if rates is None else rates
        self._lock = Lock()
        self._injections: list[Injection] = []
        self._log = CallLog()
        self._server: _Server | None = None
        self.told_to_end = Event()
        """For whoever keeps it open: set when somebody asked for its end from outside."""
        self.publish_until(until)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port, which stays the same from the first start on."""
        return self._port

    @property
    def url(self) -> str:
        """What the paths of the API are below."""
        return f"http://{HOST}:{self._port}/v1"

    @property
    def requests(self) -> list[Call]:
        """The calls of the API so far, by when they came."""
        return self._log.calls

    @property
    def most_at_once(self) -> int:
        """The most calls that were being answered at the same time."""
        return self._log.most_at_once

    def start(self) -> None:
        """Serve, from another thread."""
        if self._server is not None:
            raise RuntimeError("the stand-in is serving already")
        self._server = _Server((HOST, self._port), self)
        self._port = self._server.server_port

    def stop(self) -> None:
        """Be unreachable: every connection is closed, with or without an answer."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def publish_until(self, day: date | None, *, today: date | None = None) -> None:
        """Know only publications up to a day, or all; it is that day then.

        With a later `today` the newest rates are late.
        """
        rates = self._all_rates if day is None else self._all_rates.until(day)
        with self._lock:
            self._rates = rates
            self._today = today or day or rates.days[-1]

    def inject(
        self, fault: Fault, *, nth: int = 1, times: int | None = 1, kind: Kind | None = None
    ) -> None:
        """Let a fault meet calls from now on; of several for a call the oldest meets it.

        Args:
            fault: what goes wrong.
            nth: the first call that it meets, counted from 1 on.
            times: how many calls it meets, or None (`FOR_EVER`).
            kind: the only kind of path that is counted and met, or None for all.
        """
        with self._lock:
            self._injections.append(Injection(fault, nth, times, kind))

    def clear(self) -> None:
        """Inject nothing any more; what is being answered goes on as it began."""
        with self._lock:
            self._injections.clear()

    def forget(self) -> None:
        """Empty the log of calls, and count the most at once anew."""
        self._log.forget()

    def handle(self, call: Call, connection: socket, stopping: Event) -> bool:
        """Answer a call; whether its connection can be used for another."""
        wire = Wire(connection, stopping)
        with self._lock:
            met = [one.fault for one in self._injections if one.meets(kind_of(call.path))]
            fault = met[0] if met else NO_FAULT
            number = self._log.arrived(replace(call, fault=fault.name or None), wire.is_left)
            rates, today = self._rates, self._today
        try:
            answer = answers.answer(call.path, call.query, rates, today)
            if fault.keeps_conditions:
                answer = answers.conditional(answer, call.if_none_match)
            answer = fault.change(answer)
            if not wire.wait(fault.delay):
                return False
            if fault.delivery is not Delivery.NONE:
                self._log.answering(number, answer.status)
            return wire.deliver(
                answer,
                fault.delivery,
                fault.pause,
                with_body=call.method != "HEAD",
                answered=lambda: self._log.ended(number, wire.sent),
            )
        finally:
            self._log.ended(number, wire.sent)


class _Server(ThreadingHTTPServer):
    """Serves from when it is made, and ends promptly, whatever its connections are waiting for."""

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.stopping = Event()
        self._connections: set[socket] = set()
        self._ended = Condition()
        super().__init__(address, _Handler)
        self._thread = Thread(target=self.serve_forever, args=(GLANCE,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._ended:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(SHUT_RDWR)
            assert self._ended.wait_for(lambda: not self._connections, PATIENCE)

    def server_bind(self) -> None:
        # The base class looks up the host's name, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._ended:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        try:
            if is_to_be_reset(request):
                self.close_request(request)
            else:
                super().shutdown_request(request)
        finally:
            with self._ended:
                self._connections.discard(request)
                self._ended.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # That a client goes in the middle of something is what many tests are about.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        if target.path.startswith(control.PREFIX):
            self._control()
            return
        call = Call(self.command, target.path, target.query, self.headers["If-None-Match"])
        if not self.server.stand_in.handle(call, self.connection, self.server.stopping):
            self.close_connection = True

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self._control()

    def do_DELETE(self) -> None:
        self._control()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def _control(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        answer: Answer = control.handle(self.server.stand_in, self.command, self.path, body)
        Wire(self.connection, self.server.stopping).deliver(answer)
