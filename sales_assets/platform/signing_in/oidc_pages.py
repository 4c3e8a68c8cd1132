"""The two routes of a sign-in at an issuer.

Belongs here: going there, and coming back. Does not: what is said (`oidc`).
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import cast

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sales_assets.errors import TransientError
from sales_assets.platform.signing_in.cookies import SignedCookie
from sales_assets.platform.signing_in.entering import Entering
from sales_assets.platform.signing_in.local_path import local_path
from sales_assets.platform.signing_in.oidc import CALLBACK_PATH, WAY, Flow, Oidc
from sales_assets.platform.signing_in.ways import RefusedError

START_PATH = "/sign-in/oidc"
FLOW_SECONDS = 600.0
_log = logging.getLogger("sales_assets")
_AWAY = "The place where you sign in does not answer. Try again in a minute."


@dataclass(frozen=True)
class OidcPages:
    """Goes to the issuer and comes back."""

    entering: Entering
    oidc: Oidc
    cookie: SignedCookie

    def routes(self) -> list[Route]:
        """Both."""
        return [
            Route(START_PATH, self.start, methods=["GET"]),
            Route(CALLBACK_PATH, self.come_back, methods=["GET"]),
        ]

    async def start(self, request: Request) -> Response:
        """Send the browser to the issuer."""
        if (barred := self.entering.barred(request, [])) is not None:
            return barred
        goes_to = local_path(request.query_params.get("next"))
        try:
            address, flow = await to_thread.run_sync(self.oidc.begin, goes_to)
        except TransientError as error:
            return self._away(error, goes_to)
        answer = RedirectResponse(address, 303)
        self.cookie.write(request, answer, flow)
        return answer

    async def come_back(self, request: Request) -> Response:
        """Take the issuer's answer; each counts once, for the browser that went there."""
        if (barred := self.entering.barred(request, [])) is not None:
            return barred
        answer = await self._answer(request)
        self.cookie.remove(request, answer)
        return answer

    async def _answer(self, request: Request) -> Response:
        goes_to = "/"
        try:
            flow = self._flow(request)
            goes_to = local_path(flow["goes_to"])
            code = await to_thread.run_sync(self.oidc.check, flow, request.query_params)
            ends = time.time() + FLOW_SECONDS
            store = self.entering.sessions.store
            if not await to_thread.run_sync(store.spend, flow["state"], ends):
                raise RefusedError(WAY, "the answer was used before")
            person = await to_thread.run_sync(self.oidc.finish, flow, code)
        except RefusedError as refused:
            return await self.entering.failed(request, refused, [], goes_to)
        except TransientError as error:
            return self._away(error, goes_to)
        return await self.entering.enter(request, person, None, goes_to)

    def _flow(self, request: Request) -> Flow:
        values = [key for key, _ in request.query_params.multi_items()]
        if len(values) != len(set(values)):
            raise RefusedError(WAY, "the answer has a value twice")
        flow = self.cookie.read(request)
        if not isinstance(flow, dict):
            raise RefusedError(WAY, "this browser did not go to the issuer, or long ago")
        return cast("Flow", flow)

    def _away(self, error: TransientError, goes_to: str) -> Response:
        _log.error("%s", error)
        return self.entering.door.looks.sign_in(goes_to, _AWAY, 503)
