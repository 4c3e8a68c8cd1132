"""Batched event storage against the stock one: the same rows, far fewer transactions."""

import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.events import (
    AssetMaterializationPlannedData,
    AssetObservationData,
    EngineEventData,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import deserialize_value, serialize_value
from sqlalchemy import Connection, Engine
from sqlalchemy import event as sqlalchemy_event

from sales_assets.instance import event_log
from sales_assets.instance.event_log import (
    EVENT_BATCH_SIZE,
    BatchingInstance,
    BatchingSqliteEventLogStorage,
)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")

BATCHING = "instance_class: {module: sales_assets.instance.event_log, class: BatchingInstance}\n"
QUIET = "telemetry: {enabled: false}\n"
DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-03-01")
DAY_KEYS = DAYS.get_partition_keys()
RAW, STAGED, REVENUE = (dg.AssetKey(["shop", layer]) for layer in ("raw", "staged", "revenue"))
FAIL = "fail"
RUN_1, RUN_2 = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))


def open_instance(home: Path, dagster_yaml: str) -> dg.DagsterInstance:
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text(QUIET + dagster_yaml)
    return dg.DagsterInstance.from_config(str(home))


def build_job(seen: dict[str, Any]) -> dg.JobDefinition:
    """Three assets of a range, a check and a failure, and what the run sees of itself."""
    common: dict[str, Any] = {
        "key_prefix": "shop",
        "partitions_def": DAYS,
        "backfill_policy": dg.BackfillPolicy.single_run(),
        "pool": "warehouse",
    }

    @dg.asset(**common, code_version="1")  # type: ignore[untyped-decorator]
    def raw(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        seen[context.run.run_id] = context.instance.get_status_by_partition(RAW, DAY_KEYS, DAYS)
        for day in context.partition_keys:
            context.add_asset_metadata({"rows": int(day[-2:])}, partition_key=day)
        return dg.MaterializeResult(metadata={"files": 3}, tags={"team": "shop"})

    @dg.asset(**common, deps=[raw])  # type: ignore[untyped-decorator]
    def staged(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        context.log_event(dg.AssetObservation(STAGED, partition=context.partition_keys[0]))
        return dg.MaterializeResult(data_version=dg.DataVersion("v1"))

    @dg.asset_check(asset=staged, blocking=True)
    def staged_adds_up() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True, metadata={"rows": 7})

    @dg.asset(**common, deps=[staged])  # type: ignore[untyped-decorator]
    def revenue(context: dg.AssetExecutionContext) -> None:
        if context.run.tags.get(FAIL):
            first = context.partition_keys[0]
            context.log_event(dg.AssetMaterialization(REVENUE, partition=first, tags={"a": "b"}))
            raise RuntimeError("the warehouse is down")

    definitions = dg.Definitions(
        assets=[raw, staged, revenue],
        asset_checks=[staged_adds_up],
        executor=dg.in_process_executor,
    )
    return definitions.resolve_implicit_global_asset_job_def()


def run_range(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    run_id: str,
    days: Sequence[str],
    **tags: str,
) -> bool:
    span = {
        "dagster/asset_partition_range_start": days[0],
        "dagster/asset_partition_range_end": days[-1],
    }
    return job.execute_in_process(
        instance=instance,
        run_id=run_id,
        tags=span | tags,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    ).success


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


VOLATILE = re.compile(r'"(timestamp|duration_ms|log_key)": ("[a-z]+"|[0-9.]+)|\b[0-9.]+m?s\b')


def rows_of(home: Path) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Every row of every table of every shard, with times blanked and nothing else."""
    found: dict[str, Sequence[Mapping[str, Any]]] = {}
    for shard in sorted((home / "history" / "runs").glob("*.db")):
        with sqlite3.connect(shard) as connection:
            connection.row_factory = sqlite3.Row
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                found[f"{shard.stem}.{table}"] = [
                    {column: _blank_times(column, row[column], home) for column in row.keys()}  # noqa: SIM118
                    for row in connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid')
                ]
    return found


def _blank_times(column: str, value: object, home: Path) -> object:
    if value is not None and ("timestamp" in column or column == "migration_completed"):
        return "some time"
    if isinstance(value, str):
        return VOLATILE.sub("some time", value.replace(str(home), "home"))
    return value


def asked_of(instance: dg.DagsterInstance) -> Mapping[str, Any]:
    """What Dagster's own API answers about the assets."""
    storage = instance.event_log_storage
    materialized = dg.DagsterEventType.ASSET_MATERIALIZATION
    attempts_of = (
        storage.get_latest_asset_partition_materialization_attempts_without_materializations
    )
    answers: dict[str, Any] = {}
    for key in (RAW, STAGED, REVENUE):
        records = instance.fetch_materializations(key, limit=1000).records
        latest = instance.get_latest_materialization_events([key])[key]
        (record,) = instance.get_asset_records([key])
        version_tags = ["dagster/data_version"]
        answers[key.to_user_string()] = {
            "materialized": sorted(instance.get_materialized_partitions(key)),
            "order": [(r.storage_id, r.run_id, r.partition_key) for r in records],
            "metadata": [
                r.asset_materialization.metadata for r in records if r.asset_materialization
            ],
            "tags": [r.asset_materialization.tags for r in records if r.asset_materialization],
            "indexed tags": storage.get_event_tags_for_asset(key),
            "versions": storage.get_latest_tags_by_partition(key, materialized, version_tags),
            "ids": storage.get_latest_storage_id_by_partition(key, materialized),
            "latest": latest and latest.asset_materialization,
            "record": (
                record.asset_entry.last_run_id,
                record.asset_entry.last_materialization_storage_id,
            ),
            "planned": storage.get_latest_planned_materialization_info(key, DAY_KEYS[0]),
            "attempts": attempts_of(key),
            "status": instance.get_status_by_partition(key, DAY_KEYS, DAYS),
        }
    return answers


@dataclass
class Outcome:
    home: Path
    commits: Sequence[str]
    seen: Mapping[str, Any]
    answers: Mapping[str, Any]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]


