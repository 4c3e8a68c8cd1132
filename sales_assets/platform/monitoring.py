"""The route that Prometheus reads.

Belongs here: who may, and the answer. Does not: any number (`sales_assets.metrics`).

It is not told to the audit log. A row for each scrape would be thousands a day and bury what people
do, and the page shows sums: no row of data, no log, no configuration. What is refused tells nothing
either; a wrong sign-in is told by the gate as everywhere.
"""

from __future__ import annotations

from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sales_assets.platform.access import Access


class Numbers(Protocol):
    """An installation's numbers."""

    def answer(self, accept: str) -> tuple[bytes, str]:
        """The page, and its content type."""
        ...

    def close(self) -> None:
        """End what reads them."""
        ...


async def monitored(request: Request, access: Access, numbers: Numbers | None) -> Response:
    """The numbers, for who may see those of all teams."""
    if not access.may_monitor:
        raise HTTPException(
            403,
            f"{access.person.name} may not read the numbers of all teams; an administrator can put "
            "them under `monitors` in teams.yaml.",
        )
    if numbers is None:
        raise HTTPException(404, "This server has no numbers to show.")
    body, kind = await run_in_threadpool(numbers.answer, request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": kind, "Cache-Control": "no-store"})
