"""Exchange rates from answers that were kept: an earlier run, played again.

Belongs here: finding the recorded answer. Does not: recording, which every run does
(`staged_answers`). For tests, and to see what a run saw.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from sales_assets.exchange_rates.answers import WrongAnswerError, read_rates
from sales_assets.exchange_rates.api import (
    Answer,
    ApiUnavailableError,
    ExchangeRateApi,
    RatesRequest,
)
from sales_assets.exchange_rates.calendar import published_by
from sales_assets.exchange_rates.staged_answers import StagedAnswer, read_answer


class RecordedRates(ExchangeRateApi):
    """The answers below a folder, such as `objects/exchange_rates` of an installation."""

    folder: str

    @property
    def provider(self) -> str:
        """The folder."""
        return f"recorded/{self.folder}"

    @cached_property
    def _answers(self) -> list[StagedAnswer]:
        """All of them, the last one first."""
        found = map(read_answer, Path(self.folder).rglob("*.json"))
        return sorted(found, key=lambda staged: staged.answer.fetched_at, reverse=True)

    def rates(self, request: RatesRequest, etag: str = "") -> Answer | None:
        """The last recorded answer to a request that has all of its currencies."""
        for staged in self._answers:
            same = staged.request.path == request.path
            if same and set(request.symbols) <= set(staged.request.symbols):
                return None if staged.answer.etag == etag != "" else staged.answer
        raise ApiUnavailableError(
            f"{self.folder}: holds no answer for {request.path} with {', '.join(request.symbols)}",
            "not_recorded",
        )

    def currencies(self) -> frozenset[str]:
        """The codes of all currencies in any answer."""
        codes: set[str] = set()
        for staged in self._answers:
            with suppress(WrongAnswerError):  # it is recorded, but not what was asked for
                codes.update(*read_rates(staged.request, staged.answer).values())
        return frozenset(codes)

    def published_until(self, moment: datetime) -> date:
        """What was out when the last answer was recorded."""
        recorded = max((s.answer.fetched_at for s in self._answers), default=moment)
        return published_by(min(moment, recorded))
