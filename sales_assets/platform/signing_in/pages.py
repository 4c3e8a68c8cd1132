"""Signing in with a token, signing out, and the page for probes.

Belongs here: these routes. Does not: OIDC (`oidc_pages`), or how the pages look (`looks`).
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from sales_assets.platform.audit.entries import Outcome
from sales_assets.platform.signing_in.entering import Entering
from sales_assets.platform.signing_in.forms import read_form
from sales_assets.platform.signing_in.gate import SIGN_IN_PATH
from sales_assets.platform.signing_in.local_path import local_path
from sales_assets.platform.signing_in.looks import Looks
from sales_assets.platform.signing_in.site import Sender
from sales_assets.platform.signing_in.telling import SIGN_OUT
from sales_assets.platform.signing_in.tokens import TokensFile, id_of
from sales_assets.platform.signing_in.ways import RefusedError

SIGN_OUT_PATH = "/sign-out"
HEALTH_PATH = "/healthz"
_FOREIGN = "A page of another site sent this form. Open the page here, and try again."


@dataclass(frozen=True)
class Pages:
    """The routes that everybody has."""

    entering: Entering
    tokens: TokensFile

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route(SIGN_IN_PATH, self.show_sign_in, methods=["GET"]),
            Route(SIGN_IN_PATH, self.sign_in, methods=["POST"]),
            Route(SIGN_OUT_PATH, self.show_sign_out, methods=["GET"]),
            Route(SIGN_OUT_PATH, self.sign_out, methods=["POST"]),
            Route(HEALTH_PATH, self.health, methods=["GET"]),
        ]

    async def show_sign_in(self, request: Request) -> Response:
        """The sign-in page."""
        return self._looks.sign_in(local_path(request.query_params.get("next")))

    async def sign_in(self, request: Request) -> Response:
        """What the form of the sign-in page sends."""
        if self.entering.door.site.sender(request) is not Sender.OWN:
            return self._looks.sign_in("/", _FOREIGN, 403)
        if (barred := self.entering.barred(request, [])) is not None:
            return barred
        try:
            fields = await read_form(request)
        except ValueError:
            return self._looks.sign_in("/", "The form could not be read.", 400)
        goes_to = local_path(fields.get("next"))
        text = fields.get("token", "").strip()
        token_id = id_of(text)
        names = [token_id] if token_id else []
        if (barred := self.entering.barred(request, names)) is not None:
            return barred
        try:
            found = await self.tokens.of_bearer(text)
        except RefusedError as refused:
            return await self.entering.failed(request, refused, names, goes_to)
        return await self.entering.enter(request, found.person, token_id, goes_to)

    async def show_sign_out(self, request: Request) -> Response:
        """The page that asks."""
        del request
        return self._looks.sign_out()

    async def sign_out(self, request: Request) -> Response:
        """End the session; without one there is nothing to end."""
        door, sessions = self.entering.door, self.entering.sessions
        if door.site.sender(request) is not Sender.OWN:
            return self._looks.sign_in("/", _FOREIGN, 403)
        answer = RedirectResponse(SIGN_IN_PATH, 303, {"Clear-Site-Data": '"cache", "storage"'})
        found = await sessions.signed_in(request)
        if found is None:
            await sessions.end(request, answer)
            return answer
        number = await door.telling.begin(request, SIGN_OUT, found.person.way, found.person.name)
        await sessions.end(request, answer)
        await door.telling.end(number, Outcome.SUCCEEDED)
        return answer

    async def health(self, request: Request) -> Response:
        """That the webserver answers; nothing else is said of it."""
        del request
        return PlainTextResponse("ok")

    @property
    def _looks(self) -> Looks:
        return self.entering.door.looks
