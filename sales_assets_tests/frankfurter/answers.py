"""What Frankfurter v1 answers, as pure functions of the question, the rates and the day.

Belongs here: the documented behaviour, down to its corners. Does not: sockets (`server`), and
whatever the service would not do itself (`faults`).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from typing import Any

from sales_assets_tests.frankfurter.currencies import NAMES
from sales_assets_tests.frankfurter.questions import (
    EURO,
    InvalidError,
    Kind,
    Question,
    kind_of,
    read_question,
)
from sales_assets_tests.frankfurter.rates import Publication, Rates

LOOK_BACK = timedelta(days=14)
JSON = "application/json; charset=utf-8"
CACHED = "public, max-age=86400"
NOT_CACHED = "no-store"
PLACES = ((80, 2), (20, 3), (1, 4), (0.0001, 5))
"""Above which value to how many places; above 5000 to none, and to six below all."""
WIDE = Context(prec=400)
"""Wide enough for every float."""

ByDay = Mapping[date, Publication]


@dataclass(frozen=True)
class Answer:
    """An answer as it is sent; headers that the connection needs are added there."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def answer(path: str, query: str, rates: Rates, today: date) -> Answer:
    """The answer to a call on a day, when the rates are all that was published."""
    match kind_of(path):
        case Kind.OTHER:
            return not_found()
        case Kind.CURRENCIES:
            return _currencies(rates, today)
    try:
        question = read_question(path, query, today)
        found = _converted(question, _published(question, rates, today))
    except InvalidError as invalid:
        return refused(422, str(invalid))
    if not found:
        return not_found()
    amount = Decimal(repr(question.amount))
    document: dict[str, Any] = {"amount": amount, "base": question.base}
    days = list(found)
    if question.kind == Kind.RANGE:
        document |= {"start_date": days[0].isoformat(), "end_date": days[-1].isoformat()}
        document["rates"] = {day.isoformat(): quoted for day, quoted in found.items()}
        return _answered(document, days[-1])
    # Of a currency that has ended the last rate is carried forward, and makes a day of its own.
    document |= {"date": days[0].isoformat(), "rates": found[days[0]]}
    return _answered(document, days[0])


def conditional(full: Answer, if_none_match: str | None) -> Answer:
    """The answer to a client that has an answer already."""
    tag = full.headers.get("etag")
    if if_none_match is None or tag is None:
        return full
    known = [one.strip() for one in if_none_match.split(",")]
    return not_modified(full) if tag in known or known == ["*"] else full


def not_modified(full: Answer) -> Answer:
    """The answer that the client's own is still good."""
    kept = {name: value for name, value in full.headers.items() if name != "content-type"}
    return Answer(304, b"", kept)


def not_found() -> Answer:
    """The answer where there is nothing."""
    return refused(404, "not found")


def refused(status: int, message: str) -> Answer:
    """An error as the service words it."""
    return Answer(
        status, written({"message": message}), {"content-type": JSON, "cache-control": NOT_CACHED}
    )


def rounded(value: float) -> Decimal:
    """A rate as the service rounds it: the shortest digits of the float, halves to even."""
    if not math.isfinite(value):
        raise InvalidError("rate is not a finite number")
    if value > 5000:
        return Decimal(value).quantize(Decimal(1), ROUND_HALF_UP, WIDE)
    places = next((places for above, places in PLACES if value > above), 6)
    exact = Decimal(repr(value))
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN).normalize()


def written(document: Any) -> bytes:
    """JSON that keeps the digits of decimals."""
    return _text(document).encode()


def _text(value: Any) -> str:
    match value:
        case Decimal():
            return f"{value:f}"
        case Mapping():
            return f"{{{','.join(f'{json.dumps(k)}:{_text(v)}' for k, v in value.items())}}}"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _answered(document: Mapping[str, Any], day: date) -> Answer:
    # The service's tag is of the last day alone, not of the content: one that was corrected, or
    # that is about other currencies, has the same.
    tag = hashlib.md5(day.isoformat().encode(), usedforsecurity=False).hexdigest()
    headers = {"content-type": JSON, "cache-control": CACHED, "etag": f'"{tag}"'}
    return Answer(200, written(document), headers)


def _currencies(rates: Rates, today: date) -> Answer:
    days = rates.days_between(today - LOOK_BACK, today)
    if not days:
        return Answer(200, b"{}", {"content-type": JSON, "cache-control": CACHED})
    codes = {EURO}.union(*(rates.by_day[day] for day in days))
    return _answered({code: NAMES[code] for code in sorted(codes)}, days[-1])


def _published(question: Question, rates: Rates, today: date) -> ByDay:
    """The ECB's rates that a question needs, by the days that they are of."""
    wanted = None if question.symbols is None else {*question.symbols, question.base}
    if question.kind == Kind.RANGE:
        if question.first > today:
            return {}
        first = rates.last_day(question.first) or question.first
        days = rates.days_between(first, min(question.last, today))
        chosen = {day: _chosen(rates.by_day[day], wanted) for day in days}
        return {day: some for day, some in chosen.items() if some}
    asked = min(question.first, today)
    # Per currency, not per publication; a currency keeps the place of its first day, so that the
    # answer's day is that of the currency that comes first.
    last: dict[str, date] = {}
    for day in rates.days_between(asked - LOOK_BACK, asked):
        last |= dict.fromkeys(_chosen(rates.by_day[day], wanted), day)
    by_day: dict[date, dict[str, Decimal]] = {}
    for code, day in last.items():
        by_day.setdefault(day, {})[code] = rates.by_day[day][code]
    return by_day


def _chosen(publication: Publication, wanted: Iterable[str] | None) -> Publication:
    codes = sorted(publication if wanted is None else publication.keys() & set(wanted))
    return {code: publication[code] for code in codes}


def _converted(question: Question, by_day: ByDay) -> ByDay:
    if question.base == EURO and question.amount == 1:
        return by_day
    converted = {day: _of_base(question, rates) for day, rates in by_day.items()}
    return {day: rates for day, rates in converted.items() if rates}


def _of_base(question: Question, rates: Publication) -> Publication:
    """Rates for an amount of the base, in the service's floats; none without a rate of the base."""
    amount = question.amount
    scaled = {code: rounded(amount * float(rate)) for code, rate in rates.items()}
    if question.base == EURO:
        return scaled
    # Rounded already, and once more below: that the digits are lost here is the service's doing.
    floats = {code: float(rate) for code, rate in scaled.items()}
    if question.symbols is None or EURO in question.symbols:
        floats[EURO] = amount
    divisor = floats.pop(question.base, None)
    if divisor is None:
        return {}
    if not divisor:
        raise InvalidError("rate is not a finite number")
    return {code: rounded(amount * floats[code] / divisor) for code in sorted(floats)}
