"""What a source of exchange rates is: the interface, its requests, answers and errors.

Belongs here: what all implementations have in common. Does not: any of them (`live`, `snapshot`,
`recorded`), or what an answer's text says (`answers`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import dagster as dg

from sales_assets.errors import PermanentError, TransientError
from sales_assets.exchange_rates.currencies import BASE
from sales_assets.partitions import Window


class ApiUnavailableError(TransientError):
    """The API did not answer as it should, for now. `failure` is the class that is counted.

    `retry_after` is how many seconds the API asked to be left alone, if it did.
    """

    def __init__(self, message: str, failure: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.failure = failure
        self.retry_after = retry_after


class CircuitOpenError(ApiUnavailableError):
    """The API was not called: it failed so often that it is left alone for a while."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "circuit_open")


class ApiRefusedError(PermanentError):
    """The API refuses the request: somebody has to correct a contract or a setting."""


@dataclass(frozen=True)
class RatesRequest:
    """The rates of a calendar month and some days before it, per one euro, of some currencies."""

    month: Window
    symbols: tuple[str, ...]
    days_before: int = 0

    @property
    def start(self) -> date:
        """The first day that is asked for."""
        return self.month.start - timedelta(days=self.days_before)

    @property
    def path(self) -> str:
        """The address below the API's own: `2024-01-01..2024-01-31`."""
        return f"{self.start}..{self.month.last_key}"

    @property
    def parameters(self) -> Mapping[str, str]:
        """The query."""
        return {"base": BASE, "symbols": ",".join(self.symbols)}


@dataclass(frozen=True)
class Answer:
    """What the API said, to the letter. `fetched_at` is aware, in UTC; `max_age` is in seconds."""

    url: str
    body: str
    etag: str
    fetched_at: datetime
    max_age: int = 0


class ExchangeRateApi(dg.ConfigurableResource[Any], ABC):
    """A source of the ECB's reference rates.

    Methods raise ApiUnavailableError for what may pass and ApiRefusedError for what a person has
    to set right.
    """

    @property
    @abstractmethod
    def provider(self) -> str:
        """Which source this is; answers of another one are not mixed with its own."""

    @abstractmethod
    def rates(self, request: RatesRequest, etag: str = "") -> Answer | None:
        """A month's rates; None if they are still those of the answer that had this ETag."""

    @abstractmethod
    def currencies(self) -> frozenset[str]:
        """The codes of all currencies that it has ever had."""

    @abstractmethod
    def published_until(self, moment: datetime) -> date:
        """The last publication that it can be expected to have at a moment."""

    def probe(self) -> None:
        """Find out, with one cheap call, whether it answers; raises as the others do."""

    def is_left_alone(self) -> bool:
        """Whether nobody calls it just now, since it failed too often."""
        return False

    def condition(self) -> Mapping[str, Any]:
        """How it does, for the operator: numbers and texts; nothing for one without a network."""
        return {}
