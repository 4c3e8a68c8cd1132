"""Sessions of browsers: begun by a sign-in, ended by a sign-out, a revoked token, or time.

Belongs here: from the cookie to a person and back. Does not: the tables (`session_store`), or
signing in (`pages`, `oidc_pages`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from anyio import to_thread
from starlette.requests import HTTPConnection
from starlette.responses import Response

from sales_assets.platform.people import Person
from sales_assets.platform.signing_in.cookies import SignedCookie
from sales_assets.platform.signing_in.session_store import Session, SessionStore
from sales_assets.platform.signing_in.tokens import TokensFile
from sales_assets.platform.signing_in.ways import SignedIn


@dataclass(frozen=True)
class Sessions:
    """The way of who signed in before: their session's cookie."""

    store: SessionStore
    cookie: SignedCookie
    tokens: TokensFile

    async def signed_in(self, connection: HTTPConnection) -> SignedIn | None:
        """Whose session it is; an old or foreign cookie is none."""
        session_id = self.cookie.read(connection)
        if not isinstance(session_id, str):
            return None
        session = self._find(session_id)
        if session is None:
            return None
        return SignedIn(
            session.person,
            ambient=True,
            holds=lambda: self._find(session_id) is not None,
            session=session_id,
        )

    async def begin(
        self, connection: HTTPConnection, response: Response, person: Person, token: str | None
    ) -> None:
        """Begin a new session; one that the browser had ends."""
        before = self.cookie.read(connection)
        expires = time.time() + self.cookie.seconds
        session_id = await to_thread.run_sync(self.store.begin, person, token, expires)
        if isinstance(before, str):
            await to_thread.run_sync(self.store.end, before)
        self.cookie.write(connection, response, session_id)

    async def end(self, connection: HTTPConnection, response: Response) -> None:
        """End the session, here and in the browser."""
        session_id = self.cookie.read(connection)
        if isinstance(session_id, str):
            await to_thread.run_sync(self.store.end, session_id)
        self.cookie.remove(connection, response)

    def _find(self, session_id: str) -> Session | None:
        """The session while it counts, and with it the token that it began with."""
        session = self.store.find(session_id)
        if session is None or (session.token and not self.tokens.holds(session.token)):
            return None
        return session
