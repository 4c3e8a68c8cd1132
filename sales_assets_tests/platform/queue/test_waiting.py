"""What is told of the queue, and the command that prints it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster._core.run_coordinator import SubmitRunContext

from sales_assets.instance.embedded import embedded_instance
from sales_assets.platform.queue.waiting import team_queues
from sales_assets.platform.teams_file import read_teams
from sales_assets.settings import Settings
from sales_assets_tests.harness import calling
from sales_assets_tests.platform.queue.real_queue import (
    RealQueue,
    new_run,
    real_queue,
    teams_yaml,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "teams.yaml"
    file.write_text(teams_yaml({"ants": 1, "bees": 2}, {"ants": 1, "bees": 2}))
    return file


@pytest.fixture
def queue(file: Path) -> Iterator[RealQueue]:
    with real_queue(file, places=2) as queue:
        yield queue


def test_each_team_is_told_how_it_stands(queue: RealQueue, file: Path) -> None:
    ants = [queue.submit("ants") for _ in range(3)]
    assert queue.dequeue() == ants[:1]
    queue.submit("wasps", {"dagster/backfill": "all"})
    found = {one.team: one for one in team_queues(queue.instance, read_teams(file))}
    assert list(found) == ["ants", "bees", "none"]
    assert (found["ants"].queued, found["ants"].running, found["ants"].at_limit) == (2, 1, True)
    assert found["ants"].next is not None
    assert (found["ants"].next.run_id, found["ants"].next.ahead) == (ants[1], 0)
    assert found["bees"].waits_since is None
    assert found["bees"].next is None
    assert found["none"].next is not None
    assert (found["none"].next.lane, found["none"].next.ahead) == ("backfill", 2)


def test_the_command_prints_a_table_or_json_and_asks_for_teams(
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = calling(monkeypatch, capsys)
    monkeypatch.setenv("SALES_ASSETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("DAGSTER_HOME")
    code, _, err = run("queue")
    assert code == 2
    assert "SALES_ASSETS_TEAMS_FILE" in err
    monkeypatch.setenv("SALES_ASSETS_TEAMS_FILE", str(file))
    code, _, err = run("queue")
    assert code == 2
    assert "dagster.yaml" in err
    settings = Settings.load()
    with embedded_instance(settings.dagster_home, settings) as instance:
        for _ in range(2):
            added = instance.add_run(new_run("ants"))
            workspace: object = None
            instance.run_coordinator.submit_run(SubmitRunContext(added, workspace))  # type: ignore[arg-type]
    code, out, _ = run("queue")
    assert code == 0
    assert "ants" in out
    assert "(normal), 0 ahead" in out
    code, out, _ = run("queue", "--format", "json")
    assert [(team["team"], team["queued"]) for team in json.loads(out)] == [
        ("ants", 2),
        ("bees", 0),
    ]
