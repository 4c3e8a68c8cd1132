"""A circuit breaker whose state all processes share.

Belongs here: pybreaker's storage in the database, and who may probe. Does not: what a failure is
(`live`), or retries. The pattern is Michael Nygard's ("Release It!"); the states are pybreaker's.

pybreaker lets every process call when the circuit is half open. Here one of them has the probe,
by a lease: a process that dies with it does not keep it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pybreaker
import sqlalchemy as sa

from sales_assets.errors import PermanentError
from sales_assets.exchange_rates.api import CircuitOpenError
from sales_assets.exchange_rates.tables import BREAKERS

T = TypeVar("T")


@dataclass(frozen=True)
class Condition:
    """How a circuit stands, and from when on an open one lets a call through to try."""

    state: str
    failures: int
    tries_again_at: datetime | None

    def __str__(self) -> str:
        if self.tries_again_at is None:
            return self.state
        return f"{self.state}, tries again at {self.tries_again_at:%Y-%m-%d %H:%M:%S} UTC"


class SharedStorage(pybreaker.CircuitBreakerStorage):
    """One row of `circuit_breakers`."""

    def __init__(self, engine: sa.Engine, name: str, lease_seconds: float) -> None:
        super().__init__(name)
        self._engine = engine
        self._lease_seconds = lease_seconds
        self._is_mine = BREAKERS.c.name == name

    def row(self) -> sa.Row[Any]:
        """The row, made if it is not there."""
        with self._engine.begin() as connection:
            row = connection.execute(BREAKERS.select().where(self._is_mine)).fetchone()
            if row is None:
                try:
                    with connection.begin_nested():
                        connection.execute(
                            BREAKERS.insert().values(
                                name=self.name,
                                state=pybreaker.STATE_CLOSED,
                                failures=0,
                                successes=0,
                                opened_at=0.0,
                                probe_until=0.0,
                            )
                        )
                except sa.exc.IntegrityError:
                    pass  # another process was faster
                row = connection.execute(BREAKERS.select().where(self._is_mine)).one()
        return row

    def _set(self, *conditions: sa.ColumnElement[bool], **values: Any) -> bool:
        self.row()
        with self._engine.begin() as connection:
            done = connection.execute(
                BREAKERS.update().where(self._is_mine, *conditions).values(**values)
            )
        return done.rowcount > 0

    def take_probe(self, from_state: str) -> None:
        """Be the one that probes; raises CircuitOpenError if another process does."""
        now = time.time()
        if not self._set(
            BREAKERS.c.state == from_state,
            BREAKERS.c.probe_until < now,
            state=pybreaker.STATE_HALF_OPEN,
            probe_until=now + self._lease_seconds,
        ):
            raise CircuitOpenError(f"{self.name}: another process is finding out if it answers")

    @property
    def state(self) -> str:
        """Closed, open or half-open."""
        return str(self.row().state)

    @state.setter
    def state(self, state: str) -> None:
        if state == pybreaker.STATE_HALF_OPEN:
            self.take_probe(pybreaker.STATE_OPEN)
        elif state == pybreaker.STATE_CLOSED:
            self._set(state=state, probe_until=0.0, opened_at=0.0)
        else:
            self._set(state=state, probe_until=0.0)

    def increment_counter(self) -> None:
        """One failure more."""
        self._set(failures=BREAKERS.c.failures + 1)

    def reset_counter(self) -> None:
        """No failure any more."""
        if self.row().failures:
            self._set(failures=0)

    def increment_success_counter(self) -> None:
        """One success of a probe more."""
        self._set(successes=BREAKERS.c.successes + 1)

    def reset_success_counter(self) -> None:
        """No success of a probe any more."""
        self._set(successes=0)

    @property
    def counter(self) -> int:
        """Failures in a row."""
        return int(self.row().failures)

    @property
    def success_counter(self) -> int:
        """Successes of probes in a row."""
        return int(self.row().successes)

    @property
    def opened_at(self) -> datetime | None:
        """When the circuit was opened."""
        opened = self.row().opened_at
        return datetime.fromtimestamp(opened, UTC) if opened else None

    @opened_at.setter
    def opened_at(self, moment: datetime) -> None:
        # A call that began before the circuit opened, and fails after it, shortens no pause.
        opened = moment.timestamp()
        self._set(BREAKERS.c.opened_at < opened, opened_at=opened)


class Circuit:
    """The breaker of one API: opens after `failures` in a row, tries again `open_seconds` later."""

    def __init__(
        self, engine: sa.Engine, name: str, failures: int, open_seconds: float, lease: float
    ) -> None:
        self._storage = SharedStorage(engine, name, lease)
        self._failures = failures
        self._open_for = timedelta(seconds=open_seconds)

    def _breaker(self) -> pybreaker.CircuitBreaker:
        """A new one for each call.

        One that finds the state changed by another process takes that for its own doing, and
        counts failures from 0.
        """
        return pybreaker.CircuitBreaker(
            fail_max=self._failures,
            reset_timeout=self._open_for.total_seconds(),
            exclude=[PermanentError],  # a refusal is an answer
            state_storage=self._storage,
            name=self._storage.name,
            throw_new_error_on_trip=False,
        )

    def call(self, work: Callable[[], T]) -> T:
        """Do the work unless the circuit is open; raises CircuitOpenError if it is."""
        now = self.condition()
        if now.tries_again_at is not None:
            raise self._is_open(now)
        if now.state != pybreaker.STATE_CLOSED:
            # Not left to pybreaker: when it looks, another process may have the probe already.
            self._storage.take_probe(now.state)
        try:
            return self._breaker().call(work)
        except pybreaker.CircuitBreakerError as error:
            raise self._is_open(self.condition()) from error

    def _is_open(self, now: Condition) -> CircuitOpenError:
        return CircuitOpenError(
            f"{self._storage.name}: left alone after {now.failures} failures in a row; the "
            f"circuit breaker is {now}"
        )

    def leave_alone(self, seconds: float) -> None:
        """Keep the circuit open for so long, as the API asked for."""
        self._breaker().open()
        self._storage.opened_at = datetime.now(UTC) + timedelta(seconds=seconds) - self._open_for

    def condition(self) -> Condition:
        """How the circuit stands."""
        row = self._storage.row()
        again = None
        if row.state == pybreaker.STATE_OPEN:
            until = datetime.fromtimestamp(row.opened_at, UTC) + self._open_for
            again = until if until > datetime.now(UTC) else None
        return Condition(str(row.state), int(row.failures), again)


def open_circuit(engine: sa.Engine, name: str) -> Condition | None:
    """How the circuit of an API stands that is left alone, or being tried again; else None.

    Only looks: an API that nobody has called yet is not left alone.
    """
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(BREAKERS.name):
            return None
        row = connection.execute(BREAKERS.select().where(BREAKERS.c.name == name)).first()
    if row is None or row.state == pybreaker.STATE_CLOSED:
        return None
    return Condition(row.state, row.failures, None)
