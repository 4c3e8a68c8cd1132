"""Who may come in: from each request to a person, or a refusal.

Belongs here: the order of the questions and the answers to those who stay outside. Does not: a way
of signing in (each has a module), or what a person may do inside (`access`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from starlette.authentication import AuthCredentials, UnauthenticatedUser
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sales_assets.platform.access import Access
from sales_assets.platform.people import Person
from sales_assets.platform.signing_in.answers import refuse, wants_page
from sales_assets.platform.signing_in.attempts import Attempts, by_address
from sales_assets.platform.signing_in.bearer import HEADER as AUTHORIZATION
from sales_assets.platform.signing_in.headers import without
from sales_assets.platform.signing_in.looks import Looks
from sales_assets.platform.signing_in.proxies import Proxies
from sales_assets.platform.signing_in.site import Sender, Site
from sales_assets.platform.signing_in.telling import Telling
from sales_assets.platform.signing_in.watching import Watched
from sales_assets.platform.signing_in.ways import RefusedError, SignedIn, Way
from sales_assets.platform.teams_file import TeamsFile

SIGN_IN_PATH = "/sign-in"
SESSION = "session"
"""Scope of a request (`request.auth.scopes`) that a session has let in: it can be signed out."""
_BEARER = "bearer"
_INSIDE = "inside"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True)
class Door:
    """What the gate asks."""

    ways: Sequence[Way]
    open_paths: Mapping[str, frozenset[str]]
    """Paths that need no sign-in, with the methods that they have."""
    teams_file: TeamsFile
    proxies: Proxies
    site: Site
    attempts: Attempts
    telling: Telling
    looks: Looks

    def knows(self, person: Person) -> bool:
        """Whether the person has any rights, as teams.yaml is now."""
        return Access(self.teams_file.current(), person).is_known

    def helpers(self) -> str:
        """Who can give rights to somebody who has none."""
        return ", ".join(self.teams_file.current().admins)

    async def deny(self, connection: HTTPConnection, person: Person, reason: str) -> None:
        """Tell the audit log, but not without end: who signed in could fill it."""
        if self.attempts.failed(_INSIDE, [person.name]):
            await self.telling.denied(connection, person.way, person.name, reason)


class Gate:
    """Middleware after which `connection.user` is a person."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection (ASGI)."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        if scope["type"] == "http" and scope["method"] in self._door.open_paths.get(
            scope["path"], ()
        ):
            scope["user"], scope["auth"] = UnauthenticatedUser(), AuthCredentials()
            await self.app(scope, receive, send)
            return
        try:
            found = await self._identify(connection)
        except RefusedError as refused:
            await self._refuse(refused, connection, receive, send)
            return
        if found is None:
            await self._ask_to_sign_in(connection, receive, send)
        elif await self._let_in(found, connection, receive, send):
            await self._pass_on(found, connection, receive, send)

    @staticmethod
    async def _bar(scope: Scope, receive: Receive, send: Send, wait: int) -> None:
        text = "There were too many wrong sign-ins from your address; wait, and try again."
        await refuse(scope, receive, send, 429, text, {"Retry-After": str(wait)})

    async def _refuse(
        self, refused: RefusedError, connection: HTTPConnection, receive: Receive, send: Send
    ) -> None:
        """Answer what is wrong; past the limit nothing of it is told to the audit log.

        What is right counts past the limit too: it cannot be guessed, and else one machine with an
        old token would lock out all others of its address.
        """
        door, key = self._door, by_address(connection.state.address)
        if not door.attempts.failed(_BEARER, [key]):
            wait = door.attempts.wait(_BEARER, [key]) or 1
            await self._bar(connection.scope, receive, send, wait)
            return
        await door.telling.denied(connection, refused.way, refused.name, refused.reason)
        text = "What this request brings to sign in with does not count."
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        await refuse(connection.scope, receive, send, 401, text, challenge)

    async def _identify(self, connection: HTTPConnection) -> SignedIn | None:
        for way in self._door.ways:
            found = await way.signed_in(connection)
            if found is not None:
                return found
        return None

    @staticmethod
    async def _ask_to_sign_in(connection: HTTPConnection, receive: Receive, send: Send) -> None:
        scope = connection.scope
        if not wants_page(connection):
            text = f"Sign in at {SIGN_IN_PATH}, or send a bearer token."
            await refuse(scope, receive, send, 401, text, _CHALLENGE)
            return
        asked = scope["path"] + (f"?{connection.url.query}" if connection.url.query else "")
        answer = RedirectResponse(f"{SIGN_IN_PATH}?next={quote(asked, safe='')}", 303)
        await answer(scope, receive, send)

    async def _let_in(
        self, found: SignedIn, connection: HTTPConnection, receive: Receive, send: Send
    ) -> bool:
        """Whether the person has rights, and meant to send this; else it is answered."""
        door, scope, person = self._door, connection.scope, found.person
        if not door.knows(person):
            await door.deny(connection, person, "has no rights")
            if wants_page(connection):
                page = door.looks.stranger(person.name, door.helpers(), found.session is not None)
                await page(scope, receive, send)
            else:
                text = stranger_sentence(person.name, door.helpers())
                await refuse(scope, receive, send, 403, text)
            return False
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if found.ambient and changes:
            sender = door.site.sender(connection)
            if sender is Sender.FOREIGN or (sender is Sender.UNSAID and found.session):
                await door.deny(connection, person, "was sent by a page of another site")
                text = "A page of another site sent this; with a session it has to be one of ours."
                await refuse(scope, receive, send, 403, text)
                return False
        return True

    async def _pass_on(
        self, found: SignedIn, connection: HTTPConnection, receive: Receive, send: Send
    ) -> None:
        """Hand the request on, without the secrets that it came with."""
        scope = connection.scope
        scopes = ["authenticated", *([SESSION] if found.session else [])]
        scope["user"], scope["auth"] = found.person, AuthCredentials(scopes)
        secret = {AUTHORIZATION, *self._door.proxies.headers}
        scope["headers"] = without(Headers(scope=scope), secret)
        if scope["type"] == "websocket":
            watched = Watched(
                receive, send, lambda: found.holds() and self._door.knows(found.person)
            )
            receive, send = watched.receive, watched.send
        await self.app(scope, receive, send)


def stranger_sentence(name: str, helpers: str) -> str:
    """What somebody is told who has signed in and has no rights."""
    return (
        f"You have signed in as {name}, who is in no team here. The administrators ({helpers}) can "
        "put you into one."
    )
