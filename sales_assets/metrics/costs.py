"""What teams have used and cost this month, and their budgets.

Belongs here: the families. Does not: following the ledger (`month`), or prices (`costs`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from sales_assets.costs.bill import money_of, month_of
from sales_assets.costs.pricing import Prices
from sales_assets.metrics.month import Month
from sales_assets.metrics.observed import Observed
from sales_assets.platform.queue.stamps import NO_TEAM


class Costs:
    """Four statements, and two for runs of which something new was told."""

    name = "costs"

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._month: Month | None = None

    def collect(self) -> Iterator[Metric]:
        """Series for each team; of money only where teams.yaml has prices."""
        now, teams = datetime.now(UTC), self._observed.teams()
        if self._month is None:
            self._month = Month(self._observed.ledger)
        found = list(self._month.entries(now))
        known = {*self._observed.known().teams} - {NO_TEAM}
        names = {*known, *(entry.team for entry in found), ""}
        seconds = Counter(dict.fromkeys(names, 0))
        for entry in found:
            seconds[entry.team] += entry.amounts.cpu
        cpu = GaugeMetricFamily(
            "sales_assets_month_cpu_seconds",
            "CPU time that runs and processes of a team have used since the month began (UTC).",
            labels=["team"],
        )
        for team, microseconds in seconds.items():
            cpu.add_metric([team or NO_TEAM], microseconds / 1_000_000)
        cost, budget, share = _families()
        if teams is not None:
            prices = Prices.of(self._observed.ledger, teams, now.date())
            money = money_of(found, prices, names, month_of(now.date()))
            for team, spent in money.items():
                cost.add_metric([team or NO_TEAM, teams.currency], float(spent))
            for team, told in teams.teams.items():
                if told.budget is not None:
                    budget.add_metric([team, teams.currency], float(told.budget))
                    share.add_metric([team], float(money[team] / Fraction(told.budget)))
        yield from (cpu, cost, budget, share)


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily(
            "sales_assets_month_cost",
            "What a team has cost since the month began, at the rates of each day; a float, for "
            "graphs alone.",
            labels=["team", "currency"],
        ),
        GaugeMetricFamily(
            "sales_assets_month_budget",
            "What a team may cost in a month, where teams.yaml says so.",
            labels=["team", "currency"],
        ),
        GaugeMetricFamily(
            "sales_assets_month_budget_used_ratio",
            "Share of the month's budget that a team has cost.",
            labels=["team"],
        ),
    )
