"""The publications of a span of days, from the API or from what is remembered of it.

Belongs here: which months are asked for, and going on when the API is away. Does not: calling it
(`live`), judging rates (`plausibility`), or storing them (`resources.warehouse`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from sales_assets.errors import SalesAssetsError
from sales_assets.exchange_rates.answers import Values, WrongAnswerError, read_rates
from sales_assets.exchange_rates.api import (
    Answer,
    ApiRefusedError,
    ApiUnavailableError,
    ExchangeRateApi,
    RatesRequest,
)
from sales_assets.exchange_rates.calendar import last_publication, months
from sales_assets.exchange_rates.currencies import ENDED, LIVE, is_published
from sales_assets.exchange_rates.staged_answers import StagedAnswer, get_answer, put_answer
from sales_assets.exchange_rates.state import CACHED, DayState, KnownAnswer, RateState
from sales_assets.partitions import DAY, Window
from sales_assets.resources.object_store import ObjectStore

FIRST_PUBLICATION = date(1999, 1, 4)
"""The euro's first day of business; the API refuses earlier dates."""


@dataclass
class Collected:
    """Publications as the answers have them, and where they come from."""

    values: dict[date, dict[str, object]] = field(default_factory=dict)
    keys: dict[date, str] = field(default_factory=dict)
    """Date of publication -> key of the object that it is from."""
    failures: dict[Window, SalesAssetsError] = field(default_factory=dict)
    """The months of which there is no answer, or none that can be believed, and why: a
    PermanentError if somebody has to set something right."""
    staged: int = 0
    """Answers that were put into the object store."""

    def add(self, request: RatesRequest, values: Values, key: str) -> None:
        """Add an answer; what it has of the month before gives way to that month's own answer."""
        for day, rates in values.items():
            if day in request.month or day not in self.values:
                self.values[day] = dict(rates)
                self.keys[day] = key


def unknown_currencies(api: ExchangeRateApi, symbols: Sequence[str]) -> list[str]:
    """The currencies that the API has never had.

    It leaves such out without a word. It is asked for its list only if it is about a currency
    that was not published when this was written; none is unknown while it does not answer.
    """
    strange = [symbol for symbol in symbols if symbol not in LIVE and symbol not in ENDED]
    try:
        return sorted(set(strange) - api.currencies()) if strange else []
    except (ApiUnavailableError, ApiRefusedError):
        return []


class Collector:
    """Gets answers, remembers them, and falls back on remembered ones."""

    def __init__(self, api: ExchangeRateApi, state: RateState, store: ObjectStore) -> None:
        self._api = api
        self._state = state
        self._store = store

    def collect(self, window: Window, symbols: Sequence[str], days_before: int = 0) -> Collected:
        """The publications of all months of a window, and of some days before each.

        A month that cannot be had, or is refused, is one of the result's failures.
        """
        found = Collected()
        for request, due in _requests(window, symbols, days_before):
            try:
                self._month(found, request, due)
            except (ApiUnavailableError, ApiRefusedError, WrongAnswerError) as error:
                found.failures[request.month] = error
        return found

    def _month(self, found: Collected, request: RatesRequest, due: date) -> None:
        """Add one month; `due` is the last publication that is wanted of it."""
        known = self._state.answer(self._api.provider, request)
        staged = get_answer(self._store, known.object_key) if known else None
        values = self._readable(staged)
        has_due = values is not None and max(values, default=date.min) >= due
        has_holes = values is not None and self._has_holes(request.month, values)
        fresh_enough = has_due and not has_holes and known and known.is_fresh(time.time())
        if known and values is not None and fresh_enough:
            self._state.note_call(self._api.provider, CACHED)
            found.add(request, values, known.object_key)
            return
        try:
            usable = values is not None and not has_holes
            answer = self._api.rates(request, known.etag if known and usable else "")
            if answer is not None:
                key, fresh = self._stage(found, request, answer)
        except (ApiUnavailableError, ApiRefusedError, WrongAnswerError) as error:
            if known is None or values is None:
                raise
            found.add(request, values, known.object_key)
            if not has_due or isinstance(error, ApiRefusedError):
                found.failures[request.month] = error
            return
        if answer is None:
            assert known is not None
            assert values is not None
            confirmed = KnownAnswer(known.object_key, known.etag, time.time(), known.max_age)
            self._state.keep_answer(self._api.provider, request, confirmed)
            found.add(request, values, known.object_key)
            return
        asked_at = answer.fetched_at.timestamp()
        last = KnownAnswer(key, answer.etag, asked_at, answer.max_age)
        self._state.keep_answer(self._api.provider, request, last)
        found.add(request, fresh, key)

    def _has_holes(self, month: Window, values: Values) -> bool:
        """Whether days of a month are not current though later rates are there.

        The API's ETag may be of the last day alone, and whoever garbled an answer may have left it
        as it was: that nothing was modified would keep the holes for ever.
        """
        until = max(values, default=date.min)
        return any(
            day.state is not DayState.CURRENT and last_publication(day.day) <= until
            for day in self._state.days(month).values()
        )

    def _stage(self, found: Collected, request: RatesRequest, answer: Answer) -> tuple[str, Values]:
        """Keep an answer, also one that cannot be believed, and read it."""
        key = put_answer(self._store, self._api.provider, request, answer)
        found.staged += 1
        try:
            return key, read_rates(request, answer)
        except WrongAnswerError as error:
            raise WrongAnswerError(f"{error}; it is kept as {self._store.address(key)}") from error

    def _readable(self, staged: StagedAnswer | None) -> Values | None:
        """The values of a remembered answer; None if there is none to go by."""
        if staged is None:
            return None
        try:
            return read_rates(staged.request, staged.answer)
        except WrongAnswerError:
            return None


def _requests(
    window: Window, symbols: Sequence[str], days_before: int
) -> Iterator[tuple[RatesRequest, date]]:
    """A request for each month with a published currency, and the last publication it is for."""
    for month in months(window):
        before = max(min(days_before, (month.start - FIRST_PUBLICATION).days), 0)
        first = last_publication(month.start - before * DAY)  # which the answer begins with
        last = min(month.end, window.end) - DAY
        alive = tuple(s for s in symbols if is_published(s, first) or is_published(s, last))
        if alive and month.end > FIRST_PUBLICATION:
            yield RatesRequest(month, alive, before), last_publication(last)
