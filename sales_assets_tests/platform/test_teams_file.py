"""teams.yaml: what it may say, and what happens when it changes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sales_assets.errors import UsageError
from sales_assets.platform.roles import Role
from sales_assets.platform.teams import Builds, Teams
from sales_assets.platform.teams_file import TeamsFile, read_teams
from sales_assets_tests.conftest import PROJECT
from sales_assets_tests.platform.small import LOCATIONS, TEAMS


def read(folder: Path, text: str) -> Teams:
    file = folder / "teams.yaml"
    file.write_text(text)
    return read_teams(file)


def test_a_team_that_says_nothing_is_open_and_is_called_as_its_location_and_prefix(
    tmp_path: Path,
) -> None:
    teams = read(tmp_path, "{version: 1, admins: [a@b.c], teams: {retail: }}")
    retail = teams.teams["retail"]
    assert (retail.location, retail.prefixes) == ("retail", ("retail",))
    assert (retail.private, retail.builds, retail.quota.runs) == (False, Builds.SOURCES, 2)


def test_the_shipped_file_gives_every_source_and_every_model_a_team() -> None:
    teams = read_teams(PROJECT / "deploy" / "teams.yaml")
    prefixes = ("retail", "global", "rates", "staging", "core", "marts", "reports", "platform")
    assert [teams.team_of_key(prefix) for prefix in prefixes] == [
        "retail",
        "global",
        *["analytics"] * 6,
    ]
    assert teams.locations() == {name: name for name in ("retail", "global", "analytics")}
    assert teams.rates.credit == Decimal("3.0")


def test_prices_are_the_decimals_that_are_written(tmp_path: Path) -> None:
    teams = read(
        tmp_path, "{version: 1, admins: [a@b.c], rates: {cpu_hour: 0.1}, teams: {retail: }}"
    )
    assert teams.rates.cpu_hour == Decimal("0.1")


def test_roles_are_written_by_name_and_people_in_any_case(tmp_path: Path) -> None:
    text = "{version: 1, admins: [A@B.c], teams: {retail: {members: {editor: [Rita@X.y]}}}}"
    teams = read(tmp_path, text)
    assert teams.admins == ("a@b.c",)
    assert teams.teams["retail"].members == {Role.EDITOR: ("rita@x.y",)}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{version: 2, admins: [a@b.c], teams: {retail: }}", "version"),
        ("{version: 1, admins: [], teams: {retail: }}", "admins"),
        ("{version: 1, teams: {retail: }}", "admins"),
        ("{version: 1, admins: [a@b.c], teams: {}}", "teams"),
        ("{version: 1, admins: [a@b.c], teams: {Retail: }}", "teams.Retail"),
        ("{version: 1, admins: [a@b.c], teams: {retail: {colour: red}}}", "colour"),
        ("{version: 1, admins: [a@b.c], teams: {retail: {quota: {runs: 0}}}}", "quota.runs"),
        (
            "{version: 1, admins: [a@b.c], teams: {retail: {members: {owner: [a@b.c]}}}}",
            "there is no role 'owner'; there are viewer, launcher, editor, admin",
        ),
        ("{version: 1, admins: ['two words'], teams: {retail: }}", "two words"),
        ("{version: 1, admins: ['team:x'], teams: {retail: }}", "team:x"),
        (
            "{version: 1, admins: [a@b.c], teams: {a: {location: x}, b: {location: x}}}",
            "the location x belongs to two teams",
        ),
        (
            "{version: 1, admins: [a@b.c], teams: {a: {prefixes: [x]}, b: {prefixes: [y, x]}}}",
            "the prefix x belongs to two teams",
        ),
        (
            "{version: 1, admins: [a@b.c], groups: {g: ['group:h']}, teams: {a: }}",
            "a group holds people, not groups",
        ),
        ("{version: 1, admins: [a@b.c], teams: {a: , a: }}", "'a' stands here for the second time"),
        (
            "{version: 1, admins: [a@b.c], teams: {a: {alerts: [{name: mail}]}}}",
            "needs one of url and url_from",
        ),
        ("{version: 1, admins: [a@b.c], teams: {none: }}", "the queue marks runs of no team"),
        *(
            (
                f"{{version: 1, admins: [a@b.c], teams: {{{name}: }}}}",
                f"no team may be called {name}, as `sales-assets deploy` has a command",
            )
            for name in ("run", "rollback", "status", "start", "stop")
        ),
        ("[", "is no YAML"),
        ("just text", "teams.yaml"),
    ],
)
def test_a_wrong_file_is_refused_by_a_sentence_that_names_the_field(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, text)
    assert complaint in str(refused.value)
    assert str(tmp_path / "teams.yaml") in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.yaml: cannot be read"):
        read_teams(tmp_path / "gone.yaml")


def test_a_change_is_in_force_at_the_next_question(tmp_path: Path) -> None:
    (tmp_path / "teams.yaml").write_text(TEAMS)
    file = TeamsFile(tmp_path / "teams.yaml")
    assert tuple(file.current().teams) == LOCATIONS
    (tmp_path / "teams.yaml").write_text("{version: 1, admins: [a@b.c], teams: {delta: }}")
    assert list(file.current().teams) == ["delta"]


@pytest.mark.parametrize("change", ["{version: 1}", "[", None])
def test_a_change_for_the_worse_leaves_the_last_good_file_in_force(
    tmp_path: Path, change: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "teams.yaml").write_text(TEAMS)
    file = TeamsFile(tmp_path / "teams.yaml")
    if change is None:
        (tmp_path / "teams.yaml").unlink()
    else:
        (tmp_path / "teams.yaml").write_text(change)
    assert tuple(file.current().teams) == LOCATIONS
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert tuple(file.current().teams) == LOCATIONS
    assert len(caplog.records) == 1, "it is told once"
    (tmp_path / "teams.yaml").write_text("{version: 1, admins: [a@b.c], teams: {delta: }}")
    assert list(file.current().teams) == ["delta"]
