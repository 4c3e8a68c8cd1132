"""A thousand runs of five teams that use a shared queue in different ways.

Belongs here: who submits what, and when. Does not: in which order they are started.
"""

from __future__ import annotations

from benchmarks.queue_rules import Wanted
from sales_assets.platform.queue.shares import Lane

TEAMS = {"flood": 1, "steady": 1, "bursts": 1, "heavy": 2, "late": 1}
"""The teams and their weights."""
PLACES = 4
LIMITS = {"flood": 3, "steady": 2, "bursts": 2, "heavy": 3, "late": 2}
FLOOD, LATE = 600, 160


def thousand_runs() -> list[Wanted]:
    """600 runs of one backfill at once, 100 one by one, 100 in bursts, 160 in advance, 40 late."""
    return [
        *(Wanted(0, "flood", Lane.BACKFILL) for _ in range(FLOOD)),
        *(Wanted(number, "steady", Lane.NORMAL) for number in range(1, 101)),
        *(Wanted(20 * burst, "bursts", Lane.NORMAL) for burst in range(1, 6) for _ in range(20)),
        *(Wanted(2, "heavy", Lane.NORMAL) for _ in range(160)),
        *(Wanted(LATE, "late", Lane.NORMAL) for _ in range(40)),
    ]


def busy_neighbours() -> list[Wanted]:
    """A backlog of 1,000 runs beside two teams that always have few runs waiting, and many of them.

    Two runs a second are submitted by each, so that they alone could keep all places busy.
    """
    return [
        *(Wanted(0, "flood", Lane.NORMAL) for _ in range(1000)),
        *(
            Wanted(second, team, Lane.NORMAL)
            for second in range(500)
            for team in ("steady", "heavy")
            for _ in range(2)
        ),
    ]
