"""Whose turn it is: fair queueing of runs by virtual time.

Belongs here: the arithmetic. Does not: where the book is kept (`book`), or which runs have begun
(`coordinator`).

A run is given its place when it is submitted, and keeps it: Dagster orders by a number that does
not change. Time is virtual. It stands where the latest started run's interval begins. A run's
interval begins now, or where the one before it in its lane ends, and is as long as the run's cost
divided by the team's weight. The run whose interval ends first is next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

UNIT = 1_000_000
"""The length of an ordinary run's interval at weight 1: whole numbers, up to weight 100."""


class Lane(StrEnum):
    """A team's runs of a kind; within a lane the order is that of submission.

    A run is paid for by its own lane and those after it, so that a team which uses several gains
    turns now and not in the long run.
    """

    FIRST = "first"
    """Runs that the team wishes to go before its others."""
    NORMAL = "normal"
    BACKFILL = "backfill"
    """Runs of backfills, and those that the team wishes to go after its others."""

    @property
    def cost(self) -> int:
        """How many ordinary runs a run of the lane counts as beside other teams' runs."""
        return BACKFILL_COST if self is Lane.BACKFILL else 1

    @property
    def and_after(self) -> tuple[Lane, ...]:
        """The lane itself, and those that yield to it."""
        lanes = tuple(Lane)
        return lanes[lanes.index(self) :]


BACKFILL_COST = 4
"""Beside another team's ordinary runs, one in five that start is of a backfill."""


@dataclass(frozen=True)
class Place:
    """The interval of a run in virtual time."""

    start: int
    finish: int


@dataclass(frozen=True)
class End:
    """Where a lane ends, and the run that was put there last."""

    finish: int
    run_id: str = ""


@dataclass(frozen=True)
class Book:
    """What has to be known to give the next run its place: of lanes that end later than now."""

    now: int = 0
    ends: Mapping[tuple[str, Lane], End] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether no run has ever been given a place."""
        return not self.now and not self.ends

    def at(self, seen: int) -> Book:
        """The book after a run has started whose interval begins at `seen`.

        Time never goes back. It does not go on beyond what was given to any run: a tag that says
        so was written by somebody else. An empty book is one that was lost, and believes it.
        """
        known = max((end.finish for end in self.ends.values()), default=self.now)
        now = max(self.now, seen if self.is_empty else min(seen, known))
        return Book(now, {lane: end for lane, end in self.ends.items() if end.finish > now})

    def end(self, team: str, lane: Lane) -> End:
        """Where a lane ends; now, if nothing waits in it."""
        return self.ends.get((team, lane), End(self.now))

    def ending(self, team: str, lane: Lane, end: End) -> Book:
        """The book with another end of a lane."""
        return replace(self, ends={**self.ends, (team, lane): end})

    def admit(self, team: str, lane: Lane, weight: int, run_id: str) -> tuple[Book, Place]:
        """Give a run its place; the book after it."""
        start = max(self.now, self.end(team, lane).finish)
        place = Place(start, start + lane.cost * UNIT // weight)
        book = self.ending(team, lane, End(place.finish, run_id))
        for later in lane.and_after[1:]:
            end = book.end(team, later)
            charged = max(book.now, end.finish) + UNIT // weight
            book = book.ending(team, later, End(charged, end.run_id))
        return book, place


def most_before(
    place: Place, now: int, others: Mapping[tuple[str, Lane], int], ahead: int = 0
) -> int:
    """How many runs may start before a run that was given this place at `now`, at most.

    `others` are the weights of the other lanes; `ahead` are the runs of its own lane that wait. It
    holds while no limit of a team keeps runs back.
    """
    span = place.finish - now
    return ahead + sum(
        span // (lane.cost * UNIT // weight) + 1 for (_, lane), weight in others.items()
    )
