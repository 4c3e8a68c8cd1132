"""A code location shows no asset key of a private team, unless that team says it may."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
import yaml
from pydantic import ValidationError

from sales_assets.platform.access import Access
from sales_assets.platform.people import Person
from sales_assets.platform.scoping.foreign_names import keys_not_shown
from sales_assets.platform.scoping.scoped import scoped
from sales_assets.platform.teams import Teams
from sales_assets_tests.platform.scoping.server import (
    ADMIN,
    MEMBER,
    OUTSIDER,
    TeamProcessContext,
)
from sales_assets_tests.platform.scoping.world import Places, instance_on
from sales_assets_tests.platform.small import TEAMS

ORDERS = dg.AssetKey(["gamma", "orders"])


def teams(*, shown: bool) -> Teams:
    """The teams, and one more that names a key of gamma."""
    data = yaml.safe_load(TEAMS)
    data["teams"]["namer"] = {}
    data["teams"]["gamma"]["shows_keys_to"] = ["namer"] if shown else []
    return Teams.model_validate(data)


def test_a_private_teams_key_may_be_named_by_itself_and_by_those_it_shows_it_to() -> None:
    assert keys_not_shown([ORDERS], "alpha", teams(shown=True)) == {ORDERS: "gamma"}
    assert keys_not_shown([ORDERS], "namer", teams(shown=False)) == {ORDERS: "gamma"}
    assert keys_not_shown([ORDERS], "namer", teams(shown=True)) == {}
    assert keys_not_shown([ORDERS], "gamma", teams(shown=False)) == {}
    assert keys_not_shown([ORDERS], "nobodys", teams(shown=True)) == {ORDERS: "gamma"}
    open_key = dg.AssetKey(["beta", "orders"])
    assert keys_not_shown([open_key], "alpha", teams(shown=False)) == {}


def test_keys_are_shown_to_teams_that_there_are() -> None:
    data = yaml.safe_load(TEAMS)
    data["teams"]["gamma"]["shows_keys_to"] = ["nobody"]
    with pytest.raises(ValidationError, match=r"gamma\.shows_keys_to: there is no team nobody"):
        Teams.model_validate(data)


def test_a_code_location_that_names_a_hidden_key_unasked_is_hidden_with_what_it_did(
    tmp_path: Path,
) -> None:
    with (
        instance_on("sqlite:///", tmp_path) as instance,
        TeamProcessContext(instance, Places(["alpha", "gamma", "namer"])) as context,
    ):
        workspace = context.get_current_workspace()

        def seen_by(person: str, *, shown: bool) -> tuple[dg.DagsterInstance, object]:
            access = Access(teams(shown=shown), Person(person))
            return scoped(instance, workspace, access)

        _, unasked = seen_by(OUTSIDER, shown=False)
        entry = unasked.code_location_entries["namer"]  # type: ignore[attr-defined]
        assert entry.code_location is None
        assert "gamma" not in str(entry.load_error)
        whole, _ = seen_by(OUTSIDER, shown=False)
        assert not whole.sight.location("namer")  # type: ignore[attr-defined]

        limited, asked = seen_by(OUTSIDER, shown=True)
        assert asked.code_location_entries["namer"].code_location is not None  # type: ignore[attr-defined]
        assert asked.asset_graph.has(ORDERS)  # type: ignore[attr-defined]
        assert not limited.sight.key(ORDERS)  # type: ignore[attr-defined]

        for person in (MEMBER, ADMIN):
            _, all_of_it = seen_by(person, shown=False)
            assert all_of_it is workspace
