"""What the audit log hears of sign-ins.

Belongs here: the words of these entries. Does not: keeping them (`audit`).
"""

from __future__ import annotations

from dataclasses import dataclass

from anyio import to_thread
from starlette.requests import HTTPConnection

from sales_assets.platform.audit.entries import Auditor, Intent, Outcome

SIGN_IN = "sign-in"
SIGN_OUT = "sign-out"


@dataclass(frozen=True)
class Telling:
    """Tells an auditor; each call returns when the entry is safe, or raises."""

    auditor: Auditor

    async def begin(self, connection: HTTPConnection, operation: str, way: str, name: str) -> int:
        """Something is about to be done; its number."""
        intent = Intent(
            user=name,
            team=None,
            address=connection.state.address,
            request_id=connection.state.request_id,
            operation=operation,
            target=way,
            arguments={},
        )
        return await to_thread.run_sync(self.auditor.intend, intent)

    async def end(self, number: int, outcome: Outcome, detail: str = "") -> None:
        """How it ended."""
        await to_thread.run_sync(self.auditor.conclude, number, outcome, detail)

    async def denied(self, connection: HTTPConnection, way: str, name: str, reason: str) -> None:
        """A sign-in, or a request with what stands for one, that was refused."""
        number = await self.begin(connection, SIGN_IN, way, name)
        await self.end(number, Outcome.DENIED, reason)
