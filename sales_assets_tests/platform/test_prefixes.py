"""An asset key begins with a prefix of its team."""

from __future__ import annotations

import dagster as dg
import yaml

from sales_assets.platform.prefixes import foreign_keys
from sales_assets.platform.teams import Teams
from sales_assets_tests.platform.small import TEAMS, alpha

KEYS = alpha.resolve_asset_graph().get_all_asset_keys()
TEAMS_READ = Teams.model_validate(yaml.safe_load(TEAMS))


def test_a_teams_own_keys_are_none_that_it_may_not_produce() -> None:
    assert KEYS
    assert foreign_keys(KEYS, "alpha", TEAMS_READ) == []


def test_another_teams_keys_are() -> None:
    assert foreign_keys(KEYS, "beta", TEAMS_READ) == sorted(KEYS)
    assert foreign_keys([dg.AssetKey(["alphabet", "x"])], "alpha", TEAMS_READ)


def test_a_location_of_no_team_may_produce_none() -> None:
    assert foreign_keys(KEYS, "unknown", TEAMS_READ) == sorted(KEYS)
