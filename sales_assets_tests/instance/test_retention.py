"""What old runs left goes, and what is known of partitions and checks stays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.storage.event_log import SqlEventLogStorage

from sales_assets.errors import UsageError
from sales_assets.instance.retention import _Pruning, prune
from sales_assets_tests.instance.partition_state import state_of
from sales_assets_tests.instance.recording import (
    BATCHING,
    DAY_KEYS,
    DAYS,
    RAW,
    REVENUE,
    RUN_1,
    STAGED,
    build_job,
    mixed_batch,
    open_instance,
    run_range,
    storage_in_postgres,
)
from sales_assets_tests.services import postgres_database

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")

KEYS = [RAW, STAGED, REVENUE]
CHECK = dg.AssetCheckKey(STAGED, "staged_adds_up")
NOTHING = timedelta(0)
Opener = Callable[[], dg.DagsterInstance]


@contextmanager
def storage(kind: str) -> Iterator[str]:
    """What dagster.yaml says of a fresh storage."""
    if kind == "SQLite":
        yield ""
    else:
        with postgres_database() as address:
            yield storage_in_postgres(address)


@pytest.fixture(params=["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.long)])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the instance, as each process does for itself."""
    with storage(request.param) as said:
        yield lambda: open_instance(tmp_path / "home", BATCHING + said)


@pytest.fixture
def instance(opener: Opener) -> Iterator[dg.DagsterInstance]:
    with opener() as opened:
        yield opened


def run_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def fill(instance: dg.DagsterInstance, rounds: int = 2) -> None:
    """Each round 6 days, then 4 of which 2 are new, of which the last asset fails."""
    job = build_job({})
    for number in range(rounds):
        assert run_range(job, instance, run_id(10 * number), DAY_KEYS[:6])
        assert not run_range(job, instance, run_id(10 * number + 1), DAY_KEYS[4:8], fail="yes")


def state(instance: dg.DagsterInstance) -> Mapping[str, Any]:
    return state_of(instance, KEYS, [CHECK], DAYS, DAY_KEYS[:9])


def rows(instance: dg.DagsterInstance, table: str = "event_logs") -> int:
    assert isinstance(instance.event_log_storage, SqlEventLogStorage)
    with instance.event_log_storage.index_connection() as connection:
        return connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0


@pytest.mark.parametrize("opener", ["SQLite", "PostgreSQL"], indirect=True)
def test_pruning_changes_no_answer_about_partitions_and_checks(
    instance: dg.DagsterInstance,
) -> None:
    fill(instance)
    before, rows_before = state(instance), rows(instance)
    status = before["shop/revenue"]["status"]
    failed = [day for day, of_day in status.items() if of_day and of_day.name == "FAILED"]
    assert failed == DAY_KEYS[5:8], "the comparison covers failed partitions"

    pruned = prune(instance, NOTHING)

    assert state(instance) == before
    assert rows(instance) == rows_before - pruned.events
    assert (pruned.runs, pruned.records) == (3, 2)
    assert pruned.events > rows_before / 3
    assert pruned.check_results > 0
    again = prune(instance, NOTHING)
    assert (again.events, again.check_results, again.runs, again.records) == (0, 0, 0, 0)


