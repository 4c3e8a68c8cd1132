"""A small job and a batch of events, and all that an instance says of them.

Belongs here: what the tests of all event storages record and ask. Does not: any expectation.
Without `from __future__ import annotations`: Dagster reads the assets' annotations as objects.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa
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

BATCHING = "instance_class: {module: sales_assets.instance.event_log, class: BatchingInstance}\n"
QUIET = "telemetry: {enabled: false}\n"
DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-03-01")
DAY_KEYS = DAYS.get_partition_keys()
RAW, STAGED, REVENUE = (dg.AssetKey(["shop", layer]) for layer in ("raw", "staged", "revenue"))
POSTGRES_TABLES = (
    "event_logs",
    "asset_keys",
    "asset_event_tags",
    "asset_check_executions",
    "concurrency_slots",
)
FAIL = "fail"
RUN_1, RUN_2 = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))


VOLATILE = re.compile(r'"(timestamp|duration_ms|log_key)": ("[a-z]+"|[0-9.]+)|\b[0-9.]+m?s\b')


def open_instance(home: Path, dagster_yaml: str) -> dg.DagsterInstance:
    home.mkdir(exist_ok=True)
    file, text = home / "dagster.yaml", QUIET + dagster_yaml
    if not file.exists() or file.read_text() != text:  # else a thread beside reads half of it
        file.write_text(text)
    return dg.DagsterInstance.from_config(str(home))


def storage_in_postgres(address: str) -> str:
    """PostgreSQL as most dagster.yaml name it."""
    return f"storage: {{postgres: {{postgres_url: '{address}'}}}}\n"


@contextmanager
def in_postgres(home: Path, address: str, more: str = BATCHING) -> Iterator[dg.DagsterInstance]:
    """An instance whose runs and events are in a database."""
    with open_instance(home, storage_in_postgres(address) + more) as instance:
        yield instance


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


def blank_times(column: str, value: object, home: Path) -> object:
    if value is not None and ("timestamp" in column or column == "migration_completed"):
        return "some time"
    if isinstance(value, str):
        return VOLATILE.sub("some time", value.replace(str(home), "home"))
    return value


def play(instance: dg.DagsterInstance) -> Mapping[str, Any]:
    """A run of 40 days, then one of 8, of which 4 are new, that fails in its last asset.

    Gives what each of them saw of its own partitions when it began.
    """
    seen: dict[str, Any] = {}
    job = build_job(seen)
    instance.event_log_storage.set_concurrency_slots("warehouse", 1)
    assert run_range(job, instance, RUN_1, DAY_KEYS[:40])
    assert not run_range(job, instance, RUN_2, DAY_KEYS[36:44], fail="yes")
    return seen


def rows_in_postgres(address: str, home: Path) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Every row, with times blanked. Ids of assets tell how often stock updated one, so no more."""
    engine = sa.create_engine(address, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return {
            table: [
                {
                    column: blank_times(column, value, home)
                    for column, value in row.items()
                    if (table, column) != ("asset_keys", "id")
                }
                for row in connection.execute(
                    sa.text(
                        f"SELECT * FROM {table}"
                        f" ORDER BY {'asset_key' if table == 'asset_keys' else 'id'}"
                    )
                ).mappings()
            ]
            for table in POSTGRES_TABLES
        }


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


PLAYED_KINDS = {
    "ASSET_MATERIALIZATION",
    "ASSET_MATERIALIZATION_PLANNED",
    "ASSET_OBSERVATION",
    "ASSET_CHECK_EVALUATION",
    "ASSET_CHECK_EVALUATION_PLANNED",
    "PIPELINE_FAILURE",
}
"""Kinds of events that `play` leaves."""


def of_no_day(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows of checks without a partition, comparable between storages."""
    blank = {"id": None, "evaluation_event": None}
    return [{**row, **blank} for row in rows if row["partition"] is None]
