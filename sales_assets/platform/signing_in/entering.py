"""The last steps of every sign-in in a browser.

Belongs here: the limit on attempts, the audit log, rights, the session. Does not: how somebody
shows who they are (`pages`, `oidc_pages`).
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sales_assets.platform.audit.entries import Outcome
from sales_assets.platform.people import Person
from sales_assets.platform.signing_in.attempts import by_address
from sales_assets.platform.signing_in.gate import Door
from sales_assets.platform.signing_in.sessions import Sessions
from sales_assets.platform.signing_in.telling import SIGN_IN
from sales_assets.platform.signing_in.ways import RefusedError

_LIMIT = "sign-in"
_WRONG = "That did not work. Check what you entered, and try again."


@dataclass(frozen=True)
class Entering:
    """Lets people in, or not, and says so to them and to the audit log."""

    door: Door
    sessions: Sessions

    def barred(self, request: Request, names: list[str]) -> Response | None:
        """The answer to somebody who failed too often; None if they may try."""
        wait = self.door.attempts.wait(_LIMIT, self._keys(request, names))
        if wait is None:
            return None
        page = self.door.looks.sign_in(
            "/", f"There were too many attempts. Wait {wait} seconds, and try again.", 429
        )
        page.headers["Retry-After"] = str(wait)
        return page

    async def failed(
        self, request: Request, refused: RefusedError, names: list[str], goes_to: str
    ) -> Response:
        """The answer to a failed attempt, the same whatever was wrong."""
        self.door.attempts.failed(_LIMIT, self._keys(request, names))
        await self.door.telling.denied(request, refused.way, refused.name, refused.reason)
        return self.door.looks.sign_in(goes_to, _WRONG, 403)

    async def enter(
        self, request: Request, person: Person, token: str | None, goes_to: str
    ) -> Response:
        """Begin the person's session, if they have any rights."""
        door = self.door
        if not door.knows(person):
            await door.deny(request, person, "has no rights")
            return door.looks.stranger(person.name, door.helpers(), has_session=False)
        number = await door.telling.begin(request, SIGN_IN, person.way, person.name)
        answer = RedirectResponse(goes_to, 303)
        try:
            await self.sessions.begin(request, answer, person, token)
        except BaseException:
            await door.telling.end(number, Outcome.FAILED)
            raise
        await door.telling.end(number, Outcome.SUCCEEDED)
        return answer

    @staticmethod
    def _keys(request: Request, names: list[str]) -> list[str]:
        return [
            f"address:{by_address(request.state.address)}",
            *(f"name:{name}" for name in names),
        ]
