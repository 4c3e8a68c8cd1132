"""A chaos run from its beginning to the verdict.

Belongs here: the order of things, and the verdict's shape. Does not: judging (`judging`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sales_assets.alerts.store import alert_store
from sales_assets_tests.chaos.judging import (
    differences,
    from_scratch,
    state_of,
    unrest,
    wrongly_told,
)
from sales_assets_tests.chaos.run import Chaos, Injected
from sales_assets_tests.chaos.world import World, world

PEACE_SECONDS = 900.0
"""How long all that was lost may take to be made up for."""


@dataclass(frozen=True)
class Verdict:
    """What came of a run."""

    faults: list[Injected]
    drops: int
    runs: int
    titles: list[str]
    rows: int
    unrest: list[str]
    differences: list[str]
    wrongly_told: list[str]

    @property
    def is_well(self) -> bool:
        """Whether all is as it should be."""
        return not (self.unrest or self.differences or self.wrongly_told)

    def __str__(self) -> str:
        lines = [
            f"{len(self.faults)} faults, {self.drops} drops, {self.runs} runs, "
            f"{len(self.titles)} messages, {self.rows} rows compared"
        ]
        for name in ("unrest", "differences", "wrongly_told"):
            found: list[str] = getattr(self, name)
            lines += [f"{name.replace('_', ' ')}: {len(found)}", *(f"  {one}" for one in found)]
        return "\n".join(lines)


def conduct(home: Path, seed: int, seconds: float, say: Callable[[str], object]) -> Verdict:
    """Let chaos come for some seconds, wait for peace, and judge."""
    with world(home) as made:
        chaos = Chaos(made, seed, seconds, say)
        try:
            chaos.run()
        except BaseException:
            say(made.logs())
            say("\n".join(made.told.titles))
            for one in alert_store(made.made.settings.catalogue_address).read()[1]:
                say(f"open: {one.problem.what}, said {one.problem.asker}, seen {one.last}")
            raise
        say(f"{chaos.now:6.0f} s  no more faults")
        expected = from_scratch(made, home)
        left = _peace(made, expected.failing)
        titles = made.told.titles[chaos.told_before :]
        return Verdict(
            faults=chaos.injected,
            drops=chaos.drops,
            runs=made.made.instance.get_runs_count(),
            titles=titles,
            rows=sum(map(len, expected.tables.values())),
            unrest=left,
            differences=differences(state_of(made.made), expected),
            wrongly_told=wrongly_told(chaos.injected, titles),
        )


def _peace(made: World, failing: frozenset[str]) -> list[str]:
    """Wait until nothing waits, twice in a row; what still does at the end of patience."""
    deadline, calm = time.monotonic() + PEACE_SECONDS, 0
    left: list[str] = []
    while time.monotonic() < deadline:
        left = unrest(made, failing)
        calm = 0 if left else calm + 1
        if calm == 3:
            return []
        time.sleep(10)
    return left
