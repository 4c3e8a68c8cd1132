"""What teams.yaml lets a code location make."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from dagster._core.definitions.definitions_load_context import (
    DefinitionsLoadContext,
    DefinitionsLoadType,
)

from sales_assets.build import build_definitions
from sales_assets.errors import UsageError
from sales_assets.platform.options import Part
from sales_assets.settings import Settings
from sales_assets_tests.harness import PROJECT

SAMPLE = PROJECT / "deploy" / "teams.yaml"


@pytest.fixture(autouse=True)
def _as_a_code_server_loads() -> Iterator[None]:
    """Whatever this process did before: a run that it executed would count as a run's process."""
    before = DefinitionsLoadContext.get()
    DefinitionsLoadContext.set(DefinitionsLoadContext(DefinitionsLoadType.INITIALIZATION))
    yield
    DefinitionsLoadContext.set(before)


def teams(folder: Path, **changed: Mapping[str, object] | None) -> Path:
    """The sample's teams with some changed, or without those that are None."""
    data = yaml.safe_load(SAMPLE.read_text())
    for name, change in changed.items():
        if change is None:
            del data["teams"][name]
        else:
            data["teams"][name] |= dict(change)
    file = folder / "teams.yaml"
    file.write_text(yaml.safe_dump(data))
    return file


def build(file: Path, part: str = "everything", team: str | None = None) -> None:
    build_definitions(Settings(teams_file=file, part=Part(part), team=team))


@pytest.mark.parametrize(
    ("part", "team"),
    [("everything", None), ("sources", "retail"), ("sources", "global"), ("shared", None)],
)
def test_the_sample_s_teams_allow_what_the_sample_makes(part: str, team: str | None) -> None:
    build(SAMPLE, part, team)


@pytest.mark.parametrize(("part", "team"), [("sources", "global"), ("shared", None)])
def test_a_team_that_has_left_does_not_keep_the_others_parts_from_loading(
    tmp_path: Path, part: str, team: str | None
) -> None:
    build(teams(tmp_path, retail=None), part, team)


@pytest.mark.parametrize(("part", "team"), [("everything", None), ("sources", "retail")])
def test_a_contract_of_a_team_that_is_not_in_the_file_is_refused_where_it_is_made(
    tmp_path: Path, part: str, team: str | None
) -> None:
    file = teams(tmp_path, retail=None)
    with pytest.raises(
        UsageError,
        match=r"pizzaplace\.odcs\.yaml: team\.name: .*teams\.yaml has no team retail; add it there,"
        r" or name one of analytics, global",
    ):
        build(file, part, team)


def test_a_key_beyond_the_team_s_prefixes_is_refused(tmp_path: Path) -> None:
    file = teams(tmp_path, retail={"prefixes": ["tills"]})
    with pytest.raises(
        UsageError,
        match=r"location retail makes retail/pizzaplace/raw, .* team retail begin with tills; "
        r".* add its beginning to teams\.retail\.prefixes",
    ):
        build(file, "sources", "retail")
    build(file, "everything")


def test_the_shared_part_is_the_location_of_the_team_that_builds_it(tmp_path: Path) -> None:
    kept = ["rates", "staging", "core", "reports", "platform"]
    file = teams(tmp_path, analytics={"prefixes": kept, "location": "above_all"})
    with pytest.raises(UsageError, match=r"location above_all makes marts/customer_value, marts/"):
        build(file, "shared")


@pytest.mark.parametrize("builds", [{"analytics": "sources"}, {"retail": "shared"}])
def test_one_team_alone_builds_what_is_shared_and_it_has_no_sources(
    tmp_path: Path, builds: dict[str, str]
) -> None:
    file = teams(tmp_path, **{name: {"builds": what} for name, what in builds.items()})
    with pytest.raises(UsageError, match=r"0 teams have `builds: shared`|builds what is shared"):
        build(file, "shared")


def test_two_teams_that_build_what_is_shared_are_refused(tmp_path: Path) -> None:
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    shutil.copy(PROJECT / "sales_assets" / "sources" / "global_sales.odcs.yaml", contracts)
    file = teams(tmp_path, retail={"builds": "shared"})
    with pytest.raises(UsageError, match="2 teams have `builds: shared`"):
        build_definitions(Settings(teams_file=file, part=Part.SHARED, contracts=contracts))


@pytest.mark.parametrize(
    ("part", "team"), [("everything", None), ("sources", "retail"), ("shared", None)]
)
def test_a_file_that_has_become_wrong_keeps_nothing_from_loading(
    tmp_path: Path, part: str, team: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "teams.yaml").write_text("version: 2\n")
    build(tmp_path / "teams.yaml", part, team)
    assert {record.levelname for record in caplog.records} == {"WARNING"}
    assert "teams.yaml: version" in caplog.text


def test_a_run_loads_its_definitions_whatever_the_file_says_by_then(tmp_path: Path) -> None:
    file = teams(tmp_path, retail={"prefixes": ["tills"]})
    started = DefinitionsLoadContext(DefinitionsLoadType.RECONSTRUCTION)
    before = DefinitionsLoadContext.get()
    DefinitionsLoadContext.set(started)
    try:
        build(file, "sources", "retail")
    finally:
        DefinitionsLoadContext.set(before)
