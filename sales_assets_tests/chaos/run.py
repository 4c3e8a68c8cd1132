"""A chaos run: drops arrive while faults come, and then there is peace.

Belongs here: what comes when. Does not: the faults, or judging the end (`judging`). Two lanes of
faults go side by side; each fault waits until the one before in its lane was told to be over.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from sales_assets_tests.chaos.drops import Drop, drops
from sales_assets_tests.chaos.faults import DAEMON, DATABASE, Fault, of_processes, of_services
from sales_assets_tests.chaos.processes import until
from sales_assets_tests.chaos.world import LAST, World, unfinished

NOTICED_SECONDS = 200.0
RECOVERED_SECONDS = 400.0
DROP_EVERY = 12.0


@dataclass
class Injected:
    """A fault that came, and when, in seconds from the beginning."""

    fault: Fault
    begun: float
    ended: float = 0.0
    told: float | None = None
    recovered: float | None = None


@dataclass
class Chaos:
    """Faults and drops that come to a world, by a seed."""

    world: World
    seed: int
    seconds: float
    say: Callable[[str], object] = print
    injected: list[Injected] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    drops: int = 0
    told_before: int = 0
    """Messages from before the first fault."""
    _coming: Iterator[Drop] = field(init=False)
    _began: float = field(default_factory=time.monotonic)
    _last_database: float = field(default=float("-inf"))
    _daemon_is_faulty: bool = False

    def run(self) -> None:
        """Let everything come, and wait until all faults were told and are over."""
        self._wait_until_it_works()
        self._began = time.monotonic()
        self.told_before = len(self.world.told.titles)
        lanes = (of_services(self.world), of_processes(self.world))
        threads = [threading.Thread(target=self._guarded, args=(self._drop,))]
        threads += [
            threading.Thread(target=self._guarded, args=(self._lane, number, lane))
            for number, lane in enumerate(lanes)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    @property
    def now(self) -> float:
        """Seconds since faults began to come."""
        return time.monotonic() - self._began

    def _guarded(self, work: Callable[..., object], *given: object) -> None:
        try:
            work(*given)
        except BaseException as error:  # noqa: BLE001 (raised by the main thread)
            self.errors.append(error)

    def _wait_until_it_works(self) -> None:
        """The first days of all sources are made: everything has begun."""
        self._coming = drops(self.seed, LAST)
        for _ in range(3):
            self._put()
        until("the first runs", 600, lambda: _has_runs(self.world))
        until("their end", 900, lambda: not unfinished(self.world.made.instance))

    def _drop(self) -> None:
        dice = random.Random(self.seed)
        while self.now < self.seconds and not self.errors:
            self._put()
            time.sleep(dice.uniform(0.5, 1.5) * DROP_EVERY)

    def _put(self) -> None:
        self.world.put(next(self._coming))
        self.drops += 1

    def _lane(self, number: int, faults: Sequence[Fault]) -> None:
        dice = random.Random(self.seed * 10 + number)
        for fault in _in_turn(dice, faults):
            time.sleep(dice.uniform(3, 15))
            while self.now < self.seconds and self._must_wait(fault):
                time.sleep(1)
            if self.now >= self.seconds or self.errors:
                return
            self._inject(fault, dice)

    def _must_wait(self, fault: Fault) -> bool:
        """A daemon that is silent just after the database was may have been kept from it."""
        if fault.what == DATABASE:
            return self._daemon_is_faulty
        return fault.what == DAEMON and self.now - self._last_database < 330

    def _inject(self, fault: Fault, dice: random.Random) -> None:
        self._daemon_is_faulty |= fault.what == DAEMON
        before = len(self._titles(fault, "ERROR")), len(self._titles(fault, "RECOVERED"))
        one = Injected(fault, self.now)
        self.injected.append(one)
        self.say(f"{one.begun:6.0f} s  {fault.name}")
        fault.begin()
        try:
            time.sleep(fault.least + dice.uniform(0, 15))
            if fault.is_patient:
                until(
                    f"the alert of: {fault.name}",
                    NOTICED_SECONDS,
                    lambda: len(self._titles(fault, "ERROR")) > before[0],
                )
        finally:
            fault.end()
        one.ended = self.now
        if fault.what == DATABASE:
            self._last_database = one.ended
        for word, seen in (("ERROR", before[0]), ("RECOVERED", before[1])):
            until(
                f"{word} of: {fault.name}",
                RECOVERED_SECONDS,
                lambda word=word, seen=seen: len(self._titles(fault, word)) > seen,
            )
        self.say(f"{self.now:6.0f} s  {fault.name}: told and over")
        if fault.what == DAEMON:
            self._daemon_is_faulty = False

    def _titles(self, fault: Fault, word: str) -> list[str]:
        return [t for t in self.world.told.titles if t.startswith(word) and fault.what in t]


def _in_turn(dice: random.Random, faults: Sequence[Fault]) -> Iterator[Fault]:
    """Faults without end, each as often as the others."""
    for _ in count():
        yield from dice.sample(faults, len(faults))


def _has_runs(world: World) -> bool:
    return world.made.instance.get_runs_count() > 0
