"""Answers that are changed on the way: other dates, other values, another body.

Belongs here: changes of an answer as pure functions. Does not: which of them are faults (`faults`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from sales_assets_tests.frankfurter.answers import Answer, written

Change = Callable[[Answer], Answer]
Values = dict[str, Any]


def unchanged(full: Answer) -> Answer:
    """The answer itself."""
    return full


def of_body(change: Callable[[bytes], bytes]) -> Change:
    """Another body under the same headers."""
    return lambda full: replace(full, body=change(full.body))


def of_dates(moved: Callable[[date], str]) -> Change:
    """Another text for each date of the answer."""

    def of(text: str) -> str:
        return moved(date.fromisoformat(text))

    def change(document: Values) -> None:
        for name in document.keys() & {"date", "start_date", "end_date"}:
            document[name] = of(document[name])
        if "date" not in document:
            document["rates"] = {of(day): rates for day, rates in document["rates"].items()}

    return _of_document(change)


def of_values(
    wrong: Callable[[Decimal], Decimal | str | None], currency: str | None, on: date | None
) -> Change:
    """Another value for a currency's rate or for all, on one date or on all."""

    def change(document: Values) -> None:
        for rates in _of_day(document, on):
            rates |= {code: wrong(rates[code]) for code in rates if currency in {None, code}}

    return _of_document(change)


def without(currency: str | None, on: date | None) -> Change:
    """No rate of a currency or of all, on one date or on all."""

    def change(document: Values) -> None:
        for rates in _of_day(document, on):
            for code in list(rates) if currency is None else rates.keys() & {currency}:
                del rates[code]

    return _of_document(change)


def _of_document(change: Callable[[Values], None]) -> Change:
    # The tag stays, as the service has it of the day alone: a client that keeps the tag of an
    # answer that it refused is told later that nothing was modified.
    def changed(full: Answer) -> Answer:
        document = json.loads(full.body, parse_float=Decimal, parse_int=Decimal)
        if "rates" not in document:
            return full
        change(document)
        return replace(full, body=written(document))

    return changed


def _of_day(document: Values, on: date | None) -> Iterator[Values]:
    days = {document["date"]: document["rates"]} if "date" in document else document["rates"]
    for day, rates in days.items():
        if on is None or day == on.isoformat():
            yield rates
