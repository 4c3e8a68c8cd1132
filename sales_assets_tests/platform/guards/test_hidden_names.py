"""A guard that looks at all code locations tells nothing of those that are hidden."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from sales_assets.platform.access import Access
from sales_assets.platform.context import TeamRequestContext
from sales_assets.platform.guards import backfills, dynamic_partitions
from sales_assets.platform.people import Person
from sales_assets.platform.refusals import RefusedError
from sales_assets.platform.teams import Teams
from sales_assets_tests.platform.small import TEAMS

EDITOR = "edith@example.com"


def _refusal(monkeypatch: pytest.MonkeyPatch, guard: str, users: set[str]) -> str | None:
    """What an editor of alpha is told, if these locations use the name."""
    entries = {name: SimpleNamespace(code_location=name) for name in ("alpha", "beta", "gamma")}
    monkeypatch.setattr(backfills, "_has", lambda where, _: where in users)
    monkeypatch.setattr(dynamic_partitions, "_uses", lambda where, _: where in users)
    teams = Teams.model_validate(yaml.safe_load(TEAMS))
    fake = SimpleNamespace(
        everything=SimpleNamespace(code_location_entries=entries),
        access=Access(teams, Person(EDITOR, way="test")),
        get_viewer_tags=dict,
    )
    context = cast("TeamRequestContext", fake)
    where = {"repositorySelector": {"repositoryLocationName": "alpha"}}
    params = {"selector": {**where, "partitionSetName": "x"}, "fromFailure": True}
    arguments: dict[str, Any] = {**where, "partitionsDefName": "x", "backfillParams": params}
    run = {"backfills": backfills.launched, "partitions": dynamic_partitions.of_one_location}[guard]
    try:
        run(context, arguments)
    except RefusedError as error:
        return str(error)
    return None


@pytest.mark.parametrize("guard", ["backfills", "partitions"])
def test_a_name_that_a_hidden_location_has_is_refused_as_one_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    missing = _refusal(monkeypatch, guard, set())
    assert missing
    assert _refusal(monkeypatch, guard, {"alpha", "gamma"}) == missing
    assert _refusal(monkeypatch, guard, {"gamma"}) == missing
    assert _refusal(monkeypatch, guard, {"alpha"}) is None
    assert "another" in str(_refusal(monkeypatch, guard, {"alpha", "beta"}))
