"""A thousand runs of five teams through the real coordinator and Dagster's own dequeueing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest

from benchmarks.queue import share
from benchmarks.queue_patterns import LATE, LIMITS, PLACES, TEAMS, busy_neighbours, thousand_runs
from benchmarks.queue_rules import ByBacklog, Served, VirtualTime, simulate
from sales_assets_tests.platform.queue.real_queue import real_queue, serve, teams_yaml


@dataclass(frozen=True)
class Evening:
    """What was seen."""

    served: list[Served]
    under_way: list[Counter[str]]

    def of(self, team: str) -> list[Served]:
        """The runs of a team in the order of their starts."""
        return [one for one in self.served if one.run.team == team]

    def waits(self, team: str) -> list[int]:
        """The waits of a team's runs."""
        return [one.wait for one in self.of(team)]


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    file = tmp_path_factory.mktemp("teams") / "teams.yaml"
    file.write_text(teams_yaml(TEAMS, LIMITS))
    under_way: list[Counter[str]] = []
    with real_queue(file, PLACES) as queue:
        yield Evening(serve(queue, thousand_runs(), under_way), under_way)


@pytest.mark.long
@pytest.mark.xdist_group("a thousand runs")
def test_a_thousand_runs_of_five_teams_are_served_fairly(evening: Evening) -> None:
    assert len(evening.served) == 1000
    # No place stays empty while somebody may have it, and no limit is passed.
    assert all(busy[team] <= LIMITS[team] for busy in evening.under_way for team in busy)
    assert max(busy.total() for busy in evening.under_way) == PLACES
    # Within a lane, here a team, the order is that of submission.
    for team in TEAMS:
        numbers = [one.number for one in evening.of(team)]
        assert numbers == sorted(numbers)
    # One run a second is a little above its share while all others wait, 4 / 5.25: at most 8 runs
    # of others go before each, and those of its own that wait already.
    assert max(evening.waits("steady")) <= 6
    # 20 runs at once, of one of five lanes whose weights are 1, 1, 1, 2 and a quarter.
    assert max(evening.waits("bursts")) <= 20 * 5.25 / PLACES
    # 40 runs at once, later, beside a backfill and the rest of the heavy team's.
    assert max(evening.waits("late")) <= 40 * 3.25 / PLACES
    # Weight 2 beside two of weight 1 and a backfill.
    assert share(evening.served, "heavy", 60) >= 2 / 5.25 - 0.03
    # The backfill yields, goes on all the time, and has what others leave.
    early = [one.start for one in evening.of("flood") if one.start < LATE]
    gaps = [after - before for before, after in pairwise(early)]
    assert share(evening.served, "flood", 60) <= 0.25
    assert max(gaps) <= 5.25 * 4 / PLACES + 1


def test_the_rule_of_the_backlog_starves_a_long_one_and_virtual_time_does_not() -> None:
    wanted = busy_neighbours()
    found = {}
    for rule in (ByBacklog(), VirtualTime(TEAMS)):
        served = simulate(wanted, rule, places=PLACES)
        found[type(rule)] = share(served, "flood", 400)
    assert found[ByBacklog] < 0.05
    assert found[VirtualTime] == pytest.approx(1 / 4, abs=0.01)
