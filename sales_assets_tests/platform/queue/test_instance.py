"""The instance of a shared installation, and what the doctor says of one that is not ready."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sales_assets.doctor.findings import Finding, Severity
from sales_assets.doctor.instance import dagster
from sales_assets.instance.embedded import embedded_instance, instance_configuration
from sales_assets.platform.queue.coordinator import TeamRunCoordinator
from sales_assets.settings import PROJECT, Settings
from sales_assets.workers import WAREHOUSE_POOL, warehouse_pool
from sales_assets_tests.platform.queue.real_queue import teams_yaml


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A shared installation."""
    monkeypatch.setenv("DAGSTER_HOME", "")  # which the doctor sets; it is put back
    file = tmp_path / "teams.yaml"
    file.write_text(teams_yaml({"ants": 1, "bees": 1}, {"ants": 3, "bees": 1}))
    return Settings(home=tmp_path / "home", teams_file=file, concurrent_runs=5)


def told(settings: Settings) -> Finding:
    return next(finding for finding in dagster(settings) if finding.check == "Dagster")


def test_teams_share_the_queue_of_a_new_home(settings: Settings) -> None:
    with embedded_instance(settings.dagster_home, settings) as instance:
        assert isinstance(instance.run_coordinator, TeamRunCoordinator)
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 5
        limits = {limit["value"]: limit["limit"] for limit in queue.tag_concurrency_limits}
        assert limits == {"none": 2, "ants": 3, "bees": 1}
    assert told(settings).severity is Severity.OK


def test_without_teams_the_queue_is_dagsters_own(tmp_path: Path) -> None:
    plain = Settings(home=tmp_path)
    assert instance_configuration(plain) == instance_configuration()
    assert warehouse_pool(plain) is None


def test_a_home_from_before_there_were_teams_is_told_and_left_as_it_is(settings: Settings) -> None:
    plain = Settings(home=settings.home)
    with embedded_instance(plain.dagster_home, plain):
        pass
    before = (settings.dagster_home / "dagster.yaml").read_text()
    with embedded_instance(settings.dagster_home, settings):
        pass
    assert (settings.dagster_home / "dagster.yaml").read_text() == before
    assert told(settings).severity is Severity.WARNING
    assert "TeamRunCoordinator" in str(told(settings))


def test_limits_that_replace_the_teams_are_told(settings: Settings) -> None:
    with embedded_instance(settings.dagster_home, settings):
        pass
    file = settings.dagster_home / "dagster.yaml"
    configuration = yaml.safe_load(file.read_text())
    configuration["concurrency"]["runs"]["tag_concurrency_limits"] = [{"key": "team", "limit": 9}]
    file.write_text(yaml.safe_dump(configuration))
    assert told(settings).severity is Severity.WARNING
    assert "tag_concurrency_limits" in str(told(settings))


@pytest.mark.long
def test_runs_at_the_same_time_write_to_the_warehouse_one_by_one(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert warehouse_pool(settings) == WAREHOUSE_POOL
    with embedded_instance(settings.dagster_home, settings) as instance:
        assert instance.get_concurrency_config().pool_config.default_pool_limit == 1
    monkeypatch.setenv("SALES_ASSETS_HOME", str(settings.home))
    monkeypatch.setenv("SALES_ASSETS_TEAMS_FILE", str(settings.teams_file))
    command = [sys.executable, "-m", "sales_assets_tests.platform.queue.writer", str(tmp_path)]
    processes = [
        subprocess.Popen([*command, number], cwd=PROJECT, stderr=subprocess.PIPE, text=True)
        for number in ("one", "two")
    ]
    try:
        told = [process.communicate(timeout=240)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [process.returncode for process in processes] == [0, 0], told


@pytest.mark.long
def test_an_installation_without_teams_loads_nothing_of_the_queue(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import sales_assets.definitions, sales_assets.cli;"
        "from sales_assets.instance.embedded import embedded_instance;"
        "from sales_assets.settings import PROJECT, Settings;"
        f"settings = Settings(home=Path({str(tmp_path)!r}));"
        "opened = embedded_instance(settings.dagster_home, settings);"
        "opened.__enter__().run_coordinator; opened.__exit__(None, None, None);"
        "print([name for name in sys.modules if name.startswith('sales_assets.platform.queue')])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
