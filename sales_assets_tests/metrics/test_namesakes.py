"""A team whose keys begin with several names, and below two of them sources of one name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.platform.teams import Teams
from sales_assets_tests.metrics.test_parked_days import park
from sales_assets_tests.metrics.world import World, days_ago, labelled, world

TEAMS = Teams.model_validate(
    {
        "version": 1,
        "admins": ["root@example.com"],
        "teams": {"retail": {"location": "namesakes", "prefixes": ["shop", "web"]}},
    }
)
SHOP, WEB = (labelled(team="retail", source=f"{first}/sales") for first in ("shop", "web"))


@pytest.fixture
def two(tmp_path: Path) -> Iterator[World]:
    """An installation with `shop/sales` and `web/sales` of one team."""
    with world(tmp_path, teams=TEAMS, code="namesakes") as made:
        yield made


def test_days_of_sources_of_one_name_and_team_are_told_apart(two: World) -> None:
    two.day(days_ago(1), 10, key=dg.AssetKey(["shop", "sales", "revenue"]))
    two.day(days_ago(1), 0, 7, key=dg.AssetKey(["web", "sales", "revenue"]))
    found = two.read()
    of_day = labelled(day=days_ago(1).isoformat(), outcome="rejected")
    rows = found["sales_assets_source_day_rows"]
    assert (rows[SHOP | of_day], rows[WEB | of_day]) == (0, 7)
    assert found["sales_assets_source_delivers"].keys() == {SHOP, WEB}


def test_parked_days_of_sources_of_one_name_and_team_are_not_added_together(two: World) -> None:
    park(two, "shop/sales", "retail", date(2024, 1, 2), date(2024, 1, 3))
    park(two, "web/sales", "retail", date(2024, 1, 2))
    park(two, "gone/sales", "retail", date(2024, 1, 4))
    assert two.read()["sales_assets_parked_partitions"] == {
        SHOP: 2,
        WEB: 1,
        labelled(team="retail", source="gone/sales"): 1,
    }