def test_after_pruning_days_are_materialised_again_as_before(instance: dg.DagsterInstance) -> None:
    fill(instance)
    prune(instance, NOTHING)
    newest = instance.event_log_storage.get_maximum_record_id()
    assert run_range(build_job({}), instance, run_id(77), DAY_KEYS[:8])
    assert instance.get_materialized_partitions(REVENUE) == set(DAY_KEYS[:8])
    ids = instance.event_log_storage.get_latest_storage_id_by_partition(
        RAW, dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    assert newest is not None
    assert min(ids.values()) > newest, "ids never go back"
    prune(instance, NOTHING)
    assert instance.get_materialized_partitions(REVENUE) == set(DAY_KEYS[:8])


@pytest.mark.parametrize("kind", ["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.long)])
def test_what_is_left_does_not_grow_with_the_rounds(tmp_path: Path, kind: str) -> None:
    left = []
    for rounds in (2, 4):
        with (
            storage(kind) as said,
            open_instance(tmp_path / str(rounds), BATCHING + said) as instance,
        ):
            fill(instance, rounds)
            prune(instance, NOTHING)
            tables = ("event_logs", "asset_event_tags", "asset_check_executions")
            left.append([*(rows(instance, table) for table in tables), instance.get_runs_count()])
    assert left[0] == left[1]


def test_a_dry_run_says_the_same_and_deletes_nothing(instance: dg.DagsterInstance) -> None:
    fill(instance)
    before = rows(instance)
    would = prune(instance, NOTHING, dry_run=True)
    assert rows(instance) == before
    assert instance.get_runs_count() == 4
    done = prune(instance, NOTHING)
    assert (would.events, would.check_results, would.runs, would.records, would.ticks) == (
        done.events,
        done.check_results,
        done.runs,
        done.records,
        done.ticks,
    )
    assert would.events_before == done.events_before == before


def test_what_is_not_older_than_the_days_to_keep_stays(instance: dg.DagsterInstance) -> None:
    # These events are of 2024: the first of each kind is superseded by one as old.
    instance.event_log_storage.store_event_batch([*mixed_batch(RUN_1), *mixed_batch(RUN_1)])
    fill(instance, rounds=1)
    before = state(instance)
    of_raw = instance.fetch_materializations(RAW, 100).records

    prune(instance, timedelta(days=1))

    assert state(instance) == before
    left = instance.fetch_materializations(RAW, 100).records
    # Of those of 2024 the last of each partition, though a newer one exists: that is not old yet.
    assert [record.storage_id for record in of_raw if record not in left] == [
        of_raw[-1].storage_id + offset for offset in (3, 0)
    ]
    assert instance.get_runs_count() == 2
    assert len(instance.all_logs(run_id(0))) > 50


def test_a_run_that_has_not_ended_is_left_alone(instance: dg.DagsterInstance) -> None:
    job = build_job({})
    span = {
        "dagster/asset_partition_range_start": DAY_KEYS[0],
        "dagster/asset_partition_range_end": DAY_KEYS[5],
    }
    waiting = instance.create_run_for_job(job, tags=span)
    fill(instance)
    logs = instance.all_logs(waiting.run_id)
    planned = instance.get_asset_partitions_for_run(waiting.run_id)
    before = state(instance)

    prune(instance, NOTHING)

    assert instance.get_run_by_id(waiting.run_id) == waiting
    assert instance.all_logs(waiting.run_id) == logs
    assert instance.get_asset_partitions_for_run(waiting.run_id) == planned
    assert len(logs) > 18
    assert state(instance) == before


def test_a_backfill_in_progress_keeps_all_that_came_after_its_beginning(
    instance: dg.DagsterInstance,
) -> None:
    fill(instance)
    before = rows(instance)
    backfill = PartitionBackfill(
        backfill_id="going on",
        status=BulkActionStatus.REQUESTED,
        from_failure=False,
        tags={},
        backfill_timestamp=0.0,
    )
    instance.add_backfill(backfill)
    assert prune(instance, NOTHING).events == 0
    assert rows(instance) == before
    instance.update_backfill(backfill._replace(status=BulkActionStatus.COMPLETED_SUCCESS))
    assert prune(instance, NOTHING).events > 0


def test_a_run_with_a_sensors_key_or_that_another_repeats_stays_known(
    instance: dg.DagsterInstance,
) -> None:
    job = build_job({})
    for number, tags in enumerate(
        [
            {"dagster/run_key": "a drop"},
            {},
            {"dagster/run_key": "another", "dagster/root_run_id": run_id(1)},
            {},
            {"dagster/parent_run_id": run_id(3)},
            {},
            {"dagster/parent_run_id": run_id(5)},
        ]
    ):
        assert run_range(job, instance, run_id(number), DAY_KEYS[:1], **tags)
    prune(instance, NOTHING)
    known = {run.run_id for run in instance.get_runs()}
    # Nothing needs 4, nor what it repeats; the newest run needs 5.
    assert known == {run_id(number) for number in (0, 1, 2, 5, 6)}
    keyed = dg.RunsFilter(tags={"dagster/run_key": "a drop"})
    assert [run.run_id for run in instance.get_runs(keyed)] == [run_id(0)]
    assert instance.all_logs(run_id(0)) == []


@pytest.mark.parametrize("steps", [0, 3])
def test_pruning_that_was_killed_is_done_by_the_next_one(
    tmp_path: Path, opener: Opener, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    with opener() as instance:
        fill(instance)
        before = state(instance)
        would = prune(instance, NOTHING, dry_run=True)
    left = iter(range(steps))
    delete = _Pruning._delete_events

    def until_killed(self: _Pruning, ids: list[int]) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        delete(self, ids)

    with monkeypatch.context() as patch, opener() as instance:
        patch.setattr(_Pruning, "_delete_events", until_killed)
        with pytest.raises(KeyboardInterrupt):
            prune(instance, NOTHING)
        assert state(instance) == before
    with opener() as instance:
        prune(instance, NOTHING)
        assert rows(instance) == would.events_before - would.events
        assert instance.get_runs_count() == 4 - would.records
        assert state(instance) == before


def test_runs_go_on_while_their_predecessors_are_pruned(opener: Opener) -> None:
    with opener() as instance:
        fill(instance)
    succeeded: list[bool] = []
    begun: list[datetime] = []

    def work() -> None:
        with opener() as own:
            job = build_job({})
            for number in range(3):
                begun.append(datetime.now(UTC))
                succeeded.append(run_range(job, own, run_id(50 + number), DAY_KEYS[:20]))

    working = threading.Thread(target=work)
    working.start()
    pruned = 0
    with opener() as instance:
        while working.is_alive():
            # The last run's log is looked at below, so it must not count as old once it has ended.
            keep = NOTHING if len(begun) < 3 else datetime.now(UTC) - begun[2]
            pruned += prune(instance, keep).events
        assert succeeded == [True] * 3
        assert pruned > 0
        for key in KEYS:
            assert set(DAY_KEYS[:20]) <= instance.get_materialized_partitions(key)
        assert len(instance.all_logs(run_id(52))) > 2 * 3 * 20


def test_another_storage_is_refused() -> None:
    with (
        dg.DagsterInstance.ephemeral() as ephemeral,
        pytest.raises(UsageError, match="cannot be pruned in InMemoryEventLogStorage"),
    ):
        prune(ephemeral, NOTHING)
