"""Exchange rates from Frankfurter v1, the public API, over the network.

Belongs here: what is asked, when it is asked again, and when the API is left alone. Does not: one
call (`http`), the breaker's state (`breaker`), or what an answer says (`answers`).
https://frankfurter.dev
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

import tenacity
from pydantic import Field

from sales_assets.exchange_rates.api import (
    Answer,
    ApiRefusedError,
    ApiUnavailableError,
    CircuitOpenError,
    ExchangeRateApi,
    RatesRequest,
)
from sales_assets.exchange_rates.breaker import Circuit, open_circuit
from sales_assets.exchange_rates.calendar import published_by
from sales_assets.exchange_rates.http import Reply, Timeouts, get_json
from sales_assets.exchange_rates.state import RateState

PUBLIC_API = "https://api.frankfurter.dev/v1"
AGENT = "sales-assets"
DAY_SECONDS = 86_400
_MAX_AGE = re.compile(r"\bmax-age=(\d{1,9})(?!\d)")


class LiveRates(ExchangeRateApi):
    """Frankfurter at a URL.

    A call that may succeed the next time is made up to `attempts` times, with waits of exponential
    growth and full jitter, or of the Retry-After that the API asks for. After `failures_to_open`
    failed calls in a row, of whatever process, nobody calls for `open_seconds`.
    """

    url: str = PUBLIC_API
    state_url: str = Field(description="SQLAlchemy address of what all processes share.")
    connect_timeout: float = 5.0
    read_timeout: float = 10.0
    total_timeout: float = 30.0
    attempts: int = 4
    first_wait: float = Field(default=1.0, description="Seconds up to which the first wait lasts.")
    longest_wait: float = Field(default=30.0, description="No wait is longer than so many seconds.")
    failures_to_open: int = 5
    open_seconds: float = 60.0

    @property
    def provider(self) -> str:
        """The API's address."""
        return self.url.rstrip("/")

    @cached_property
    def _state(self) -> RateState:
        return RateState(url=self.state_url)

    @cached_property
    def _circuit(self) -> Circuit:
        return Circuit(
            self._state.engine,
            self.provider,
            self.failures_to_open,
            self.open_seconds,
            lease=self.total_timeout + self.connect_timeout,
        )

    def rates(self, request: RatesRequest, etag: str = "") -> Answer | None:
        """A month's rates; None if they are those of the ETag."""
        reply = self._ask(request.path, request.parameters, etag)
        if reply.body is None:
            return None
        return Answer(
            url=reply.url,
            body=reply.body.decode(),
            etag=reply.headers.get("etag", ""),
            fetched_at=datetime.now(UTC),
            max_age=_max_age(reply.headers.get("cache-control", "")),
        )

    def currencies(self) -> frozenset[str]:
        """The codes of all currencies that the API knows."""
        reply = self._ask("currencies", {}, "")
        return frozenset(json.loads(reply.body or b"{}"))

    def published_until(self, moment: datetime) -> date:
        """The last publication that is out."""
        return published_by(moment)

    def probe(self) -> None:
        """One call for the latest rates."""
        self._guarded("latest", {}, "")

    def is_left_alone(self) -> bool:
        """Whether the circuit is not closed."""
        return open_circuit(self._state.engine, self.provider) is not None

    def condition(self) -> Mapping[str, Any]:
        """The breaker's state, and the calls of the last day."""
        numbers = self._state.numbers(self.provider, time.time() - DAY_SECONDS)
        return {"breaker": str(self._circuit.condition()), **numbers}

    def _ask(self, path: str, parameters: Mapping[str, str], etag: str) -> Reply:
        """Ask until there is an answer, or until there is no hope of one."""
        asking = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=self._wait,
            retry=tenacity.retry_if_exception(self._may_pass),
            reraise=True,
        )
        return asking(self._guarded, path, parameters, etag)

    def _guarded(self, path: str, parameters: Mapping[str, str], etag: str) -> Reply:
        """One attempt, unless the circuit is open; long waits asked for open it."""
        try:
            return self._circuit.call(lambda: self._measured(path, parameters, etag))
        except ApiUnavailableError as error:
            if (error.retry_after or 0) > self.longest_wait:
                self._circuit.leave_alone(error.retry_after or 0)
            raise

    def _measured(self, path: str, parameters: Mapping[str, str], etag: str) -> Reply:
        begun = time.monotonic()
        outcome, size = "interrupted", 0
        try:
            reply = get_json(
                f"{self.provider}/{path}",
                parameters,
                etag,
                Timeouts(self.connect_timeout, self.read_timeout, self.total_timeout),
                AGENT,
            )
            outcome, size = ("not_modified", 0) if reply.body is None else ("ok", len(reply.body))
        except ApiUnavailableError as error:
            outcome = error.failure
            raise
        except ApiRefusedError:
            outcome = "refused"
            raise
        finally:
            self._state.note_call(self.provider, outcome, time.monotonic() - begun, size)
        return reply

    def _may_pass(self, error: BaseException) -> bool:
        return (
            isinstance(error, ApiUnavailableError)
            and not isinstance(error, CircuitOpenError)
            and (error.retry_after or 0) <= self.longest_wait
        )

    def _wait(self, retrying: tenacity.RetryCallState) -> float:
        """Up to an exponentially growing time by chance, at least as long as the API asked for.

        Full jitter, as in https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter
        """
        error = retrying.outcome.exception() if retrying.outcome else None
        asked_for = (isinstance(error, ApiUnavailableError) and error.retry_after) or 0.0
        jitter = tenacity.wait_random_exponential(self.first_wait, max=self.longest_wait)
        return max(asked_for, float(jitter(retrying)))


def _max_age(cache_control: str) -> int:
    found = _MAX_AGE.search(cache_control)
    return int(found[1]) if found and "no-store" not in cache_control else 0
