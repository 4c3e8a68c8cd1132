"""Days that healing has given up are told as problems, one for each source."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sales_assets.alerts.known_assets import KnownAssets, Whose
from sales_assets.alerts.parked import ParkedDays
from sales_assets.healing.state import HealingState
from sales_assets.healing.tables import DAYS, create_tables
from sales_assets.partitions import Window
from sales_assets.resources.database import open_database

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
SHOP = "retail/shop"
ASSETS = KnownAssets(
    {f"{SHOP}/revenue": Whose("retail", SHOP)},
    {f"{SHOP}/revenue": frozenset({"marts/daily_revenue"})},
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'catalogue.sqlite'}"


def park(url: str, *days: str) -> None:
    with open_database(url, create_tables).begin() as connection:
        for day in days:
            connection.execute(
                DAYS.insert().values(
                    **dict.fromkeys(("seen_at", "counted_from", "ready_at", "tried_at"), 0.0),
                    target=SHOP,
                    day=day,
                    team="retail",
                    cause="drop",
                    why="its drop failed",
                    attempts=3,
                    run_id="run",
                    error="the header lacks 'item'",
                    parked_at=NOW.timestamp(),
                )
            )


def test_all_parked_days_of_a_source_are_one_problem_and_the_command_lets_them_go(
    url: str,
) -> None:
    source = ParkedDays(url, ASSETS)
    assert source.look(NOW) == []
    park(url, "2024-01-01", "2024-01-02", "2024-02-01")
    [problem] = source.look(NOW)
    assert problem.what == (
        f"{SHOP}: 2024-01-01..2024-01-02, 2024-02-01 failed 3 times and are asked for no more"
    )
    assert problem.cause == "the header lacks 'item'"
    assert (problem.team, problem.source) == ("retail", SHOP)
    assert problem.affects == ("marts/daily_revenue",)
    assert problem.command == f"sales-assets heal --unpark {SHOP} 2024-01-01..2024-02-01"
    park(url, "2024-03-01")
    [later] = source.look(NOW)
    assert later.key == problem.key, "another day is no other incident"
    HealingState(url=url).unpark(SHOP, Window.of_keys("2024-01-01", "2024-03-01"), 0.0)
    assert source.look(NOW) == []


def test_a_day_of_the_models_is_nobody_s_source(url: str) -> None:
    park(url, "2024-01-01")
    with open_database(url, create_tables).begin() as connection:
        connection.execute(DAYS.update().values(target="models", team="analytics"))
    [problem] = ParkedDays(url, ASSETS).look(NOW)
    assert (problem.team, problem.source) == ("analytics", None)
    assert problem.what == "models: 2024-01-01 failed 3 times and is asked for no more"
