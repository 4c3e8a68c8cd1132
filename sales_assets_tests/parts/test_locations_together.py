"""Three code locations of one installation, with real code servers and a real daemon."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_graphql.test.utils import execute_dagster_graphql

from sales_assets.errors import SalesAssetsError
from sales_assets.settings import PREFIX
from sales_assets_tests.harness import SAMPLE, Installation
from sales_assets_tests.parts.located import LOCATIONS, code_servers, daemon
from sales_assets_tests.pipeline.test_backfill import BACKFILL, DONE, STATUS
from sales_assets_tests.serving import until

pytestmark = pytest.mark.long
DAYS = {
    "pizzaplace": ("2015-01-01", "2015-01-02"),
    "global_sales": ("2021-01-04", "2021-01-05"),
}
"""A few days of the sample; those of global_sales are in a currency that has to be converted."""
NODES = """
query Nodes {
  assetNodes {
    assetKey { path }
    isExecutable
    repository { location { name } }
    dependencyKeys { path }
  }
}
"""


def lines(source: str) -> str:
    """The sample's header, and its lines of the days."""
    with gzip.open(SAMPLE / f"{source}.csv.gz", "rt") as file:
        header, *rest = file.readlines()
    return header + "".join(line for line in rest if any(day in line for day in DAYS[source]))


def land(made: Installation, source: str) -> None:
    made.write_drop(source, f"{source}.csv", lines(source))


def as_environment(made: Installation) -> dict[str, str]:
    """What all code locations are told."""
    given = made.settings.model_dump(exclude_unset=True)
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in given.items()}


class Teams:
    """The installation while its code servers and its daemon run."""

    def __init__(self, made: Installation, workspace: WorkspaceProcessContext) -> None:
        self.made, self._workspace = made, workspace

    def ask(self, query: str, **variables: Any) -> Any:
        """What the UI gets for a query of one field."""
        context = self._workspace.create_request_context()
        answer = execute_dagster_graphql(context, query, variables)
        assert answer.data is not None, answer.errors
        return next(iter(answer.data.values()))

    def run_of(self, key: str) -> list[dg.DagsterRun]:
        asked = dg.AssetKey(key.split("/"))
        runs = self.made.instance.get_runs()
        return [run for run in runs if asked in (run.asset_selection or ())]

    def is_quiet(self) -> bool:
        """Whether no run is under way."""
        return all(run.is_finished for run in self.made.instance.get_runs())

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """All tables, once there are any."""
        try:
            return self.made.tables()
        except SalesAssetsError:
            return {}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys that make the same pseudonyms in every home."""
    folder = tmp_path_factory.mktemp("keys")
    (folder / "default.key").write_text("ab" * 32)
    return folder


@pytest.fixture(scope="module")
def expected(
    keys: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[tuple[Any, ...]]]:
    """The tables of one code location that holds everything."""
    with Installation(tmp_path_factory.mktemp("alone"), pseudonym_keys=keys) as alone:
        for source, (first, last) in DAYS.items():
            land(alone, source)
            alone.materialize(first, last, [source])
        return alone.tables()


@pytest.fixture(scope="module")
def teams(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Teams]:
    home = tmp_path_factory.mktemp("home")
    with Installation(home, pseudonym_keys=keys, settle_seconds=0) as made:
        told = as_environment(made)
        with (
            code_servers(made, told) as file,
            daemon(made, file, {}),
            WorkspaceProcessContext(made.instance, WorkspaceFileTarget([str(file)])) as workspace,
        ):
            yield Teams(made, workspace)


def test_drops_of_each_team_become_the_tables_of_one_location_and_a_report(
    teams: Teams, expected: dict[str, list[tuple[Any, ...]]]
) -> None:
    for source in DAYS:
        land(teams.made, source)
    report = teams.made.settings.report_folder / "sales_report.html"
    until("the tables", lambda: teams.tables() == expected, 240)
    until("the report", lambda: report.is_file() and teams.is_quiet(), 120)

    runs = teams.made.instance.get_runs()
    assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
    for team, source in (("retail", "pizzaplace"), ("global", "global_sales")):
        [run] = teams.run_of(f"{team}/{source}/revenue")
        assert run.tags["dagster/code_location"] == team
    for key in ("rates/exchange_rates", "marts/daily_revenue", "reports/sales_report"):
        made_by = {run.tags["dagster/code_location"] for run in teams.run_of(key)}
        assert made_by == {"analytics"}
    assert "retail/pizzaplace" in report.read_text()


def test_each_run_is_in_a_process_of_its_own_location_s_code_server(teams: Teams) -> None:
    for run in teams.made.instance.get_runs():
        server = json.loads(run.tags[".dagster/grpc_info"])["socket"]
        assert Path(server).name == run.tags["dagster/code_location"]


def test_lineage_goes_from_one_location_to_another_without_a_node_that_is_there_twice(
    teams: Teams,
) -> None:
    nodes = teams.ask(NODES)
    found = {"/".join(node["assetKey"]["path"]): node for node in nodes}
    assert len(found) == len(nodes)
    assert all(node["isExecutable"] for node in nodes)
    below, reached = ["marts/daily_revenue"], set[str]()
    while below:
        key = below.pop()
        reached.add(key)
        below += ["/".join(one["path"]) for one in found[key]["dependencyKeys"]]
    assert {"retail/pizzaplace/raw", "global/global_sales/raw", "rates/exchange_rates"} <= reached
    locations = {key: node["repository"]["location"]["name"] for key, node in found.items()}
    assert locations["retail/pizzaplace/revenue"] == "retail"
    assert locations["global/global_sales/revenue"] == "global"
    assert locations["marts/daily_revenue"] == "analytics"
    assert set(locations.values()) == LOCATIONS.keys()


def test_a_backfill_of_assets_of_several_locations_succeeds(
    teams: Teams, expected: dict[str, list[tuple[Any, ...]]]
) -> None:
    layers = ("raw", "staged", "revenue", "rejected")
    selection = [["retail", "pizzaplace", layer] for layer in layers]
    selection += [["rates", "exchange_rates"], ["staging", "stg_sales"], ["core", "fct_sales"]]
    params = {
        "tags": [{"key": "dagster/from_ui", "value": "true"}],
        "assetSelection": [{"path": path} for path in selection],
        "partitionNames": list(DAYS["pizzaplace"]),
        "fromFailure": False,
    }
    launched = teams.ask(BACKFILL, params=params)
    assert launched["__typename"] == "LaunchBackfillSuccess", launched

    def ended() -> dict[str, Any] | None:
        state: dict[str, Any] = teams.ask(STATUS, id=launched["backfillId"])
        return state if state["status"] in DONE else None

    state = until("the backfill", ended, 240)
    assert state["status"] == "COMPLETED_SUCCESS", state
    runs = [teams.made.instance.get_run_by_id(run["id"]) for run in state["runs"]]
    assert {run.tags["dagster/code_location"] for run in runs if run} == {"retail", "analytics"}
    until("what follows the backfill", teams.is_quiet, 120)
    assert teams.tables() == expected
