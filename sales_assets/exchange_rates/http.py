"""One request over HTTP with a total time-out, and what went wrong in the project's words.

Belongs here: httpx, its time-outs and its errors. Does not: whether to try again (`live`), or
what an answer says (`answers`).

httpx limits the time to connect and the time between two bytes, but not the whole: a server that
sends a byte a second is never late. So the call runs under anyio's clock, in a thread of its own,
because whoever calls may run an event loop already (a notebook does).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import anyio
import anyio.from_thread
import httpx

from sales_assets.exchange_rates.api import ApiRefusedError, ApiUnavailableError

LARGEST = 4 * 2**20
"""Bytes of the largest answer that is read; a month of all currencies has fifteen thousand."""
PASSING = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""Answers of the 400s that the same request may not get the next time."""
LONGEST_REST = 86_400.0
"""Seconds that an API can ask to be left alone: one that says a century is asked tomorrow."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect, between two bytes, and for the whole call."""

    connect: float
    read: float
    total: float


@dataclass(frozen=True)
class Reply:
    """A successful reply; without a body if what was asked for is not modified."""

    url: str
    headers: Mapping[str, str]
    body: bytes | None


def get_json(
    url: str, parameters: Mapping[str, str], etag: str, timeouts: Timeouts, agent: str
) -> Reply:
    """GET a JSON document.

    Raises ApiUnavailableError for what may pass (time-outs, broken connections and bodies, 429,
    5xx) and ApiRefusedError for what will not.
    """
    headers = {"Accept": "application/json", "User-Agent": agent}
    if etag:
        headers["If-None-Match"] = etag
    try:
        with anyio.from_thread.start_blocking_portal() as portal:
            response, body = portal.call(_get, url, parameters, headers, timeouts)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise ApiUnavailableError(
            f"{url}: no answer in time ({_name(error)})", "timeout"
        ) from error
    except (httpx.ConnectError, httpx.ProxyError) as error:
        raise ApiUnavailableError(f"{url}: cannot be reached ({error})", "unreachable") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
        raise ApiRefusedError(
            f"{url}: is no address of the API ({error}); correct SALES_ASSETS_EXCHANGE_RATES_URL"
        ) from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise ApiUnavailableError(
            f"{url}: the answer broke off ({_name(error)}: {error})", "interrupted"
        ) from error
    return _checked(response, body, etag)


async def _get(
    url: str, parameters: Mapping[str, str], headers: Mapping[str, str], timeouts: Timeouts
) -> tuple[httpx.Response, bytes]:
    limits = httpx.Timeout(timeouts.read, connect=timeouts.connect)
    with anyio.fail_after(timeouts.total):
        async with (
            httpx.AsyncClient(timeout=limits, follow_redirects=True, max_redirects=3) as client,
            client.stream("GET", url, params=dict(parameters), headers=dict(headers)) as response,
        ):
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > LARGEST:
                    raise ApiUnavailableError(
                        f"{url}: the answer is larger than {LARGEST:,} bytes", "too_large"
                    )
            return response, bytes(body)


def _checked(response: httpx.Response, body: bytes, etag: str) -> Reply:
    """The reply, if it is a success with JSON or confirms an ETag."""
    url, status = str(response.url), response.status_code
    if status == HTTPStatus.NOT_MODIFIED and etag:
        return Reply(url, response.headers, None)
    if status in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        failure = "throttled" if status == HTTPStatus.TOO_MANY_REQUESTS else "server_error"
        raise ApiUnavailableError(
            f"{url}: answers {status} {response.reason_phrase}",
            failure,
            _seconds(response.headers.get("retry-after")),
        )
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ApiRefusedError(
            f"{url}: answers {status} {body[:200].decode('utf-8', 'replace').strip()!r}; check "
            "SALES_ASSETS_EXCHANGE_RATES_URL and the currencies that the contracts name"
        )
    if status != HTTPStatus.OK:
        raise ApiUnavailableError(f"{url}: answers {status}, which was not asked for", "not_json")
    try:
        is_object = isinstance(json.loads(body.decode()), dict)
    except (RecursionError, ValueError) as error:
        kind = response.headers.get("content-type", "nothing said")
        raise ApiUnavailableError(f"{url}: no JSON ({kind}): {error}", "not_json") from error
    if not is_object:
        raise ApiUnavailableError(f"{url}: JSON, but no object", "not_json")
    return Reply(url, response.headers, body)


def _seconds(retry_after: str | None) -> float | None:
    """Seconds of a Retry-After header: a number, or a date of HTTP; None if it is neither."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_REST)
    try:
        moment = parsedate_to_datetime(text)
    except (OverflowError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), LONGEST_REST)


def _name(error: Exception) -> str:
    return type(error).__name__
