"""Event storage of the embedded (SQLite) instance, cheap for thousands of partitions.

What belongs here: how events reach SQLite, and how many Dagster hands over at a time.
What does not: what an event says, other storages, schedules, settings.

Why it exists: Dagster writes each event by itself, in two transactions on two new engines. Being
recorded (planned, then materialised) costs a partition of an asset 19 ms of CPU; here under 1 ms.

dagster.yaml needs one line, and the files stay where stock Dagster has them:

    instance_class: {module: sales_assets.instance.event_log, class: BatchingInstance}

This leans on private parts of one Dagster version, `WRITTEN_FOR`. Under any other one a warning
says so, and the stock storage, which reads and writes the same files, takes its place.
"""

import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import groupby
from typing import Final

import yaml
from dagster import DagsterEventType, DagsterInstance, Field
from dagster import __version__ as dagster_version
from dagster import _check as check
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.legacy_storage import CompositeStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import SqliteStorageConfig
from dagster._serdes import ConfigurableClassData
from dagster_shared.record import replace
from sqlalchemy import Connection, Engine, NullPool, create_engine, inspect, select

WRITTEN_FOR: Final = "1.13.27"
EVENT_BATCH_SIZE: Final = 1000
"""Events of one transaction. Dagster ends a batch with its run's plan or its step's output."""

_BATCHED: Final = {
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.ASSET_OBSERVATION,
}


class BatchingSqliteEventLogStorage(SqliteEventLogStorage):
    """The stock SQLite event storage, except that a batch is one transaction per shard.

    A batch is all or nothing, and leaves the rows, ids and order that stock storing leaves, but
    for planned checks (see `_store_asset_check_evaluation_planned`). Rows
    of materialisations, planned ones and observations are inserted together and `asset_keys` is
    touched once per key and type; every other event of a batch is stored by Dagster's own code,
    within the same transactions. The run's shard commits before the index, as in stock: a process
    that dies in between leaves events in the run's log that the index has not, never the reverse.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._shards_lock = threading.RLock()
        self._open_shards: dict[str, Connection] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: SqliteStorageConfig
    ) -> SqliteEventLogStorage:
        """Return the batching storage, or the stock one if the Dagster installed is another."""
        if dagster_version == WRITTEN_FOR:
            return cls(inst_data=inst_data, **config_value)
        warnings.warn(
            f"{__name__} was written for dagster {WRITTEN_FOR}, and {dagster_version} is installed:"
            " events are stored one by one, as slowly as stock Dagster does. Run"
            " sales_assets_tests/instance/test_event_log.py against the new version, then raise"
            " WRITTEN_FOR.",
            stacklevel=2,
        )
        return SqliteEventLogStorage(inst_data=inst_data, **config_value)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in their order; upstream's version calls `store_event` for each."""
        for run_id, of_run in groupby(events, key=lambda event: event.run_id):
            with self.index_connection() as index, self.run_connection(run_id) as run:
                for batched, group in groupby(of_run, key=_is_batched):
                    if batched:
                        self._store_asset_events(run, index, list(group))
                    else:
                        super().store_event_batch(list(group))

    def _store_asset_events(
        self, run: Connection, index: Connection, events: Sequence[EventLogEntry]
    ) -> None:
        """Do what `store_event` does for these types, with one INSERT per table for all."""
        rows = [self._event_to_row(event) for event in events]
        run.execute(SqlEventLogStorageTable.insert(), rows)
        index.execute(SqlEventLogStorageTable.insert(), rows)
        # This transaction holds the write lock, so the newest ids are those of the rows above.
        id_ = SqlEventLogStorageTable.c.id
        newest = select(id_).order_by(id_.desc()).limit(len(rows))
        ids: list[int] = list(index.scalars(newest))[::-1]
        self._store_asset_event_tags(index, events, ids)
        # An event sets only the columns of its own type: the last one of each key and type counts.
        last = {
            (row["asset_key"], row["dagster_event_type"]): (event_id, event)
            for event_id, event, row in zip(ids, events, rows, strict=True)
        }
        for event_id, event in sorted(last.values(), key=lambda entry: entry[0]):
            self._store_asset_event(index, event, event_id)

    def _store_asset_check_evaluation_planned(
        self, event: EventLogEntry, event_id: int | None
    ) -> None:
        """Plan a check once per run; upstream plans one without partitions once per partition.

        A check's result carries no partition, so all but one of upstream's rows stay planned for
        ever, and the UI shows each as a skipped check.
        """
        dagster_event = event.get_dagster_event()
        planned = check.inst(dagster_event.event_specific_data, AssetCheckEvaluationPlanned)
        if planned.partitions_subset is not None:
            planned = replace(planned, partitions_subset=None)
            event = event._replace(
                dagster_event=dagster_event._replace(event_specific_data=planned)
            )
        super()._store_asset_check_evaluation_planned(event, event_id)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """As upstream, but engines are kept and a shard already open here is joined.

        A new engine for every connection costs more than the statement it is for: SQLAlchemy's
        cache of compiled SQL dies with it. Connections are still opened and closed each time.
        """
        with self._shards_lock:
            if shard in self._open_shards:
                yield self._open_shards[shard]
                return
            engine = _engine(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                self._open_shards[shard] = connection
                try:
                    yield connection
                finally:
                    del self._open_shards[shard]

    def has_table(self, table_name: str) -> bool:
        """As upstream, on a kept engine: it is asked for every tagged event and every check."""
        with self.index_connection() as connection:
            return inspect(connection).has_table(table_name)


class BatchingInstance(DagsterInstance):
    """The instance that hands events to `BatchingSqliteEventLogStorage` in batches.

    Upstream reads the size of a batch from the environment, in each process that creates or
    executes a run; here it comes with dagster.yaml and so reaches all of them. Any other storage
    that dagster.yaml names (PostgreSQL, say) is used as it is, with upstream's batch size.
    """

    @classmethod
    def config_schema(cls) -> Mapping[str, Field]:
        """Keys that this class adds to dagster.yaml: none (Dagster requires the method)."""
        return {}

    @classmethod
    def config_defaults(cls, base_dir: str) -> Mapping[str, ConfigurableClassData | None]:
        """Dagster's own defaults, with the event storage of this module in its usual place."""
        defaults = dict(InstanceRef.config_defaults(base_dir))
        defaults["event_log_storage"] = check.not_none(defaults["event_log_storage"])._replace(
            module_name=__name__, class_name=BatchingSqliteEventLogStorage.__name__
        )
        parts = ("run_storage", "event_log_storage", "schedule_storage")
        config = {part: check.not_none(defaults[part])._asdict() for part in parts}
        defaults["storage"] = ConfigurableClassData(
            CompositeStorage.__module__, CompositeStorage.__name__, yaml.dump(config)
        )
        return defaults

    def _get_event_batch_size(self) -> int:
        if isinstance(self.event_log_storage, BatchingSqliteEventLogStorage):
            return EVENT_BATCH_SIZE
        return int(super()._get_event_batch_size())


def _is_batched(event: EventLogEntry) -> bool:
    return event.dagster_event_type in _BATCHED


@lru_cache(maxsize=128)
def _engine(url: str) -> Engine:
    """One engine per shard. It holds no connection, so a deleted shard leaves nothing open."""
    return create_engine(
        url, poolclass=NullPool, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
    )
