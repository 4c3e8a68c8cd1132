"""What is remembered of the exchange-rate API between runs.

Belongs here: the last answers, how each day stands, the log of calls, rates that were let in.
Does not: the circuit breaker's rules (`breaker`), or any rate (they are in the object store and
the warehouse). All of it but the accepted rates can be lost: it costs requests.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from statistics import quantiles
from typing import Any

import dagster as dg
import sqlalchemy as sa

from sales_assets.exchange_rates.api import RatesRequest
from sales_assets.exchange_rates.tables import ACCEPTED, ANSWERS, CALLS, DAYS, create_tables
from sales_assets.partitions import Window
from sales_assets.resources.database import open_database, writing

KEPT_SECONDS = 30 * 86_400
"""How long calls are remembered."""
LONGEST_AGE = 86_400
"""Seconds that an answer is taken for fresh at most: whatever a proxy says, tomorrow has rates."""
SUCCESSES = frozenset({"ok", "not_modified"})
CACHED = "cached"
"""What is noted where a remembered answer made a call needless."""


class DayState(StrEnum):
    """How the rates of a day stood."""

    CURRENT = "current"
    """Every currency has the rate that is due."""
    UNPUBLISHED = "unpublished"
    """The publication that is due is not there."""
    INCOMPLETE = "incomplete"
    """It is there, but what is lacking of it may not enter."""
    REFUSED = "refused"
    """The API refuses the question: somebody has to correct a contract or a setting."""


@dataclass(frozen=True)
class KnownAnswer:
    """The last answer for a month: where it lies and until when it needs no question."""

    object_key: str
    etag: str
    checked_at: float
    max_age: int

    def is_fresh(self, now: float) -> bool:
        """Whether the API said that it needs not be asked again yet (HTTP's max-age)."""
        return now < self.checked_at + min(self.max_age, LONGEST_AGE)


@dataclass(frozen=True)
class KnownDay:
    """How a day stood when its rates were last materialised, for which currencies."""

    day: date
    symbols: tuple[str, ...]
    state: DayState
    checked_at: datetime


class RateState(dg.ConfigurableResource[Any]):
    """The tables at a SQLAlchemy address."""

    url: str

    @cached_property
    def engine(self) -> sa.Engine:
        """The database; `breaker` keeps its state there too."""
        return open_database(self.url, create_tables)

    def answer(self, provider: str, request: RatesRequest) -> KnownAnswer | None:
        """The last answer to a request."""
        with self.engine.connect() as connection:
            row = connection.execute(
                ANSWERS.select().where(
                    *(ANSWERS.c[name] == value for name, value in _key(provider, request).items())
                )
            ).fetchone()
        if row is None:
            return None
        return KnownAnswer(row.object_key, row.etag, row.checked_at, row.max_age)

    def keep_answer(self, provider: str, request: RatesRequest, known: KnownAnswer) -> None:
        """Remember an answer in the place of the last one."""
        key = _key(provider, request)
        with writing(self.engine) as connection:
            connection.execute(ANSWERS.delete().where(*(ANSWERS.c[n] == v for n, v in key.items())))
            connection.execute(ANSWERS.insert().values(**key, **known.__dict__))

    def expire(self, object_keys: Collection[str]) -> None:
        """Ask again at the next occasion where something in an answer was not believed."""
        if object_keys:
            with writing(self.engine) as connection:
                connection.execute(
                    ANSWERS.update().where(ANSWERS.c.object_key.in_(object_keys)).values(max_age=0)
                )

    def keep_days(self, days: Mapping[date, DayState], symbols: Collection[str]) -> None:
        """Remember how days stand, as of now."""
        if not days:
            return
        now, text = time.time(), ",".join(symbols)
        with writing(self.engine) as connection:
            connection.execute(
                DAYS.delete().where(DAYS.c.day == sa.bindparam("on")),
                [{"on": day.isoformat()} for day in days],
            )
            connection.execute(
                DAYS.insert(),
                [
                    {"day": d.isoformat(), "symbols": text, "state": state, "checked_at": now}
                    for d, state in days.items()
                ],
            )

    def days(self, window: Window | None = None) -> dict[date, KnownDay]:
        """How the days stand, those of a window or all."""
        query = DAYS.select().order_by(DAYS.c.day)
        if window is not None:
            query = query.where(DAYS.c.day >= window.first_key, DAYS.c.day <= window.last_key)
        with self.engine.connect() as connection:
            return _known_days(connection.execute(query).fetchall())

    def not_current(self, symbols: Collection[str], window: Window) -> dict[date, KnownDay]:
        """The days of a window that are not current, or were asked for without one of `symbols`.

        The database leaves out the others, which after some years are thousands.
        """
        within = sa.and_(DAYS.c.day >= window.first_key, DAYS.c.day <= window.last_key)
        with self.engine.connect() as connection:
            asked = connection.execute(sa.select(DAYS.c.symbols).where(within).distinct())
            texts: list[str] = [row.symbols for row in asked]
            lacking = [text for text in texts if not set(symbols) <= set(_symbols(text))]
            query = DAYS.select().where(
                within, sa.or_(DAYS.c.state != DayState.CURRENT, DAYS.c.symbols.in_(lacking))
            )
            return _known_days(connection.execute(query.order_by(DAYS.c.day)).fetchall())

    def unknown(self, days: Collection[date]) -> set[date]:
        """Those of some days of which nothing is known, from the keys of the others alone."""
        if not days:
            return set()
        window = Window.around(days)
        query = sa.select(DAYS.c.day).where(
            DAYS.c.day >= window.first_key, DAYS.c.day <= window.last_key
        )
        with self.engine.connect() as connection:
            known = {day for (day,) in connection.execute(query)}
        return {day for day in days if day.isoformat() not in known}

    def accepted(self) -> set[tuple[date, str, Decimal]]:
        """Rates that were let in: date, currency, value."""
        with self.engine.connect() as connection:
            rows = connection.execute(ACCEPTED.select()).fetchall()
        return {(date.fromisoformat(r.rate_date), r.currency, Decimal(r.value)) for r in rows}

    def accept(self, day: date, currency: str, value: Decimal) -> None:
        """Let a rate in; the days from its own on are not current until they are made anew."""
        key = {"rate_date": day.isoformat(), "currency": currency}
        with writing(self.engine) as connection:
            connection.execute(
                ACCEPTED.delete().where(*(ACCEPTED.c[n] == v for n, v in key.items()))
            )
            connection.execute(ACCEPTED.insert().values(**key, value=f"{value:f}"))
            connection.execute(
                DAYS.update()
                .where(DAYS.c.day >= day.isoformat(), DAYS.c.state == DayState.INCOMPLETE)
                .values(checked_at=0.0)
            )

    def note_call(self, provider: str, outcome: str, seconds: float = 0.0, size: int = 0) -> None:
        """Remember a call and how it went; forgets calls of long ago."""
        now = time.time()
        with writing(self.engine) as connection:
            connection.execute(
                CALLS.insert().values(
                    provider=provider, at=now, outcome=outcome, seconds=seconds, bytes=size
                )
            )
            connection.execute(CALLS.delete().where(CALLS.c.at < now - KEPT_SECONDS))

    def numbers(self, provider: str, since: float) -> dict[str, float | int]:
        """Calls since a POSIX time: their number, failures by class, latencies, cache hits.

        Latencies are of the calls that were answered in the end, in seconds.
        """
        with self.engine.connect() as connection:
            rows = connection.execute(
                sa.select(CALLS.c.outcome, CALLS.c.seconds, CALLS.c.bytes).where(
                    CALLS.c.provider == provider, CALLS.c.at >= since
                )
            ).fetchall()
        outcomes = Counter(row.outcome for row in rows)
        hits = outcomes.pop(CACHED, 0)
        failures = {name: n for name, n in outcomes.items() if name not in SUCCESSES}
        found: dict[str, float | int] = {
            "calls": outcomes.total(),
            "calls_failed": sum(failures.values()),
            "not_modified": outcomes["not_modified"],
            "cache_hits": hits,
            "bytes_received": sum(row.bytes for row in rows),
            **{f"failed_{name}": n for name, n in sorted(failures.items())},
        }
        return found | _latencies([row.seconds for row in rows if row.outcome in SUCCESSES])


def _known_days(rows: Iterable[sa.Row[Any]]) -> dict[date, KnownDay]:
    return {
        (day := date.fromisoformat(row.day)): KnownDay(
            day,
            _symbols(row.symbols),
            DayState(row.state),
            datetime.fromtimestamp(row.checked_at, UTC),
        )
        for row in rows
    }


def _symbols(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _latencies(seconds: Iterable[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    if not ordered:
        return {}
    cuts = quantiles(ordered, n=100, method="inclusive") if len(ordered) > 1 else ordered * 99
    return {f"latency_p{n}_s": round(cuts[n - 1], 4) for n in (50, 95, 99)}


def _key(provider: str, request: RatesRequest) -> dict[str, str]:
    return {
        "provider": provider,
        "span": request.path,
        "symbols": ",".join(request.symbols),
    }
