"""SQLite event storage, cheap for thousands of partitions.

Belongs here: how events reach SQLite. Does not: what an event says, what is common to all storages
(`event_batches`). The files are the ones that stock Dagster has, where it has them.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Final

from dagster import DagsterEventType
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import SqliteStorageConfig
from dagster._serdes import ConfigurableClassData
from dagster._utils.concurrency import ConcurrencySlotStatus
from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, inspect, select

from sales_assets.instance.event_batches import WritingInBatches, is_for_this_dagster, last_of_each

_BATCHED: Final = {
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.ASSET_OBSERVATION,
}


class BatchingSqliteEventLogStorage(WritingInBatches, SqliteEventLogStorage):
    """The stock SQLite event storage, except that a batch is one transaction per shard.

    A batch is all or nothing, and leaves the rows, ids and order that stock storing leaves, but
    for planned checks (see `WritingInBatches`). Rows
    of materialisations, planned ones and observations are inserted together and `asset_keys` is
    touched once per key and type; every other event of a batch is stored by Dagster's own code,
    within the same transactions. The run's shard commits before the index, as in stock: a process
    that dies in between leaves events in the run's log that the index has not, never the reverse.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._shards_lock = threading.RLock()
        self._open_shards: dict[str, Connection] = {}
        self._index: tuple[int, int] | None = None
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: SqliteStorageConfig
    ) -> SqliteEventLogStorage:
        """Return the batching storage, or the stock one if the Dagster installed is another."""
        storage = cls if is_for_this_dagster() else SqliteEventLogStorage
        return storage(inst_data=inst_data, **config_value)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in their order; upstream's version calls `store_event` for each."""
        for run_id, of_run in groupby(events, key=lambda event: event.run_id):
            with self.index_connection() as index, self.run_connection(run_id) as run:
                for batched, group in groupby(of_run, key=_is_batched):
                    if batched:
                        self._store_asset_events(run, index, list(group))
                    else:
                        super().store_event_batch(list(group))

    def _claim_concurrency_slot(
        self, concurrency_key: str, run_id: str, step_key: str
    ) -> ConcurrencySlotStatus:
        """As upstream, with the write lock from before a free slot is looked for.

        SQLite knows no SELECT FOR UPDATE: two processes that saw the same slot free would both
        have it, and a pool more users than its limit.
        """
        with self.index_connection() as index:
            index.exec_driver_sql("BEGIN IMMEDIATE")
            return super()._claim_concurrency_slot(concurrency_key, run_id, step_key)

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
        for event, event_id in last_of_each(events, ids):
            self._store_asset_event(index, event, event_id)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """As upstream, but engines are kept, and a shard already open here is joined.

        A new engine for every connection costs more than the statement it is for: SQLAlchemy's
        cache of compiled SQL dies with it. So does opening the index, and closing it, which copies
        its log into it: it stays open. A run's shard is closed each time, since the UI sees by its
        file that there is news. A shard that another process deleted (`retention`) is made again,
        as a new one is, and an index that was replaced is opened anew.
        """
        with self._shards_lock:
            if shard in self._open_shards:
                yield self._open_shards[shard]
                return
            engine, path = self._engine(shard), Path(self.path_for_shard(shard))
            if shard == INDEX_SHARD_NAME and _identity(path) != self._index:
                engine.dispose()
            if shard not in self._initialized_dbs or not path.exists():
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            if shard == INDEX_SHARD_NAME:
                self._index = _identity(path)
            with engine.begin() as connection:
                self._open_shards[shard] = connection
                try:
                    yield connection
                finally:
                    del self._open_shards[shard]

    def _engine(self, shard: str) -> Engine:
        stays_open = shard == INDEX_SHARD_NAME
        return _engine(self.conn_string_for_shard(shard), os.getpid(), stays_open=stays_open)

    def dispose(self) -> None:
        """As upstream; and close the index."""
        super().dispose()
        self._engine(INDEX_SHARD_NAME).dispose()

    def has_table(self, table_name: str) -> bool:
        """As upstream, on a kept engine: it is asked for every tagged event and every check."""
        with self.index_connection() as connection:
            return inspect(connection).has_table(table_name)


def _is_batched(event: EventLogEntry) -> bool:
    return event.dagster_event_type in _BATCHED


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file it is; None if there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


@lru_cache(maxsize=128)
def _engine(url: str, _process: int, *, stays_open: bool) -> Engine:
    """One engine for each shard; a forked process has its own."""
    return create_engine(
        url,
        poolclass=QueuePool if stays_open else NullPool,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
    )
