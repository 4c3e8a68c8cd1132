"""`sales-assets status`: the sources as before, and each team with what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sales_assets_tests.harness import SHOP, Run, calling
from sales_assets_tests.operations.scene import FIRST, Scene, scene
from sales_assets_tests.report.filled import Page


@pytest.fixture
def it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Two teams, of which `stalls` is private, in the environment's settings."""
    with scene(tmp_path, teams=True, private=True) as made:
        settings = made.made.settings
        monkeypatch.setenv("SALES_ASSETS_HOME", str(settings.home))
        monkeypatch.setenv("SALES_ASSETS_CONTRACTS", str(settings.contracts_folder))
        monkeypatch.setenv("SALES_ASSETS_TEAMS_FILE", str(settings.teams_file))
        yield made


@pytest.fixture
def run(it: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return calling(monkeypatch, capsys)


def told_of(run: Run, team: str) -> Any:
    code, out, err = run("status", "--team", team, "--format", "json")
    assert code == 0, err
    [found] = json.loads(out)["teams"]
    assert found["team"] == team
    return found


def test_status_tells_the_sources_and_each_team_with_a_command(run: Run, it: Scene) -> None:
    it.park("till")
    it.use("tests", 3, "tests/shop/raw")
    code, out, err = run("status")
    assert code == 0, err
    lines = out.splitlines()
    assert "tests/shop: 1 days are due" in lines
    assert "Parked: stalls/till, 2024-01-01" in err
    assert any(line.startswith("analytics: nothing late, failing or parked; ") for line in lines)
    assert any(line.startswith("stalls: 1 parked; ") for line in lines), out
    assert any(line.startswith("  parked: stalls/till: 2024-01-01, after 3 att") for line in lines)
    assert "    To do: sales-assets heal --unpark stalls/till 2024-01-01" in lines
    assert "tests: 1 late, over budget; 10,800.0 CPU s and 3.00 EUR this month" in lines
    assert "    To do: sales-assets land FILE --source tests/shop" in lines
    assert any(line.startswith("  over budget: 3.00 of 2.00 EUR (150%), and ") for line in lines)
    assert any("To do: sales-assets costs --by asset --month " in line for line in lines)


def test_one_team_alone_is_told_while_a_run_has_the_warehouse(run: Run, it: Scene) -> None:
    it.made.settings.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    it.made.settings.warehouse_file.write_text("no database: whoever opens it fails")
    code, out, err = run("status", "--team", "analytics")
    assert (code, err) == (0, "")
    assert out == "analytics: nothing late, failing or parked; 0.0 CPU s this month\n"


def test_an_unknown_team_is_refused_with_those_there_are(run: Run) -> None:
    code, _, err = run("status", "--team", "nobody")
    assert code == 2
    assert "--team nobody: there is no such team; there are analytics, stalls, tests" in err


def test_json_has_everything_with_exact_numbers_as_text(run: Run, it: Scene) -> None:
    it.park("till")
    it.use("tests", 3, "tests/shop/raw")
    [parked] = told_of(run, "stalls")["parked"]
    assert (parked["subject"], parked["what"], parked["attempts"]) == ("stalls/till", FIRST, 3)
    assert parked["command"] == "sales-assets heal --unpark stalls/till 2024-01-01"
    found = told_of(run, "tests")
    assert not found["is_well"]
    [late] = found["late"]
    assert late["since"] == "2024-01-03T00:00:00+00:00"
    costs = found["costs"]
    assert (costs["level"], costs["money"], costs["budget"]) == ("over", "3.00", "2")
    assert costs["assets"] == [
        {"asset": "tests/shop/raw", "cpu_seconds": "10800.000000", "money": "3.00"}
    ]
    assert told_of(run, "analytics")["is_well"]


def test_the_page_for_everybody_leaves_out_a_private_team_that_a_page_of_its_own_has(
    run: Run, it: Scene, tmp_path: Path
) -> None:
    it.park("till")
    everybody, own = tmp_path / "pages" / "all.html", tmp_path / "pages" / "own.html"
    code, out, _ = run("status", "--html", str(everybody))
    assert (code, out) == (0, f"Operations page: {everybody}\n")
    assert "stalls" not in everybody.read_text()
    assert "tests/shop" in everybody.read_text()
    assert run("status", "--html", str(own), "--team", "stalls")[0] == 0
    text = Page(own.read_text()).text
    assert "sales-assets heal --unpark stalls/till 2024-01-01" in text
    assert "tests/shop" not in text


def test_a_command_knows_the_sources_of_its_own_settings_whichever_were_loaded_before(
    run: Run, it: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as elsewhere:
        contracts = tmp_path / "elsewhere" / "contracts"
        contracts.mkdir(parents=True)
        shutil.copy(SHOP, contracts)
        elsewhere.setenv("SALES_ASSETS_HOME", str(contracts.parent))
        elsewhere.setenv("SALES_ASSETS_CONTRACTS", str(contracts))
        elsewhere.delenv("SALES_ASSETS_TEAMS_FILE")
        code, _, err = run("status", "--format", "json")
        assert code == 0, err
    it.park("till")
    found = told_of(run, "stalls")
    assert (len(found["parked"]), found["failing"]) == (1, [])
