"""PostgreSQL event storage, cheap for thousands of partitions.

Belongs here: how events reach PostgreSQL. Does not: what an event says, what is common to all
storages (`event_batches`). Imported only where dagster.yaml names PostgreSQL.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dagster import _check as check
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData
from dagster_postgres.event_log import PostgresEventLogStorage
from dagster_postgres.event_log.event_log import CHANNEL_NAME
from sqlalchemy import Connection, text
from sqlalchemy.exc import InternalError

from sales_assets.instance.event_batches import WritingInBatches, last_of_each

if TYPE_CHECKING:
    from dagster_postgres.auth import PgTokenProvider

_INSERT: Final = SqlEventLogStorageTable.insert().returning(
    SqlEventLogStorageTable.c.id, sort_by_parameter_order=True
)
_TRANSACTION_IS_OVER: Final = "25P02"
"""in_failed_sql_transaction (https://www.postgresql.org/docs/current/errcodes-appendix.html)"""
_NOTIFY: Final = text(
    "SELECT count(pg_notify(:channel, told)) FROM unnest(CAST(:told AS text[])) AS told"
)


class BatchingPostgresEventLogStorage(WritingInBatches, PostgresEventLogStorage):
    """The stock PostgreSQL event storage, except that a batch is one transaction.

    A batch is all or nothing, and leaves the rows and order that stock storing leaves, but for
    planned checks (see `WritingInBatches`). Upstream's own batches are of materialisations or of
    observations alone, and update `asset_keys` for the last one's key only.

    Ids are drawn when rows are inserted and show when they are committed, as upstream. A reader
    that goes on from the highest id may pass over a batch that commits later, so everything that
    takes time and needs no id comes first.
    """

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
        token_provider: "PgTokenProvider | None" = None,
    ) -> None:
        self._joined = threading.local()
        super().__init__(postgres_url, should_autocreate_tables, inst_data, token_provider)

    @classmethod
    def instead_of(cls, stock: PostgresEventLogStorage) -> "BatchingPostgresEventLogStorage":
        """The same storage, writing in batches; stock has made the tables, or was told not to."""
        return cls(stock.postgres_url, False, stock.inst_data, stock._token_provider)

    def initialize_concurrency_limit_to_default(self, concurrency_key: str) -> bool:
        """Make the row of a pool that is used for the first time.

        Of two processes that do so at once one comes upon the other's row; upstream then goes on
        in a transaction in which PostgreSQL refuses everything, and its run fails.
        """
        try:
            return bool(super().initialize_concurrency_limit_to_default(concurrency_key))
        except InternalError as error:
            if getattr(error.orig, "pgcode", None) != _TRANSACTION_IS_OVER:
                raise
            return True

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events of any type in their order."""
        # Upstream too leaves these to Dagster+.
        events = [
            event
            for event in events
            if event.dagster_event is None or not event.dagster_event.is_asset_failed_to_materialize
        ]
        if not events:
            return
        rows = [self._event_to_row(event) for event in events]
        with self._transaction() as connection:
            ids = connection.scalars(_INSERT, rows).all()
            told = [f"{event.run_id}_{id_}" for event, id_ in zip(events, ids, strict=True)]
            connection.execute(_NOTIFY, {"channel": CHANNEL_NAME, "told": told})
            self._store_what_follows(connection, events, ids)

    def _store_what_follows(
        self, connection: Connection, events: Sequence[EventLogEntry], ids: Sequence[int]
    ) -> None:
        """Store what `store_event` does after an event's row: tags, checks, assets' last events."""
        of_assets = [
            (event, id_)
            for event, id_ in zip(events, ids, strict=True)
            if event.dagster_event is not None
            and event.dagster_event_type in ASSET_EVENTS
            and event.dagster_event.asset_key
        ]
        asset_events, asset_ids = [event for event, _ in of_assets], [id_ for _, id_ in of_assets]
        self._store_asset_event_tags(connection, asset_events, asset_ids)
        for event, id_ in zip(events, ids, strict=True):
            if event.dagster_event_type in ASSET_CHECK_EVENTS:
                self.store_asset_check_event(event, id_)
        # All batches lock the rows of assets in the same order, so that none waits for another one
        # that waits for it.
        for event, id_ in sorted(last_of_each(asset_events, asset_ids), key=_by_asset):
            self._store_asset_event(connection, event, id_)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A transaction that all of upstream's code in this thread takes part in meanwhile."""
        with self.index_transaction() as connection:
            self._joined.connection = connection
            try:
                yield connection
            finally:
                del self._joined.connection

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        joined: Connection | None = getattr(self._joined, "connection", None)
        if joined is not None:
            yield joined
        else:
            with super()._connect() as connection:
                yield connection


def _by_asset(entry: tuple[EventLogEntry, int]) -> tuple[str, int]:
    event, id_ = entry
    return check.not_none(event.get_dagster_event().asset_key).to_string(), id_
