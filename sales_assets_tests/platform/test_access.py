"""What follows from teams.yaml for a person."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.platform.access import Access
from sales_assets.platform.people import Person
from sales_assets.platform.roles import Role
from sales_assets.platform.teams import Teams
from sales_assets.platform.teams_file import read_teams
from sales_assets_tests.platform.small import LOCATIONS, TEAMS

ADMIN, EDITOR, LAUNCHER, VIEWER = Role.ADMIN, Role.EDITOR, Role.LAUNCHER, Role.VIEWER


@pytest.fixture(scope="module")
def teams(tmp_path_factory: pytest.TempPathFactory) -> Teams:
    file: Path = tmp_path_factory.mktemp("teams") / "teams.yaml"
    file.write_text(TEAMS)
    return read_teams(file)


@pytest.mark.parametrize(
    ("name", "alpha", "beta", "gamma"),
    [
        ("root@example.com", ADMIN, ADMIN, ADMIN),
        ("Root@Example.COM", ADMIN, ADMIN, ADMIN),
        ("anna@example.com", ADMIN, VIEWER, None),
        ("edith@example.com", EDITOR, VIEWER, None),
        ("machine:alpha_ci", EDITOR, VIEWER, None),
        ("lars@example.com", LAUNCHER, VIEWER, None),
        ("vera@example.com", VIEWER, VIEWER, None),
        ("gustav@example.com", VIEWER, VIEWER, ADMIN),
        ("greta@example.com", VIEWER, VIEWER, VIEWER),
        ("olaf@example.com", VIEWER, VIEWER, None),
        ("alpha_ci", VIEWER, VIEWER, None),
        ("group:alpha_engineers", VIEWER, VIEWER, None),
    ],
)
def test_a_person_has_the_role_that_the_file_says(
    teams: Teams, name: str, alpha: Role, beta: Role, gamma: Role | None
) -> None:
    access = Access(teams, Person(name))
    assert [access.role(location) for location in LOCATIONS] == [alpha, beta, gamma]
    assert access.hidden(LOCATIONS) == (frozenset() if gamma else frozenset({"gamma"}))


def test_a_group_that_the_sign_in_tells_of_counts_as_one_of_the_file(teams: Teams) -> None:
    person = Person("new@example.com", frozenset({"Alpha_Engineers"}))
    assert Access(teams, person).role("alpha") is EDITOR


def test_the_highest_of_several_roles_counts(teams: Teams) -> None:
    person = Person("lars@example.com", frozenset({"alpha_engineers"}))
    assert Access(teams, person).role("alpha") is EDITOR


def test_a_location_of_no_team_is_the_administrators_alone(teams: Teams) -> None:
    assert Access(teams, Person("root@example.com")).role("unknown") is ADMIN
    assert Access(teams, Person("anna@example.com")).role("unknown") is None


def test_where_signing_in_is_no_right_only_members_come_in(teams: Teams) -> None:
    closed = teams.model_copy(update={"signed_in": "none"})
    assert not Access(closed, Person("olaf@example.com")).is_known
    vera = Access(closed, Person("vera@example.com"))
    assert vera.roles == {"alpha": VIEWER}
    assert vera.is_known


@given(
    st.sampled_from(["anna", "edith", "lars", "vera", "boris", "greta", "olaf"]),
    st.sampled_from([*LOCATIONS, "unknown"]),
)
def test_who_may_more_may_also_less(name: str, location: str) -> None:
    import yaml

    access = Access(Teams.model_validate(yaml.safe_load(TEAMS)), Person(f"{name}@example.com"))
    may = [access.may(role, location) for role in Role]
    assert may == sorted(may, reverse=True)
    assert access.sees(location) == may[0]
