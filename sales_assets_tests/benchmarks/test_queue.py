"""The table that compares rules for the shared queue."""

from __future__ import annotations

from benchmarks.queue import RULES, rows
from benchmarks.queue_rules import Wanted
from sales_assets.platform.queue.shares import Lane


def test_each_rule_has_a_row_for_each_team_with_its_waits_and_share() -> None:
    wanted = [
        *(Wanted(0, "flood", Lane.BACKFILL) for _ in range(20)),
        *(Wanted(1, "steady", Lane.NORMAL) for _ in range(4)),
    ]
    found = {(row[0], row[1]): row[2:] for row in rows(wanted, None, 6)}
    assert set(found) == {(rule, team) for rule in RULES for team in ("flood", "steady")}
    assert found["FIFO", "steady"] == ["4", "4", "17%"]
    assert found["virtual time, starts", "steady"] == ["0", "0", "17%"]
