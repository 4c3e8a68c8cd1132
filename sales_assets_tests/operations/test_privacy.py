"""What everybody may read has nothing of a private team, be it in others' texts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sales_assets.operations.page import render
from sales_assets.operations.privacy import UNKNOWN, for_readers
from sales_assets.operations.standing import AssetCost, Costs, Item, Operations, Standing
from sales_assets.platform.teams import Teams
from sales_assets.report.links import Links

AT = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
TEAMS = Teams.model_validate(
    {
        "version": 1,
        "admins": ["root@example.com"],
        "teams": {
            "retail": {},
            "stalls": {"private": True, "location": "market", "prefixes": ["stalls", "booth"]},
            "labs": {"private": True},
        },
    }
)
CLEAN = Item(
    "retail", "retail/shop", "1 day failed", AT, "no 'item'", "sales-assets heal", "runs/1"
)
OTHERS: dict[str, Any] = {
    "subject": "booth/till",
    "what": "stalls/till/raw failed",
    "cause": "a person: the blocking check stalls__till__raw has failed",
    "command": "sales-assets deploy rollback market",
    "path": "assets/Stalls/till/raw",
}


def operations(*items: Item) -> Operations:
    month = "2024-05"
    costs = Costs(
        month,
        assets=tuple(
            AssetCost(key, Decimal(1), None) for key in ("retail/shop/raw", "booth/till/raw")
        ),
    )
    return Operations(
        AT,
        (
            Standing("retail", costs, failing=items),
            Standing("stalls", Costs(month), late=(replace(CLEAN, team="stalls"),)),
            Standing("labs", Costs(month)),
            Standing("gone", Costs(month)),
            Standing(None, Costs(month), failing=(replace(CLEAN, team=None, **OTHERS),)),
        ),
    )


def shown(*items: Item, team: str | None = None, teams: Teams | None = TEAMS) -> Operations:
    return for_readers(operations(*items), teams, is_shared=True, team=team)


def test_private_teams_and_names_that_the_file_lacks_are_not_shown() -> None:
    assert [one.team for one in shown().teams] == ["retail", None]


def test_what_others_say_of_a_private_team_is_not_shown() -> None:
    dirty = [replace(CLEAN, **{name: text}) for name, text in OTHERS.items()]
    found = shown(CLEAN, *dirty)
    assert found.teams[0].failing[0] == CLEAN
    assert len(found.teams[0].failing) == 1 + len(dirty)
    page = render(found, Links("http://ui.example")).lower()
    for word in ("stalls", "booth", "market", "labs", "gone"):
        assert word not in page
    assert "retail/shop" in page


def test_a_name_within_another_word_hides_nothing() -> None:
    text = replace(CLEAN, cause="the supermarket installs; collaborations")
    assert shown(text).teams[0].failing == (text,)


def test_a_private_team_is_shown_to_itself_alone_and_no_other_private_one() -> None:
    secret = replace(CLEAN, cause="labs/x failed")
    [own] = for_readers(
        Operations(AT, (Standing("stalls", Costs("2024-05"), failing=(CLEAN, secret)),)),
        TEAMS,
        is_shared=True,
        team="stalls",
    ).teams
    assert own.failing[0] == CLEAN
    assert "labs" not in own.failing[1].cause
    assert [one.team for one in shown(team="stalls").teams] == ["stalls"]


def test_while_nobody_knows_who_is_private_nothing_is_shown() -> None:
    found = shown(CLEAN, teams=None)
    assert (found.teams, found.withheld) == ((), UNKNOWN)
    assert "teams.yaml is wrong" in render(found, Links())


def test_without_teams_all_is_shown() -> None:
    everything = operations(CLEAN)
    assert for_readers(everything, None, is_shared=False) == everything
