"""What tests ask of the Snowflake stand-in besides SQL: statements seen, stops, broken sessions.

Belongs here: that, over HTTP. Does not: understanding statements (`server`).
"""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass, field
from importlib import import_module
from threading import Condition
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


@dataclass
class Control:
    """Keeps every statement with its tag, and stops at the one that is named."""

    statements: list[tuple[str, str]] = field(default_factory=list)
    sessions: dict[str, Any] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    """Names, in upper case, of what nobody has made or the role may not use."""
    owner: str = ""
    """Whose all tables are; by default the role's of each session."""
    forbidden: str = ""
    """A pattern of statements that the role has no right to."""
    _stop_at: str = ""
    _stop_when: str = "before"
    _left: int = 0
    _stopped: bool = False
    _changed: Condition = field(default_factory=Condition)

    def seen(self, connection: Any, command: str) -> None:
        """Note a statement; wait before it if a test wants so.

        Raises ConnectionAbortedError in a session that was aborted, PermissionError for a
        statement that is forbidden.
        """
        with self._changed:
            self.statements.append((connection.tag, command))
        self._pass("before", connection, command)
        if self.forbidden and _is_like(self.forbidden, command):
            raise PermissionError("SQL access control error: Insufficient privileges to operate")

    def done(self, connection: Any, command: str) -> None:
        """A statement took effect; wait before it is answered if a test wants so."""
        self._pass("after", connection, command)

    def _pass(self, when: str, connection: Any, command: str) -> None:
        with self._changed:
            if when == self._stop_when and self._stop_at and _is_like(self._stop_at, command):
                self._left -= 1
                if not self._left:
                    self._stop_at, self._stopped = "", True
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: not self._stopped, timeout=120)
        if connection.ended:
            raise ConnectionAbortedError("the session was aborted")

    def end(self, token: str) -> None:
        """Roll back what a session leaves open."""
        connection = self.sessions.pop(token, None)
        if connection is None:
            return
        connection.ended = True
        if connection.open:
            connection._duck_conn.rollback()
            connection.open = False

    def routes(self) -> list[Route]:
        """The addresses below /control."""
        return [
            Route("/control/statements", self._tell, methods=["GET"]),
            Route("/control/stop", self._stop, methods=["POST"]),
            Route("/control/stopped", self._wait, methods=["GET"]),
            Route("/control/go", self._go, methods=["POST"]),
            Route("/control/limit", self._limit, methods=["POST"]),
            Route("/control/abort", self._abort, methods=["POST"]),
            Route("/control/sessions", self._count, methods=["GET"]),
            Route("/control/quit", self._quit, methods=["POST"]),
        ]

    async def _tell(self, _: Request) -> JSONResponse:
        return JSONResponse(self.statements)

    async def _stop(self, request: Request) -> JSONResponse:
        """Stop before or after the n-th statement from now on that matches a pattern."""
        wanted = await request.json()
        with self._changed:
            self._stop_when = wanted.get("when", "before")
            self._stop_at, self._left = wanted["pattern"], wanted.get("number", 1)
        return JSONResponse({})

    async def _limit(self, request: Request) -> JSONResponse:
        """What there is, and what the role may do, from now on."""
        wanted = await request.json()
        self.hidden, self.forbidden = frozenset(wanted["hidden"]), wanted["forbidden"]
        self.owner = wanted["owner"]
        return JSONResponse({})

    async def _wait(self, _: Request) -> JSONResponse:
        """Whether it has stopped, at once or within some seconds."""

        def wait() -> bool:
            with self._changed:
                return self._changed.wait_for(lambda: self._stopped, timeout=5)

        return JSONResponse(await run_in_threadpool(wait))

    async def _quit(self, _: Request) -> JSONResponse:
        """End the server, as Ctrl-C does."""
        os.kill(os.getpid(), signal.SIGINT)
        return JSONResponse({})

    async def _go(self, _: Request) -> JSONResponse:
        """Go on with the statement that it stopped at."""
        with self._changed:
            self._stopped = False
            self._changed.notify_all()
        return JSONResponse({})

    async def _count(self, _: Request) -> JSONResponse:
        """How many sessions are open."""
        open_ones = import_module("fakesnow.server").sessions
        return JSONResponse(len(open_ones.keys() & self.sessions.keys()))

    async def _abort(self, _: Request) -> JSONResponse:
        """Abort the transactions of all sessions, as happens to those of a client that is gone."""
        sessions = import_module("fakesnow.server").sessions
        with self._changed:
            for token in list(self.sessions):
                sessions.pop(token, None)
                self.end(token)
            self._stop_at, self._stopped = "", False
            self._changed.notify_all()
        return JSONResponse({})


def _is_like(pattern: str, command: str) -> bool:
    return re.search(pattern, command, re.IGNORECASE | re.DOTALL) is not None
