"""Events of a batch in SQLite: the same rows as stock leaves, far fewer transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy import event as sqlalchemy_event

from sales_assets.instance.sqlite_events import BatchingSqliteEventLogStorage
from sales_assets_tests.instance.recording import (
    BATCHING,
    DAY_KEYS,
    PLAYED_KINDS,
    RAW,
    REVENUE,
    RUN_1,
    RUN_2,
    STAGED,
    asked_of,
    blank_times,
    build_job,
    mixed_batch,
    of_no_day,
    open_instance,
    play,
    run_range,
)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")


@contextmanager
def counting_commits(home: Path) -> Iterator[list[str]]:
    """The shards committed to, one entry for each transaction."""
    committed: list[str] = []

    def count(connection: Connection) -> None:
        database = Path(connection.engine.url.database or "")
        if database.parent == home / "history" / "runs":
            committed.append(database.stem)

    sqlalchemy_event.listen(Engine, "commit", count)
    try:
        yield committed
    finally:
        sqlalchemy_event.remove(Engine, "commit", count)


def rows_of(home: Path) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Every row of every table of every shard, with times blanked and nothing else."""
    found: dict[str, Sequence[Mapping[str, Any]]] = {}
    for shard in sorted((home / "history" / "runs").glob("*.db")):
        with sqlite3.connect(shard) as connection:
            connection.row_factory = sqlite3.Row
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                found[f"{shard.stem}.{table}"] = [
                    {column: blank_times(column, row[column], home) for column in row.keys()}  # noqa: SIM118
                    for row in connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid')
                ]
    return found


@dataclass
class Outcome:
    home: Path
    commits: Sequence[str]
    seen: Mapping[str, Any]
    answers: Mapping[str, Any]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]


CHECKS = "index.asset_check_executions"


def outcome(home: Path, dagster_yaml: str) -> Outcome:
    with open_instance(home, dagster_yaml) as instance:
        with counting_commits(home) as commits:
            seen = play(instance)
        answers = asked_of(instance)
    return Outcome(home, commits, seen, answers, rows_of(home))


