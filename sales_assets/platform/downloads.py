"""The routes by which people read files: told to the audit log as mutations are.

Belongs here: what a download is about, and how it ended. Does not: who sees what
(`scoping.endpoints`), or the routes that report events (`reports`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sales_assets.platform.audit.concluding import conclude
from sales_assets.platform.audit.entries import Auditor, Outcome
from sales_assets.platform.context import TeamRequestContext
from sales_assets.platform.intents import intent
from sales_assets.platform.scoping.sight import is_plain_name
from sales_assets.platform.touched import Touched, location_of_run, named

Download = Callable[[Request], Awaitable[Response]]


async def downloaded(
    request: Request,
    make_context: Callable[[Request], TeamRequestContext],
    auditor: Auditor,
    route: str,
    endpoint: Download,
) -> Response:
    """Do what the endpoint does, and tell it; what is hidden or missing is told as refused."""
    told = {"path": request.url.path, "query": str(request.query_params)}

    def begin() -> int:
        with make_context(request) as context:
            return auditor.intend(intent(context, f"GET {route}", _about(context, request), told))

    number = await run_in_threadpool(begin)
    outcome, detail = Outcome.FAILED, ""
    try:
        answer = await endpoint(request)
        outcome = Outcome.SUCCEEDED if answer.status_code < 400 else Outcome.REFUSED
        return answer
    except HTTPException as error:
        outcome, detail = Outcome.REFUSED, str(error.status_code)
        raise
    except BaseException as error:
        detail = type(error).__name__
        raise
    finally:
        await run_in_threadpool(conclude, auditor, number, outcome, detail)


def _about(context: TeamRequestContext, request: Request) -> Touched:
    """The run of a debug file, that of a log key, or the notebook.

    A log key begins with a run's id, or names a tick or backfill, whose team is not looked up.
    """
    if "run_id" in request.path_params:
        return _run(context, request.path_params["run_id"])
    if "path" in request.path_params:
        key = request.path_params["path"]
        first, _, rest = key.partition("/")
        is_of_run = rest.startswith("compute_logs/")
        return _run(context, first) if is_of_run else named("logs", [key], [])
    where = request.query_params.get("repoLocName", "")
    path = request.query_params.get("path", "")
    return named("notebook", [f"{where}/{path}"], [where])


def _run(context: TeamRequestContext, run_id: str) -> Touched:
    location = location_of_run(context, run_id) if is_plain_name(run_id) else None
    return named("run", [run_id], [location])
