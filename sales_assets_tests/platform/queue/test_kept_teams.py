"""A queue whose teams.yaml has become wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from sales_assets.platform.queue.kept_teams import KEY
from sales_assets.platform.queue.shares import UNIT
from sales_assets.platform.queue.stamps import place_of
from sales_assets_tests.platform.queue.real_queue import new_run, teams_yaml

BROKEN = "version: 1\nadmins: [\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "teams.yaml"
    file.write_text(teams_yaml({"ants": 1, "bees": 2}, {"ants": 3, "bees": 7}))
    return file


def instance_of(file: Path) -> dg.DagsterInstance:
    """The instance of a process that has begun just now."""
    folder = file.parent / "dagster"
    folder.mkdir(exist_ok=True)
    coordinator = {
        "module": "sales_assets.platform.queue.coordinator",
        "class": "TeamRunCoordinator",
        "config": {"teams_file": str(file)},
    }
    text = yaml.safe_dump({"run_coordinator": coordinator, "telemetry": {"enabled": False}})
    (folder / "dagster.yaml").write_text(text)
    return dg.DagsterInstance.from_config(str(folder))


def limits_of(instance: dg.DagsterInstance) -> dict[str, int]:
    """The teams' limits, as a step asks for them with those of pools."""
    config: Any = instance.get_concurrency_config().run_queue_config
    return {one["value"]: one["limit"] for one in config.tag_concurrency_limits}


def submitted(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """A run of the bees that was put into the queue."""
    run = new_run("bees")
    instance.add_run(run)
    workspace: Any = None
    instance.submit_run(run.run_id, workspace)
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found


def test_a_new_process_goes_by_the_last_good_file(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with instance_of(file) as instance:
        before = limits_of(instance)
        kept = instance.run_storage.get_cursor_values({KEY})[KEY]
    assert before == {"none": 2, "ants": 3, "bees": 7}
    assert "members" not in kept
    file.write_text(BROKEN)
    with instance_of(file) as instance:
        assert limits_of(instance) == before
        run = submitted(instance)
        place = place_of(run)
        assert place is not None
        assert (run.tags["team"], place.finish - place.start) == ("bees", UNIT // 2)
        told = [record for record in caplog.records if record.levelname == "ERROR"]
        assert len(told) == 1, "it is told once"
        assert "last good teams" in told[0].getMessage()
        file.write_text(teams_yaml({"ants": 1}, {"ants": 5}))
        assert limits_of(instance) == {"none": 2, "ants": 5}


@pytest.mark.parametrize("kept", [None, "{", "{}"])
def test_without_a_last_good_file_runs_are_of_no_team(file: Path, kept: str | None) -> None:
    file.write_text(BROKEN)
    with instance_of(file) as instance:
        if kept is not None:
            instance.run_storage.set_cursor_values({KEY: kept})
        assert limits_of(instance) == {"none": 2}
        assert submitted(instance).tags["team"] == "none"
