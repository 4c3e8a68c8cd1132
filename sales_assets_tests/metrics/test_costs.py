"""What teams have used this month, what it costs, and their budgets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sales_assets.costs.amounts import Amounts
from sales_assets.costs.ledger import Ledger
from sales_assets.costs.meter import RUN, SUCCESS, Account
from sales_assets.costs.whose import AboutRun
from sales_assets.platform.teams import Teams
from sales_assets_tests.metrics.world import World, labelled

CPU = "sales_assets_month_cpu_seconds"
COST = "sales_assets_month_cost"
BUDGET = "sales_assets_month_budget"
SHARE = "sales_assets_month_budget_used_ratio"


def teams(**alpha: Any) -> Teams:
    return Teams.model_validate(
        {
            "version": 1,
            "admins": ["root@example.com"],
            "rates": {"cpu_hour": 3600},
            "teams": {"alpha": {"prefixes": ["alpha"], **alpha}, "beta": {}},
        }
    )


def spend(here: World, seconds: float, run_id: str = "run", team: str = "alpha") -> None:
    """Let a run have used so much by now."""
    now = datetime.now(UTC)
    used = Amounts(cpu=round(seconds * 1_000_000))
    account = Account(run_id, RUN, 1, now, now, used, state=SUCCESS)
    Ledger(here.state.url).keep([account], "here:1:1", {run_id: AboutRun(team=team)}, {})


def test_without_teams_there_is_cpu_time_and_no_money(here: World) -> None:
    found = here.read()
    assert found[CPU][labelled(team="none")] == 0
    spend(here, 2.5, team="")
    found = here.read()
    assert found[CPU][labelled(team="none")] == 2.5
    assert found.keys().isdisjoint({COST, BUDGET, SHARE})


def test_every_team_has_a_series_before_it_has_used_anything(here: World) -> None:
    here.teams = teams(budget=10)
    found = here.read()
    zeros = {labelled(team=team): 0 for team in ("alpha", "beta", "none")}
    assert found[CPU] == zeros
    in_euros = {labelled(team=t, currency="EUR"): 0 for t in ("alpha", "beta", "none")}
    assert found[COST] == in_euros
    assert found[SHARE] == {labelled(team="alpha"): 0}


def test_costs_are_at_the_rates_and_a_budget_is_used_by_them(here: World) -> None:
    here.teams = teams(budget=10)
    here.read()
    spend(here, 4)
    spend(here, 1, "other", "beta")
    found = here.read()
    assert found[CPU][labelled(team="alpha")] == 4
    assert found[COST][labelled(team="alpha", currency="EUR")] == 4
    assert found[COST][labelled(team="beta", currency="EUR")] == 1
    assert found[BUDGET] == {labelled(team="alpha", currency="EUR"): 10}
    assert found[SHARE] == {labelled(team="alpha"): pytest.approx(0.4)}
    spend(here, 12.5)
    assert here.read()[SHARE] == {labelled(team="alpha"): 1.25}, "the run told again of itself"
    here.teams = teams(budget=25)
    assert here.read()[SHARE] == {labelled(team="alpha"): 0.5}


def test_what_a_process_of_a_team_uses_of_itself_counts_too(here: World) -> None:
    here.teams = teams()
    day = datetime.now(UTC).date()
    for cpu in (1_000_000, 3_000_000):
        Ledger(here.state.url).keep_process("p", day, "code server", "alpha", Amounts(cpu=cpu))
        assert here.read()[CPU][labelled(team="alpha")] == cpu / 1_000_000
    long_ago = day - timedelta(days=40)
    Ledger(here.state.url).keep_process("p", long_ago, "code server", "alpha", Amounts(cpu=9))
    assert here.read()[CPU][labelled(team="alpha")] == 3
