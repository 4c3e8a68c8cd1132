from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, InstigatorType
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.types import DaemonHeartbeat
from pydantic import SecretStr

from sales_assets.doctor.findings import Finding, Severity
from sales_assets.doctor.instance import dagster
from sales_assets.instance.embedded import embedded_instance
from sales_assets.instance.liveness import run_lock
from sales_assets.settings import Settings
from sales_assets_tests.services import postgres_database

REPOSITORY = RemoteRepositoryOrigin(
    InProcessCodeLocationOrigin(LoadableTargetOrigin(python_file="definitions.py")), "repository"
)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DAGSTER_HOME", "")  # which the doctor sets; it is put back
    return Settings(home=tmp_path / "home")


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    with embedded_instance(settings.dagster_home, settings) as opened:
        yield opened


def by_check(settings: Settings) -> dict[str, Finding]:
    return {finding.check: finding for finding in dagster(settings)}


def configure(settings: Settings, **changes: object) -> None:
    file = settings.dagster_home / "dagster.yaml"
    kept = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**kept, **changes}))


def a_run(instance: dg.DagsterInstance, number: int, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    run_id = f"{number:08}-0000-4000-8000-{0:012}"
    origin = RemoteJobOrigin(REPOSITORY, "job")
    return instance.add_run(
        dg.DagsterRun("job", run_id=run_id, status=status, remote_job_origin=origin)
    )


def beat(instance: dg.DagsterInstance, daemon: str, age: float = 0.0) -> None:
    heartbeat = DaemonHeartbeat(time.time() - age, daemon, "here", [])
    instance.add_daemon_heartbeat(heartbeat)


def test_an_installation_that_has_not_begun_is_well_and_nothing_is_made(settings: Settings) -> None:
    [found] = dagster(settings)
    assert found.severity is Severity.OK
    assert not settings.home.exists()


def test_an_instance_at_rest_is_well(settings: Settings, instance: dg.DagsterInstance) -> None:
    found = by_check(settings)
    assert list(found) == ["Dagster", "pools", "runs", "daemon"]
    assert {finding.severity for finding in found.values()} == {Severity.OK}, found
    assert "has not run yet" in found["daemon"].found


def test_a_dagster_yaml_that_cannot_be_read_is_told(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    configure(settings, run_launcher={"module": "nowhere", "class": "Nobody"})
    [found] = dagster(settings)
    assert found.severity is Severity.PROBLEM
    assert "nowhere" in found.found
    assert "dagster.yaml" in found.found


def test_a_storage_that_is_away_is_told_without_advice_to_lose_it(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    away = {"postgres": {"postgres_url": "postgresql+psycopg2://postgres@127.0.0.1:9/dagster"}}
    configure(settings, storage=away)
    [found] = dagster(settings)
    assert found.severity is Severity.PROBLEM
    assert "move" not in found.to_do


def test_on_a_cluster_the_instance_is_where_dagster_says(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", instance.root_directory)
    found = by_check(Settings(home=tmp_path / "another"))
    assert found["Dagster"].found.startswith(instance.root_directory)


def test_a_home_from_before_postgresql_was_set_is_told(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    with postgres_database() as address:
        given = settings.model_copy(update={"dagster_postgres_url": SecretStr(address)})
        found = by_check(given)["Dagster"]
        assert found.severity is Severity.PROBLEM
        assert "move the file away" in found.to_do


def test_runs_that_nobody_watches_are_told(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    configure(settings, run_monitoring={"enabled": False})
    found = by_check(settings)["Dagster"]
    assert found.severity is Severity.WARNING
    assert "run_monitoring" in found.to_do


def test_a_pool_without_a_limit_and_a_place_that_the_dead_keep_are_told(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    run = a_run(instance, 1, dg.DagsterRunStatus.FAILURE)
    storage = instance.event_log_storage
    storage.initialize_concurrency_limit_to_default("exchange_rate_api")
    assert storage.claim_concurrency_slot("exchange_rate_api", run.run_id, "step").is_claimed
    found = by_check(settings)["pools"]
    assert found.severity is Severity.WARNING
    assert "00000001" in found.found

    storage.free_concurrency_slots_for_run(run.run_id)
    assert by_check(settings)["pools"].severity is Severity.OK
    configure(settings, concurrency={})
    for pool in storage.get_concurrency_keys():
        storage.delete_concurrency_limit(pool)
    found = by_check(settings)["pools"]
    assert found.severity is Severity.WARNING
    assert "without a limit" in found.found


def test_a_run_whose_process_is_gone_is_told_and_a_living_one_is_not(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    for number in (1, 2):
        a_run(instance, number, dg.DagsterRunStatus.STARTED)
    gone, alive = (run_lock(instance, run.run_id) for run in reversed(instance.get_runs()))
    Path(gone.lock_file).touch()
    with alive:
        found = by_check(settings)["runs"]
    assert found.severity is Severity.WARNING
    assert found.found.startswith("00000001 of 2 ")


def test_runs_that_wait_for_a_daemon_that_is_not_there_are_told(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    a_run(instance, 1, dg.DagsterRunStatus.QUEUED)
    assert by_check(settings)["runs"].severity is Severity.PROBLEM
    for daemon in instance.get_required_daemon_types():
        beat(instance, daemon)
    found = by_check(settings)
    assert found["runs"].found == "0 under way, 1 waiting"
    assert found["daemon"].found.startswith("alive: ")


def test_a_daemon_that_has_died_in_part_is_told(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    first, *others = sorted(instance.get_required_daemon_types())
    for daemon in others:
        beat(instance, daemon)
    beat(instance, first, age=600)
    found = by_check(settings)["daemon"]
    assert found.severity is Severity.PROBLEM
    assert found.found == f"no sign of life from {first}"


@pytest.mark.parametrize("status", [InstigatorStatus.RUNNING, InstigatorStatus.DECLARED_IN_CODE])
def test_sensors_that_are_on_without_a_daemon_are_told(
    settings: Settings, instance: dg.DagsterInstance, status: InstigatorStatus
) -> None:
    origin = RemoteInstigatorOrigin(REPOSITORY, "watching")
    instance.add_instigator_state(InstigatorState(origin, InstigatorType.SENSOR, status))
    for daemon in instance.get_required_daemon_types():
        beat(instance, daemon, age=86_400)
    found = by_check(settings)["daemon"]
    assert found.severity is Severity.WARNING
    assert "watching" in found.found


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"run_monitoring": {"enabled": True}}, ["stuck is never ended", "never given back"]),
        ({"run_retries": {"enabled": False}}, ["not begun again"]),
        ({"run_retries": {"enabled": True, "max_retries": 3}}, ["whatever they failed for"]),
    ],
    ids=["no time limit", "no retries", "retries of everything"],
)
def test_what_an_earlier_configuration_lacks_is_told_with_what_to_set(
    settings: Settings, instance: dg.DagsterInstance, changes: dict[str, object], told: list[str]
) -> None:
    before = (settings.dagster_home / "dagster.yaml").read_text()
    wanted = {name: yaml.safe_load(before)[name] for name in ("run_monitoring", "run_retries")}
    configure(settings, **changes)
    found = by_check(settings)["stuck runs"]
    assert found.severity is Severity.WARNING
    assert all(text in found.found for text in told)
    assert yaml.safe_load("{" + found.to_do.removeprefix("set ") + "}") == wanted
