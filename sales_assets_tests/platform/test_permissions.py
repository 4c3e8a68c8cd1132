"""Roles and Dagster's permissions."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from dagster._core.workspace.permissions import LOCATION_SCOPED_PERMISSIONS, Permissions

from sales_assets.platform.access import Access
from sales_assets.platform.people import Person
from sales_assets.platform.permissions import (
    INSTALLATION,
    NOBODY,
    ROLES,
    global_permissions,
    location_permissions,
)
from sales_assets.platform.roles import Role
from sales_assets.platform.teams_file import read_teams
from sales_assets_tests.platform.small import LOCATIONS, TEAMS

PEOPLE = {
    "root@example.com": (4, 4, 4),
    "anna@example.com": (4, 1, 0),
    "edith@example.com": (3, 1, 0),
    "machine:alpha_ci": (3, 1, 0),
    "lars@example.com": (2, 1, 0),
    "vera@example.com": (1, 1, 0),
    "gustav@example.com": (1, 1, 4),
    "olaf@example.com": (1, 1, 0),
}


@pytest.fixture
def access(tmp_path: Path, request: pytest.FixtureRequest) -> Access:
    file = tmp_path / "teams.yaml"
    file.write_text(TEAMS)
    return Access(read_teams(file), Person(request.param))


def test_every_permission_of_dagster_is_classified_once() -> None:
    assert {*ROLES, *INSTALLATION, *NOBODY} == set(Permissions)
    for one, other in itertools.combinations([set(ROLES), INSTALLATION, NOBODY], 2):
        assert not one & other
    assert set(ROLES) | NOBODY == LOCATION_SCOPED_PERMISSIONS


@pytest.mark.parametrize("access", PEOPLE, indirect=True)
def test_a_permission_is_given_from_its_role_on(access: Access) -> None:
    for location, own in zip(LOCATIONS, PEOPLE[access.person.name], strict=True):
        given = location_permissions(access, location)
        assert set(given) == {str(one) for one in LOCATION_SCOPED_PERMISSIONS}
        for permission, role in ROLES.items():
            assert given[permission].enabled == (own >= role), (location, permission)
            assert (given[permission].disabled_reason is None) == given[permission].enabled
        assert not any(given[one].enabled for one in NOBODY)


@pytest.mark.parametrize("access", PEOPLE, indirect=True)
def test_only_administrators_may_anything_everywhere(access: Access) -> None:
    given = global_permissions(access)
    assert set(given) == {str(one) for one in Permissions}
    for permission, result in given.items():
        assert result.enabled == (access.is_admin and permission not in NOBODY)


@pytest.mark.parametrize("access", ["lars@example.com"], indirect=True)
def test_who_lacks_a_role_is_told_which_and_nothing_of_hidden_teams(access: Access) -> None:
    def reason(location: str) -> str | None:
        return location_permissions(access, location)[Permissions.WIPE_ASSETS].disabled_reason

    assert (
        reason("alpha") == "You need the role admin of the team alpha; you have the role launcher."
    )
    hidden, none = reason("gamma"), reason("nowhere")
    assert hidden
    assert none
    assert hidden.replace("gamma", "nowhere") == none
    assert Role.ADMIN
