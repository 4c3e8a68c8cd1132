"""The routes by which others report events of assets: as the mutation that does the same.

Belongs here: the role for the locations of the asset and the check, the audit log, bodies that are
wrong. Does not: what Dagster makes of an event.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import dagster as dg
from dagster_webserver.external_assets import (
    ReportAssetCheckEvalParam,
    ReportAssetMatParam,
    _asset_key_from_request,
    _value_from_body_or_params,
)
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from sales_assets.platform.audit.concluding import conclude
from sales_assets.platform.audit.entries import Auditor, Outcome
from sales_assets.platform.bodies import JSON, again, content_type, json_object, read_body
from sales_assets.platform.context import TeamRequestContext
from sales_assets.platform.intents import intent
from sales_assets.platform.mutations import MUTATIONS, authorise
from sales_assets.platform.refusals import RefusedError
from sales_assets.platform.touched import assets, check

_REPORT_CHECK = "POST /report_asset_check"
Endpoint = Callable[[Request], Awaitable[JSONResponse]]


async def reported(
    request: Request, context: TeamRequestContext, auditor: Auditor, endpoint: Endpoint
) -> JSONResponse:
    """Do what Dagster's endpoint does, if the person may, and tell it."""
    body = await read_body(request)
    if body and content_type(request) != JSON:
        raise HTTPException(415, f"The body has to be {JSON}.")
    data = json_object(body) if body else {}
    key = _key(request, data)
    operation = "POST /report_" + request.scope["path"].partition("/report_")[2].partition("/")[0]
    if operation == _REPORT_CHECK:
        name = _value_from_body_or_params(ReportAssetCheckEvalParam.check_name, request, data)
        found = check(context, key, name if isinstance(name, str) else None)
    else:
        found = assets(context, [key])
    told = {"path": request.url.path, "query": str(request.query_params), "body": data}
    number = await run_in_threadpool(auditor.intend, intent(context, operation, found, told))
    outcome, detail = Outcome.FAILED, ""
    try:
        authorise(context, MUTATIONS["reportRunlessAssetEvents"], found)
        answer = await endpoint(again(request, body))
        outcome = _OUTCOMES.get(answer.status_code, Outcome.REFUSED)
        return answer
    except RefusedError as error:
        outcome, detail = Outcome.DENIED, str(error)
        return JSONResponse({"error": str(error)}, status_code=403)
    finally:
        await run_in_threadpool(conclude, auditor, number, outcome, detail)


_OUTCOMES = {200: Outcome.SUCCEEDED, 401: Outcome.DENIED}


def _key(request: Request, data: dict[str, Any]) -> dg.AssetKey:
    """The key as Dagster's endpoint takes it: of the path, else the body, else the query."""
    try:
        key = _asset_key_from_request(ReportAssetMatParam.asset_key, request, data)
    except Exception:  # noqa: BLE001 (whatever Dagster finds wrong with it)
        key = None
    if not isinstance(key, dg.AssetKey) or not key.path:
        raise HTTPException(400, "The asset key is missing or wrong; name it in the path.")
    return key