CHECKS = "index.asset_check_executions"


def play(home: Path, dagster_yaml: str) -> Outcome:
    """A run of 40 days, then one of 8, of which 4 are new, that fails in its last asset."""
    seen: dict[str, Any] = {}
    job = build_job(seen)
    with open_instance(home, dagster_yaml) as instance:
        instance.event_log_storage.set_concurrency_slots("warehouse", 1)
        with counting_commits(home) as commits:
            assert run_range(job, instance, RUN_1, DAY_KEYS[:40])
        assert not run_range(job, instance, RUN_2, DAY_KEYS[36:44], fail="yes")
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
    return play(tmp_path_factory.mktemp("stock"), "")


@pytest.fixture(scope="module")
def batching(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return play(tmp_path_factory.mktemp("batching"), BATCHING)


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
    def without_ids(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        blank = {"id": None, "evaluation_event": None}
        return [{**row, **blank} for row in rows if row["partition"] is None]

    left_planned = [row for row in stock.rows[CHECKS] if row["partition"] is not None]
    assert len(left_planned) == 40 + 8
    assert all(row["execution_status"] == "PLANNED" for row in left_planned)
    assert without_ids(batching.rows[CHECKS]) == without_ids(stock.rows[CHECKS])
    assert len(batching.rows[CHECKS]) == 2


def test_the_comparison_covers_every_kind_of_row(stock: Outcome) -> None:
    kinds = {row["dagster_event_type"] for row in stock.rows["index.event_logs"]}
    assert kinds >= {
        "ASSET_MATERIALIZATION",
        "ASSET_MATERIALIZATION_PLANNED",
        "ASSET_OBSERVATION",
        "ASSET_CHECK_EVALUATION",
        "ASSET_CHECK_EVALUATION_PLANNED",
        "PIPELINE_FAILURE",
    }
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
    home = tmp_path / "home"
    with open_instance(home, BATCHING) as instance:
        instance.event_log_storage.set_concurrency_slots("warehouse", 1)
        with counting_commits(home) as commits:
            run_range(build_job({}), instance, RUN_1, DAY_KEYS[:4])
    assert len(batching.commits) == len(commits)
    assert len(stock.commits) - len(batching.commits) > 4 * 3 * 36


def entry(run_id: str, kind: dg.DagsterEventType, data: Any, second: int) -> EventLogEntry:
    return EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None,
        user_message="",
        level=10,
        run_id=run_id,
        timestamp=datetime(2024, 5, 1, 0, 0, second, tzinfo=UTC).timestamp(),
        dagster_event=dg.DagsterEvent(kind.value, "job", event_specific_data=data),
    )


def mixed_batch(run_id: str = RUN_1) -> Sequence[EventLogEntry]:
    """Two keys, all types that Dagster puts into batches, in no convenient order."""
    planned, materialized, observed, check_planned = (
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        dg.DagsterEventType.ASSET_OBSERVATION,
        dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
    )
    tags = {"dagster/data_version": "7", "dagster/partition/day": "2024-01-01", "free": "text"}
    data: Sequence[tuple[dg.DagsterEventType, Any]] = [
        (planned, AssetMaterializationPlannedData(RAW, partition="2024-01-01")),
        (check_planned, AssetCheckEvaluationPlanned(asset_key=STAGED, check_name="adds_up")),
        (planned, AssetMaterializationPlannedData(STAGED)),
        (
            materialized,
            StepMaterializationData(
                dg.AssetMaterialization(RAW, partition="2024-01-01", tags=tags), []
            ),
        ),
        (observed, AssetObservationData(dg.AssetObservation(RAW, tags=tags))),
        (materialized, StepMaterializationData(dg.AssetMaterialization(STAGED), [])),
        (materialized, StepMaterializationData(dg.AssetMaterialization(RAW), [])),
        (planned, AssetMaterializationPlannedData(RAW, partition="2024-01-02")),
        (dg.DagsterEventType.ENGINE_EVENT, EngineEventData()),
    ]
    return [entry(run_id, kind, of, second) for second, (kind, of) in enumerate(data)]


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


def test_the_instance_and_its_storage_reach_other_processes_by_reference(tmp_path: Path) -> None:
    with open_instance(tmp_path / "home", BATCHING) as instance:
        ref = deserialize_value(serialize_value(instance.get_ref()), InstanceRef)
    with dg.DagsterInstance.from_ref(ref) as again:
        assert isinstance(again, BatchingInstance)
        assert isinstance(again.event_log_storage, BatchingSqliteEventLogStorage)
        assert again._get_event_batch_size() == EVENT_BATCH_SIZE


def test_the_storage_can_be_named_with_a_directory_of_its_own(tmp_path: Path) -> None:
    named = (
        "event_log_storage: {module: sales_assets.instance.event_log,"
        f" class: BatchingSqliteEventLogStorage, config: {{base_dir: {tmp_path / 'events'}}}}}\n"
    )
    with open_instance(tmp_path / "home", BATCHING + named) as instance:
        assert isinstance(instance.event_log_storage, BatchingSqliteEventLogStorage)
    assert (tmp_path / "events" / "index.db").exists()


def test_another_storage_in_dagster_yaml_is_used_as_it_is(tmp_path: Path) -> None:
    other = f"storage: {{sqlite: {{base_dir: {tmp_path / 'other'}}}}}\n"
    with open_instance(tmp_path / "home", BATCHING + other) as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
        assert instance._get_event_batch_size() == 0


def test_under_another_dagster_the_stock_storage_takes_over_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "dagster_version", "9.9.9")
    with pytest.warns(UserWarning, match=r"written for dagster .*9\.9\.9 is installed"):
        instance = open_instance(tmp_path / "home", BATCHING)
    with instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
        assert instance._get_event_batch_size() == 0
