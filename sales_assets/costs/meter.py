"""Dividing what a process uses among runs and steps.

Belongs here: the accounts of a process, and which one pays now. Does not: where figures come from
(`readings`), which events open and close accounts (`metering`), or keeping them (`ledger`).

At any moment exactly one account pays: the step that began last and has not ended, else the run
that did, else the process itself. Each reading gives the account that pays now what was used since
the reading before. So everything that the process used is in some account, once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sales_assets.costs.amounts import Amounts, memory_of
from sales_assets.costs.readings import Reading

RUN = ""
"""The step of a run's own account: what it uses outside of its steps."""
RUNNING, SUCCESS, FAILURE, RETRY, UNFINISHED = (
    *("running", "success", "failure", "retry", "unfinished"),
)


class Source(Protocol):
    """Where a meter reads."""

    def now(self) -> Reading:
        """What the process has used until now."""

    def forget(self) -> None:
        """Begin a new high-water mark."""


@dataclass
class Account:
    """What a step, a run outside of its steps, or the process outside of its runs uses."""

    run_id: str
    step: str
    attempt: int
    begun: datetime
    told: datetime
    amounts: Amounts = field(default_factory=Amounts)
    peak: int = 0
    state: str = RUNNING
    durations: dict[str, int] = field(default_factory=dict)
    """Microseconds that each asset took of a step that makes several, where it says so."""

    def paid(self, now: datetime) -> Account:
        """The account as it is now, with the memory that it held at its peak all the time."""
        held = memory_of(self.peak, self.amounts.wall)
        amounts = replace(self.amounts, memory=held)
        return replace(self, told=now, amounts=amounts, durations=dict(self.durations))


class Meter:
    """The accounts of a process; its methods may be called by several threads."""

    def __init__(
        self,
        source: Source,
        start: Reading,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source, self._clock, self._last = source, clock, start
        self._lock = threading.RLock()
        self._open: list[Account] = []
        # Kept when a run is closed: a worker's child closes it after each task, and the next try
        # of a step there would take the place of the first one.
        self._attempts: dict[tuple[str, str], int] = {}
        self._process = Amounts()
        self._ended: list[Account] = []

    def begin(self, run_id: str, step: str = RUN, *, inherit: bool = False) -> None:
        """Open an account, which pays from now on.

        With `inherit` it also pays what the process used before and nothing has paid for: what
        led to this run.
        """
        with self._lock:
            self._advance()
            number = self._attempts[run_id, step] = self._attempts.get((run_id, step), 0) + 1
            now, before = self._clock(), Amounts()
            if inherit:
                before, self._process = replace(self._process, memory=0), Amounts()
            began = now - timedelta(microseconds=before.wall)
            account = Account(run_id, step, number, began, now, before)
            self._open.append(account)

    def end(self, run_id: str, step: str = RUN, state: str = SUCCESS) -> None:
        """Close an account; that of a run closes those of its steps, which nobody ended."""
        with self._lock:
            self._advance()
            for account in [a for a in self._open if a.run_id == run_id]:
                if step in {account.step, RUN}:
                    account.state = state if account.step == step else UNFINISHED
                    self._open.remove(account)
                    self._ended.append(account.paid(self._clock()))

    def is_open(self, run_id: str, step: str = RUN) -> bool:
        """Whether there is such an account."""
        with self._lock:
            return any((a.run_id, a.step) == (run_id, step) for a in self._open)

    @property
    def is_idle(self) -> bool:
        """Whether no account is open, so that the process itself pays."""
        return not self._open

    def note_duration(self, run_id: str, step: str, asset: str, took: int) -> None:
        """How long an asset took of the time of a step."""
        with self._lock:
            for account in self._open:
                if (account.run_id, account.step) == (run_id, step):
                    account.durations[asset] = took

    def sample(self) -> None:
        """Let the account that pays now pay until now."""
        with self._lock:
            self._advance()

    def take(self) -> list[Account]:
        """All accounts that have ended since this was asked last, and those that are open."""
        with self._lock:
            ended, self._ended = self._ended, []
            return ended + [account.paid(self._clock()) for account in self._open]

    def give_back(self, accounts: list[Account]) -> None:
        """Keep ended accounts, which could not be written, for the next time."""
        with self._lock:
            self._ended = [a for a in accounts if a.state != RUNNING] + self._ended

    def take_process(self) -> Amounts:
        """What the process itself has used since this was asked last."""
        with self._lock:
            self._advance()
            used, self._process = self._process, Amounts()
            return used

    def _advance(self) -> None:
        now = self._source.now()
        # A child that ended while it was read is missed for a moment; time never goes back.
        cpu = max(now.cpu, self._last.cpu)
        used = Amounts(
            cpu=cpu - self._last.cpu,
            wall=now.wall - self._last.wall,
            read=now.read - self._last.read,
            written=now.written - self._last.written,
        )
        self._last = replace(now, cpu=cpu)
        self._source.forget()
        if not self._open:
            self._process += replace(used, memory=memory_of(now.memory, used.wall))
            return
        paying = next((a for a in reversed(self._open) if a.step), self._open[-1])
        paying.amounts += used
        paying.peak = max(paying.peak, now.memory)
