"""What can go wrong with an API, to be injected into the stand-in.

Belongs here: each fault as an answer that is changed, sent late or sent badly, and which calls it
is for. Does not: how an answer is changed (`changes`), sockets (`delivery`), and which
fault meets which call (`server`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from email.utils import formatdate
from time import time

from sales_assets_tests.frankfurter import answers
from sales_assets_tests.frankfurter.answers import Answer
from sales_assets_tests.frankfurter.changes import (
    Change,
    of_body,
    of_dates,
    of_values,
    unchanged,
    without,
)
from sales_assets_tests.frankfurter.delivery import Delivery
from sales_assets_tests.frankfurter.questions import Kind

FOR_EVER = None
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with a call."""

    name: str
    change: Change = unchanged
    delivery: Delivery = Delivery.WHOLE
    pause: float = 0.0
    """Seconds between two pieces, for a delivery that has pauses."""
    delay: float = 0.0
    """Seconds before anything is sent."""

    def delayed(self, seconds: float) -> Fault:
        """The same, and late besides."""
        return replace(self, delay=seconds)

    @property
    def keeps_conditions(self) -> bool:
        """Whether If-None-Match still holds; a fault that changes something is always seen."""
        return self.change is unchanged and self.delivery is Delivery.WHOLE


@dataclass
class Injection:
    """A fault, and the calls it is for: numbered from 1 on, from when it was injected."""

    fault: Fault
    nth: int = 1
    times: int | None = 1
    kind: Kind | None = None
    """The only kind of path whose calls are numbered, or None for all."""
    seen: int = 0

    def __post_init__(self) -> None:
        if self.nth < 1 or (self.times is not None and self.times < 1):
            raise ValueError("calls are numbered from 1 on, and a fault is for one or more")

    def meets(self, kind: Kind) -> bool:
        """Whether the fault is for this call, which is counted."""
        if self.kind not in {None, kind}:
            return False
        self.seen += 1
        end = math.inf if self.times is None else self.nth + self.times
        return self.nth <= self.seen < end


def latency(seconds: float) -> Fault:
    """The right answer, late."""
    return Fault("latency", delay=seconds)


def hang() -> Fault:
    """No answer, until the client goes or the server stops."""
    return Fault("hang", delivery=Delivery.NONE)


def drip(pause: float = 0.2) -> Fault:
    """The right answer, a byte at a time: each read is in time, the whole is not."""
    return Fault("drip", delivery=Delivery.DRIP, pause=pause)


def reset() -> Fault:
    """A connection that is reset in the middle of the body."""
    return Fault("reset", delivery=Delivery.RESET)


def truncated() -> Fault:
    """A connection that is closed before the body has its stated length."""
    return Fault("truncated", delivery=Delivery.TRUNCATED)


def endless(pause: float = 0.01) -> Fault:
    """A body of unknown length that does not end: blanks, 64 KiB after each pause."""
    return Fault("endless", delivery=Delivery.ENDLESS, pause=pause)


def oversized(size: int = 64 * MEBIBYTE) -> Fault:
    """The right answer, filled with blanks up to a size."""
    return Fault("oversized", of_body(lambda body: body[:-1].ljust(size - 1) + body[-1:]))


def too_many_requests(retry_after: int | None = None, *, as_date: bool = False) -> Fault:
    """A 429, without or with a time to come again: in seconds, or as a moment as HTTP has it."""

    def change(full: Answer) -> Answer:
        refusal = answers.refused(429, "too many requests")
        if retry_after is None:
            return refusal
        # HTTP knows whole seconds; rounded up, so that the wait is not shorter than asked for.
        moment = formatdate(math.ceil(time() + retry_after), usegmt=True)
        header = moment if as_date else str(retry_after)
        return replace(refusal, headers={**refusal.headers, "retry-after": header})

    return Fault("too_many_requests", change)


def server_error(status: int = 503) -> Fault:
    """A 500, 502 or 503 in words of the machine in between, not in JSON."""
    page = f"<html><body><h1>{status}</h1></body></html>".encode()
    headers = {"content-type": "text/html", "cache-control": answers.NOT_CACHED}
    return Fault("server_error", lambda _: Answer(status, page, headers))


def unknown() -> Fault:
    """A 404 for what there is."""
    return Fault("unknown", lambda _: answers.not_found())


def unprocessable(message: str = "invalid date") -> Fault:
    """A 422 for what is in order."""
    return Fault("unprocessable", lambda _: answers.refused(422, message))


def not_modified() -> Fault:
    """A 304, to a client that may have nothing."""
    return Fault("not_modified", answers.not_modified)


def html() -> Fault:
    """A page instead of JSON, with status 200."""
    page = b"<!DOCTYPE html><html><body>We will be back soon.</body></html>"
    headers = {"content-type": "text/html; charset=utf-8"}
    return Fault("html", lambda _: Answer(200, page, headers))


def broken_json() -> Fault:
    """Half of the JSON, of the stated length, with status 200."""
    return Fault("broken_json", of_body(lambda body: body[: len(body) // 2]))


def empty_body() -> Fault:
    """Nothing, with status 200."""
    return Fault("empty_body", of_body(lambda _: b""))


def shifted_dates(days: int = 1) -> Fault:
    """All dates of the answer moved by some days."""
    return Fault("shifted_dates", of_dates(lambda day: (day + timedelta(days)).isoformat()))


def other_year(years: int = -1) -> Fault:
    """All dates of the answer in another year."""

    def moved(day: date) -> str:
        leap_day = (day.month, day.day) == (2, 29)
        return day.replace(year=day.year + years, day=28 if leap_day else day.day).isoformat()

    return Fault("other_year", of_dates(moved))


def no_dates() -> Fault:
    """Dates in the answer that are none."""
    return Fault("no_dates", of_dates(lambda day: f"{day.year}-13-{day.day:02}"))


def missing(currency: str | None = None, on: date | None = None) -> Fault:
    """An answer without a currency, on one date or on all; without any if none is named."""
    return Fault("missing", without(currency, on))


def zero(currency: str | None = None, on: date | None = None) -> Fault:
    """A rate of 0."""
    return Fault("zero", of_values(lambda _: Decimal(0), currency, on))


def negative(currency: str | None = None, on: date | None = None) -> Fault:
    """A rate below 0."""
    return Fault("negative", of_values(lambda rate: -rate, currency, on))


def tenfold(currency: str | None = None, on: date | None = None) -> Fault:
    """A rate that is ten times too large."""
    return Fault("tenfold", of_values(lambda rate: rate * 10, currency, on))


def text(currency: str | None = None, on: date | None = None, value: str = "N/A") -> Fault:
    """A text instead of a rate."""
    return Fault("text", of_values(lambda _: value, currency, on))


def null(currency: str | None = None, on: date | None = None) -> Fault:
    """A null instead of a rate."""
    return Fault("null", of_values(lambda _: None, currency, on))


FAULTS: dict[str, Callable[..., Fault]] = {
    made.__name__: made
    for made in (
        latency, hang, drip, reset, truncated, endless, oversized, too_many_requests, server_error,
        unknown, unprocessable, not_modified, html, broken_json, empty_body, shifted_dates,
        other_year, no_dates, missing, zero, negative, tenfold, text, null,
    )
}  # fmt: skip
"""All faults by name."""
