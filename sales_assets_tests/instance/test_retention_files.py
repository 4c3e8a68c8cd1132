"""Pruning gives room back: SQLite's files; and of ticks the last stay."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickData, TickStatus
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import deserialize_value

from sales_assets.automation.retention import build_pruning_schedule
from sales_assets.instance.retention import prune
from sales_assets_tests.instance.recording import (
    BATCHING,
    DAY_KEYS,
    RAW,
    RUN_1,
    RUN_2,
    build_job,
    open_instance,
    run_range,
)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")

NOTHING = timedelta(0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """Two runs of the same days."""
    with open_instance(home, BATCHING) as opened:
        for run_id in (RUN_1, RUN_2):
            assert run_range(build_job({}), opened, run_id, DAY_KEYS)
        yield opened


def shards(home: Path) -> set[str]:
    return {file.name.partition(".")[0] for file in (home / "history" / "runs").glob("*.db*")}


def test_the_files_of_pruned_runs_go_and_the_index_becomes_smaller(
    home: Path, instance: dg.DagsterInstance
) -> None:
    assert shards(home) == {"index", RUN_1, RUN_2}
    index = home / "history" / "runs" / "index.db"
    pruned = prune(instance, NOTHING)
    assert shards(home) == {"index", RUN_2}
    assert pruned.bytes_after < pruned.bytes_before * 0.7
    after = index.stat().st_size
    prune(instance, NOTHING)
    assert index.stat().st_size == after


def test_a_file_in_use_keeps_its_size_and_nothing_else_fails(
    home: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sales_assets.instance.space._PATIENCE_SECONDS", 0.1)
    index = home / "history" / "runs" / "index.db"
    with open_instance(home, BATCHING) as other:
        reading = other.event_log_storage
        assert isinstance(reading, SqliteEventLogStorage)
        with reading.index_connection() as connection:
            rows = connection.exec_driver_sql("SELECT id FROM event_logs")
            assert rows.fetchone() is not None  # and so its snapshot stays open
            pruned = prune(instance, NOTHING)
            rows.close()
    assert pruned.events > 0
    assert index.exists()
    assert prune(instance, NOTHING).bytes_after < pruned.bytes_after


def test_a_process_that_has_read_a_pruned_run_finds_it_empty(
    home: Path, instance: dg.DagsterInstance
) -> None:
    with open_instance(home, BATCHING) as webserver:
        assert len(webserver.all_logs(RUN_1)) > 100
        prune(instance, NOTHING)
        assert webserver.all_logs(RUN_1) == []
        assert len(webserver.all_logs(RUN_2)) > 100


def test_the_file_of_events_of_no_run_is_shortened_by_the_rule_of_the_others(
    home: Path, instance: dg.DagsterInstance
) -> None:
    """For each asset, partition and kind the last stays, in the file and where states are read."""
    told = [
        kind(RAW, partition=day, metadata={"number": number, "long": "x" * 1000})
        for number in range(30)
        for day in DAY_KEYS[:2]
        for kind in (dg.AssetMaterialization, dg.AssetObservation)
    ]
    for event in told:
        instance.report_runless_asset_event(event)
    file = home / "history" / "runs" / ".db"

    def numbers() -> list[object]:
        with closing(sqlite3.connect(file)) as opened:
            rows = opened.execute("SELECT event FROM event_logs ORDER BY id").fetchall()
        entries = [deserialize_value(event, dg.EventLogEntry) for (event,) in rows]
        found = [entry.asset_materialization or entry.asset_observation for entry in entries]
        return [event.metadata["number"].value for event in found if event is not None]

    before = file.stat().st_size
    assert prune(instance, NOTHING, dry_run=True).events > 100
    prune(instance, timedelta(days=1))
    assert len(numbers()) == len(told), "none is old"
    prune(instance, NOTHING)
    assert numbers() == [29] * 4
    assert file.stat().st_size < before * 0.7
    last = instance.fetch_observations(RAW, limit=1).records[0].asset_observation
    assert last is not None
    assert last.metadata["number"].value == 29
    assert len(instance.get_materialized_partitions(RAW)) == len(DAY_KEYS)
    instance.report_runless_asset_event(told[0])
    assert numbers() == [*[29] * 4, 0]


def test_the_file_of_a_run_that_was_deleted_in_the_ui_goes_when_it_is_old(
    home: Path, instance: dg.DagsterInstance
) -> None:
    instance.delete_run(RUN_1)
    assert RUN_1 in shards(home)
    prune(instance, timedelta(days=1))
    assert RUN_1 in shards(home)
    for file in (home / "history" / "runs").glob(f"{RUN_1}*"):
        os.utime(file, (0, 0))
    prune(instance, timedelta(days=1))
    assert shards(home) == {"index", RUN_2}


def test_what_steps_printed_goes_with_the_run_and_what_is_beside_it_stays(
    home: Path, instance: dg.DagsterInstance
) -> None:
    newest = "00000000-0000-4000-8000-000000000003"
    assert run_range(build_job({}), instance, newest, DAY_KEYS)
    folders = home / "storage"
    (folders / RUN_1 / "an output").write_text("of an I/O manager")
    prune(instance, NOTHING)
    assert [path.name for path in (folders / RUN_1).iterdir()] == ["an output"]
    assert not (folders / RUN_2).exists()
    assert (folders / newest / "compute_logs").exists(), "the newest run stays whole"


def test_of_ticks_the_last_of_each_sensor_and_those_under_way_stay(
    home: Path,
) -> None:
    with open_instance(home, BATCHING) as instance:
        kept = []
        for sensor in ("one", "other"):
            for age, status in enumerate(
                [TickStatus.SKIPPED, TickStatus.SKIPPED, TickStatus.STARTED, TickStatus.SKIPPED]
            ):
                tick = instance.create_tick(
                    TickData(
                        f"origin of {sensor}",
                        sensor,
                        InstigatorType.SENSOR,
                        status,
                        datetime(2024, 1, 1 + age, tzinfo=UTC).timestamp(),
                        selector_id=sensor,
                    )
                )
                kept += [tick.tick_id] if age >= 2 else []
        assert prune(instance, NOTHING, dry_run=True).ticks == 4
        assert prune(instance, NOTHING).ticks == 4
        left = [
            tick.tick_id
            for sensor in ("one", "other")
            for tick in instance.get_ticks(f"origin of {sensor}", sensor)
        ]
    assert sorted(left) == sorted(kept)


def test_the_schedule_is_off_and_its_job_prunes_the_instance_it_runs_on(
    instance: dg.DagsterInstance,
) -> None:
    schedule = build_pruning_schedule(keep_days=0)
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    job = schedule.job
    assert isinstance(job, dg.JobDefinition)
    done = job.execute_in_process(instance=instance)
    assert done.success
    known = {run.run_id for run in instance.get_runs()}
    assert known == {RUN_2, done.run_id}
    assert len(instance.get_materialized_partitions(RAW)) == len(DAY_KEYS)
    assert instance.all_logs(done.run_id)
