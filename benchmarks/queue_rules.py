"""Rules by which a shared queue could order runs, for a comparison on virtual time.

Belongs here: the rules, and a queue that dequeues as Dagster's daemon does. Does not: who submits
what (`queue_patterns`), or the printed table (`queue`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from typing_extensions import override

from sales_assets.platform.queue.shares import Book, Lane, Place


@dataclass(frozen=True)
class Wanted:
    """A run that somebody is going to submit, and how long it takes."""

    at: int
    team: str
    lane: Lane
    seconds: int = 1


@dataclass(frozen=True)
class Served:
    """A run that has started."""

    number: int
    run: Wanted
    start: int
    before: int
    """How many runs started between its submission and its start."""

    @property
    def wait(self) -> int:
        """Virtual seconds from the submission to the start."""
        return self.start - self.run.at


class Rule:
    """Decides a run's priority when it is submitted; the queue's order is all it sees."""

    def priority(self, number: int, run: Wanted, waiting: Counter[str]) -> int:
        """The run's priority; `waiting` counts the runs of each team that wait or are under way."""
        raise NotImplementedError

    def started(self, number: int) -> None:
        """Learn that a run has started."""


class Fifo(Rule):
    """Dagster's own order."""

    @override
    def priority(self, number: int, run: Wanted, waiting: Counter[str]) -> int:
        """The same for all."""
        return 0


class ByBacklog(Rule):
    """Minus the team's runs that wait or are under way; backfills lower by as much again."""

    @override
    def priority(self, number: int, run: Wanted, waiting: Counter[str]) -> int:
        """The longer a team's backlog, the lower."""
        return -waiting[run.team] * (2 if run.lane is Lane.BACKFILL else 1)


class VirtualTime(Rule):
    """The rule of `platform.queue`, or with time taken from the ends of intervals."""

    def __init__(self, weights: Mapping[str, int], *, by_finish: bool = False) -> None:
        """`by_finish`: time stands where the latest started run's interval ends."""
        self._weights = weights
        self._by_finish = by_finish
        self._book = Book()
        self.places: dict[int, Place] = {}
        self.seen: dict[int, int] = {}
        self._latest = 0

    @override
    def priority(self, number: int, run: Wanted, waiting: Counter[str]) -> int:
        """Minus the end of the run's interval."""
        book = self._book.at(self._latest)
        self._book, place = book.admit(run.team, run.lane, self._weights[run.team], str(number))
        self.places[number], self.seen[number] = place, book.now
        return -place.finish

    def started(self, number: int) -> None:
        """Let time go on."""
        place = self.places[number]
        self._latest = max(self._latest, place.finish if self._by_finish else place.start)


def simulate(
    wanted: Sequence[Wanted],
    rule: Rule,
    *,
    places: int,
    limits: Mapping[str, int] | None = None,
    watch: Callable[[int, Counter[str]], None] | None = None,
) -> list[Served]:
    """Run everything, `places` at a time; in the order of their starts.

    Dequeues as Dagster does: by priority, then in the order of submission, passing over teams at
    their limit. `watch` is told of the runs under way after each second's starts.
    """
    coming = sorted(enumerate(wanted), key=lambda one: (one[1].at, one[0]))
    waiting: list[tuple[int, int, Wanted, int]] = []
    under_way: list[tuple[int, str]] = []
    served: list[Served] = []
    now = 0
    while coming or waiting or under_way:
        under_way = [(end, team) for end, team in under_way if end > now]
        backlog = Counter(run.team for *_, run, _ in waiting) + Counter(t for _, t in under_way)
        while coming and coming[0][1].at <= now:
            number, run = coming.pop(0)
            priority = rule.priority(number, run, backlog)
            waiting.append((-priority, number, run, len(served)))
            backlog[run.team] += 1
        busy = Counter(team for _, team in under_way)
        for one in sorted(waiting, key=lambda one: one[:2]):
            if len(under_way) == places:
                break
            _, number, run, before = one
            if limits is not None and busy[run.team] >= limits[run.team]:
                continue
            busy[run.team] += 1
            waiting.remove(one)
            under_way.append((now + run.seconds, run.team))
            rule.started(number)
            served.append(Served(number, run, now, len(served) - before))
        if watch is not None:
            watch(now, busy)
        now += 1
    return served