@pytest.fixture(scope="module", autouse=True)
def without_waiting_for_the_disk() -> Iterator[None]:
    """Transactions stay transactions; SQLite only does not flush each one to the platter."""

    def relax(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    sqlalchemy_event.listen(Engine, "connect", relax)
    yield
    sqlalchemy_event.remove(Engine, "connect", relax)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return outcome(tmp_path_factory.mktemp("stock"), "")


@pytest.fixture(scope="module")
def batching(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return outcome(tmp_path_factory.mktemp("batching"), BATCHING)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[BatchingSqliteEventLogStorage]:
    with open_instance(tmp_path / "home", BATCHING) as instance:
        assert isinstance(instance.event_log_storage, BatchingSqliteEventLogStorage)
        yield instance.event_log_storage


def test_a_range_run_leaves_the_same_rows_as_the_stock_storage(
    stock: Outcome, batching: Outcome
) -> None:
    assert batching.rows.keys() == stock.rows.keys()
    for table, rows in stock.rows.items():
        if table != CHECKS:
            assert batching.rows[table] == rows, table


def test_a_check_is_planned_once_where_the_stock_storage_plans_it_for_each_day(
    stock: Outcome, batching: Outcome
) -> None:
    left_planned = [row for row in stock.rows[CHECKS] if row["partition"] is not None]
    assert len(left_planned) == 40 + 8
    assert all(row["execution_status"] == "PLANNED" for row in left_planned)
    assert of_no_day(batching.rows[CHECKS]) == of_no_day(stock.rows[CHECKS])
    assert len(batching.rows[CHECKS]) == 2


def test_the_comparison_covers_every_kind_of_row(stock: Outcome) -> None:
    kinds = {row["dagster_event_type"] for row in stock.rows["index.event_logs"]}
    assert kinds >= PLAYED_KINDS
    for table in ("asset_keys", "asset_event_tags", "asset_check_executions", "concurrency_slots"):
        assert stock.rows[f"index.{table}"], table
    assert len(stock.rows[f"{RUN_1}.event_logs"]) > 2 * 3 * 40


def test_dagster_answers_the_same_about_assets_and_partitions(
    stock: Outcome, batching: Outcome
) -> None:
    for key, answers in stock.answers.items():
        for question, answer in answers.items():
            assert batching.answers[key][question] == answer, (key, question)


def test_materialisations_come_back_newest_first_with_metadata_of_their_own(
    batching: Outcome,
) -> None:
    raw = batching.answers["shop/raw"]
    days = [day for _, run_id, day in raw["order"] if run_id == RUN_1]
    assert days == DAY_KEYS[:40][::-1]
    assert [m["rows"].value for m in raw["metadata"][-3:]] == [3, 2, 1]
    assert raw["tags"][0]["team"] == "shop"


def test_planned_partitions_are_in_progress_while_the_run_goes(
    stock: Outcome, batching: Outcome
) -> None:
    assert batching.seen == stock.seen
    in_progress = [str(status) for status in batching.seen[RUN_1].values() if status]
    assert in_progress == ["AssetPartitionStatus.IN_PROGRESS"] * 40


def test_planned_partitions_of_a_failed_step_are_failed(batching: Outcome) -> None:
    status = batching.answers["shop/revenue"]["status"]
    failed = [day for day, of_day in status.items() if of_day and of_day.name == "FAILED"]
    assert failed == DAY_KEYS[37:44]


def test_planned_events_are_stored_when_create_run_returns(tmp_path: Path) -> None:
    span = {
        "dagster/asset_partition_range_start": DAY_KEYS[0],
        "dagster/asset_partition_range_end": DAY_KEYS[9],
    }
    job = build_job({})
    with open_instance(tmp_path / "home", BATCHING) as instance:
        run = instance.create_run_for_job(job, tags=span)
        planned = instance.get_asset_partitions_for_run(
            run.run_id, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
        )
    assert planned == {key: set(DAY_KEYS[:10]) for key in (RAW, STAGED, REVENUE)}


def test_a_longer_range_takes_no_more_transactions(
    tmp_path: Path, stock: Outcome, batching: Outcome
) -> None:
    taken = []
    for days in (4, 40):
        home = tmp_path / str(days)
        with open_instance(home, BATCHING) as instance, counting_commits(home) as commits:
            assert run_range(build_job({}), instance, RUN_1, DAY_KEYS[:days])
        taken.append(len(commits))
    assert taken[0] == taken[1]
    assert len(stock.commits) - len(batching.commits) > 4 * 3 * 36


def test_a_batch_of_mixed_types_leaves_the_same_rows_as_the_stock_storage(tmp_path: Path) -> None:
    events = [*mixed_batch(RUN_1), *mixed_batch(RUN_2), *mixed_batch(RUN_1)]
    for name, dagster_yaml in (("stock", ""), ("batching", BATCHING)):
        with open_instance(tmp_path / name, dagster_yaml) as instance:
            instance.event_log_storage.store_event_batch(events)
            instance.event_log_storage.store_event_batch([])
    assert rows_of(tmp_path / "batching") == rows_of(tmp_path / "stock")


@pytest.mark.parametrize("victim", ["event_logs", "asset_keys", "asset_check_executions"])
def test_a_batch_that_fails_raises_and_leaves_both_shards_as_they_were(
    tmp_path: Path, storage: BatchingSqliteEventLogStorage, victim: str
) -> None:
    storage.store_event_batch(mixed_batch()[:1])
    before = rows_of(tmp_path / "home")
    break_table(tmp_path / "home", victim)
    with pytest.raises(Exception, match="the disk is full"):
        storage.store_event_batch(mixed_batch())
    assert rows_of(tmp_path / "home") == before


def break_table(home: Path, table: str) -> None:
    """From now on the index takes one more row into the table, and no further one."""
    with sqlite3.connect(home / "history" / "runs" / "index.db") as connection:
        (rows,) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
        for change in ("INSERT", "UPDATE"):
            connection.execute(
                f'CREATE TRIGGER "broken {table} {change}" AFTER {change} ON "{table}"'
                f" WHEN (SELECT count(*) FROM \"{table}\") > {rows} OR '{change}' = 'UPDATE'"
                " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            )


def test_a_run_survives_a_batch_that_fails_and_has_each_event_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = BatchingSqliteEventLogStorage._store_asset_event
    failures = iter([True])

    def fail_once(self: BatchingSqliteEventLogStorage, *args: Any) -> None:
        if next(failures, False):
            raise OSError("the disk is full")
        store(self, *args)

    with open_instance(tmp_path / "home", BATCHING) as instance:
        monkeypatch.setattr(BatchingSqliteEventLogStorage, "_store_asset_event", fail_once)
        assert run_range(build_job({}), instance, RUN_1, DAY_KEYS[:5])
        assert "the disk is full" in capsys.readouterr().err
        kinds = [log.dagster_event_type for log in instance.all_logs(RUN_1)]
    assert kinds.count(dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED) == 3 * 5
    assert kinds.count(dg.DagsterEventType.ASSET_MATERIALIZATION) == 3 * 5


def test_threads_that_store_at_once_lose_nothing(storage: BatchingSqliteEventLogStorage) -> None:
    def store(run_id: str) -> None:
        for _ in range(5):
            storage.store_event_batch(mixed_batch(run_id))

    runs = [f"run-{number}" for number in range(4)]
    threads = [threading.Thread(target=store, args=(run_id,)) for run_id in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(storage.get_logs_for_run(run_id)) for run_id in runs] == [5 * 9] * 4
    assert len(storage.fetch_materializations(RAW, limit=1000).records) == 4 * 5 * 2


def test_the_index_stays_open_and_a_runs_log_does_not(
    storage: BatchingSqliteEventLogStorage,
) -> None:
    storage.store_event_batch(mixed_batch())  # makes the run's log
    opened: list[str] = []

    def note(connection: sqlite3.Connection, _record: object) -> None:
        [(_, _, file)] = connection.execute("PRAGMA database_list").fetchall()
        opened.append(Path(file).stem)

    sqlalchemy_event.listen(Engine, "connect", note)
    try:
        for _ in range(3):
            storage.store_event_batch(mixed_batch())
            storage.fetch_materializations(RAW, limit=1)
    finally:
        sqlalchemy_event.remove(Engine, "connect", note)
    # Its file tells the UI that there is news only when it is closed.
    assert opened == [RUN_1] * 3


def test_what_another_process_stored_is_read_though_the_index_was_open_before(
    tmp_path: Path, storage: BatchingSqliteEventLogStorage
) -> None:
    assert not storage.fetch_materializations(RAW, limit=10).records
    with open_instance(tmp_path / "home", "") as other:  # the stock storage, on its own connection
        other.event_log_storage.store_event_batch(mixed_batch())
    assert len(storage.fetch_materializations(RAW, limit=10).records) == 2


def test_an_index_that_was_removed_is_made_again(
    tmp_path: Path, storage: BatchingSqliteEventLogStorage
) -> None:
    storage.store_event_batch(mixed_batch())
    for file in (tmp_path / "home" / "history" / "runs").glob("index.db*"):
        file.unlink()
    assert not storage.fetch_materializations(RAW, limit=10).records
    storage.store_event_batch(mixed_batch())
    assert len(storage.fetch_materializations(RAW, limit=10).records) == 2


def test_an_index_that_was_replaced_is_opened_anew(
    tmp_path: Path, storage: BatchingSqliteEventLogStorage
) -> None:
    assert not storage.fetch_materializations(RAW, limit=10).records
    with open_instance(tmp_path / "backup", "") as other:
        other.event_log_storage.store_event_batch(mixed_batch())
    kept = tmp_path / "backup" / "history" / "runs" / "index.db"
    index = tmp_path / "home" / "history" / "runs" / "index.db"
    for journal in index.parent.glob("index.db-*"):
        journal.unlink()
    kept.replace(index)
    assert len(storage.fetch_materializations(RAW, limit=10).records) == 2
    storage.store_event_batch(mixed_batch())
    assert len(storage.fetch_materializations(RAW, limit=10).records) == 4


def test_an_instance_that_is_closed_leaves_the_index_in_one_file(tmp_path: Path) -> None:
    with open_instance(tmp_path / "home", BATCHING) as instance:
        instance.event_log_storage.store_event_batch(mixed_batch())
    index = tmp_path / "home" / "history" / "runs" / "index.db"
    assert [file.name for file in index.parent.glob("index.db*")] == ["index.db"]
