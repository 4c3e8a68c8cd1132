"""What an answer says: rates by day of publication, or that it cannot be believed.

Belongs here: reading an answer's text and the rules for an answer as a whole. Does not: whether
a single rate is plausible (`plausibility`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sales_assets.errors import TransientError
from sales_assets.exchange_rates.api import Answer, RatesRequest
from sales_assets.exchange_rates.calendar import LOOK_BACK
from sales_assets.exchange_rates.currencies import BASE

Values = Mapping[date, Mapping[str, Any]]
"""Date of publication -> currency -> what stands there, a Decimal if all is well."""


class WrongAnswerError(TransientError):
    """An answer that is well formed but does not belong to its request. Nothing of it may enter."""


def read_rates(request: RatesRequest, answer: Answer) -> Values:
    """The values of an answer, each as it stands there.

    Only the currencies that were asked for. Raises WrongAnswerError for another base, an amount
    other than 1, and dates that cannot be: out of the span and the look-back before it, later
    than the answer, or on a weekend. A wrong date makes all others doubtful too.
    """
    try:
        content = json.loads(
            answer.body, parse_float=_number, parse_int=_number, parse_constant=str
        )
        base, amount, rates = content["base"], content.get("amount", 1), content["rates"]
        values = {date.fromisoformat(text): dict(found) for text, found in rates.items()}
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise WrongAnswerError(f"{answer.url}: is no answer with rates ({error!r})") from error
    if base != BASE or amount != 1:
        raise WrongAnswerError(
            f"{answer.url}: is about {amount} {base}, and 1 {BASE} was asked for"
        )
    latest = min(request.month.end, answer.fetched_at.date() + timedelta(days=2))
    wrong = [
        day for day in values if not request.start - LOOK_BACK <= day < latest or day.weekday() >= 5
    ]
    before = [day for day in values if day < request.start]
    if wrong or len(before) > 1:
        raise WrongAnswerError(
            f"{answer.url}: has rates of {', '.join(map(str, sorted(wrong or before)[:5]))}, which "
            f"cannot be in {request.path}"
        )
    return {
        day: {symbol: found[symbol] for symbol in request.symbols if symbol in found}
        for day, found in sorted(values.items())
    }


def _number(text: str) -> Decimal | str:
    """A number to the last digit; the text of one that is beyond all bounds."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text
