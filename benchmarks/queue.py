"""How long teams wait in a shared queue, by the rule that orders it; `python -m benchmarks.queue`.

Belongs here: the table. Does not: the rules (`queue_rules`), or who submits what
(`queue_patterns`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from benchmarks.queue_patterns import LIMITS, PLACES, TEAMS, busy_neighbours, thousand_runs
from benchmarks.queue_rules import (
    ByBacklog,
    Fifo,
    Rule,
    Served,
    VirtualTime,
    Wanted,
    simulate,
)
from sales_assets.cli.output import out

RULES: dict[str, Callable[[], Rule]] = {
    "FIFO": Fifo,
    "minus backlog": ByBacklog,
    "virtual time, ends": lambda: VirtualTime(TEAMS, by_finish=True),
    "virtual time, starts": lambda: VirtualTime(TEAMS),
}


def share(served: Sequence[Served], team: str, until: int) -> float:
    """The part of the starts before a second that a team had."""
    early = [one for one in served if one.start < until]
    return sum(one.run.team == team for one in early) / len(early)


def rows(wanted: Sequence[Wanted], limits: dict[str, int] | None, until: int) -> list[list[str]]:
    """A row for each rule and team: median and longest wait, share of the starts until then."""
    found = []
    for name, rule in RULES.items():
        served = simulate(wanted, rule(), places=PLACES, limits=limits)
        for team in dict.fromkeys(run.team for run in wanted):
            waits = [one.wait for one in served if one.run.team == team]
            part = f"{share(served, team, until):.0%}"
            found.append([name, team, f"{median(waits):.0f}", f"{max(waits)}", part])
    return found


def main() -> None:
    """Print both situations."""
    for title, wanted, limits, until in (
        ("A thousand runs of five teams", thousand_runs(), LIMITS, 100),
        ("A backlog of 1,000 beside busy teams, no limits", busy_neighbours(), None, 400),
    ):
        out.print(f"{title}; {PLACES} places, shares of the starts in the first {until} s")
        out.print("| rule | team | median wait, s | longest | share |\n|---|---|---|---|---|")
        for row in rows(wanted, limits, until):
            out.print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
