"""Which event storage an instance has, and how many events Dagster hands it at a time.

Belongs here: the instance of dagster.yaml, and the tables of its log. Does not: how events are
written (`sqlite_events`, `postgres_events`), schedules, settings.

dagster.yaml needs one line, whether it names PostgreSQL or, saying nothing of storage, SQLite:

    instance_class: {module: sales_assets.instance.event_log, class: BatchingInstance}
"""

from collections.abc import Mapping
from typing import Any

import yaml
from dagster import DagsterInstance, Field
from dagster import _check as check
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import EventLogStorage, SqlEventLogStorage
from dagster._core.storage.legacy_storage import CompositeStorage
from dagster._serdes import ConfigurableClassData

from sales_assets.instance.event_batches import (
    EVENT_BATCH_SIZE,
    WritingInBatches,
    is_for_this_dagster,
)
from sales_assets.instance.sqlite_events import BatchingSqliteEventLogStorage


def log_of(instance: DagsterInstance) -> SqlEventLogStorage:
    """The event log of an instance, which is in the tables of a database in every installation."""
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage), f"{type(storage)} has no tables"
    return storage


class BatchingInstance(DagsterInstance):
    """The instance that hands events in batches to a storage that is made for them.

    Upstream reads the size of a batch from the environment, in each process that creates or
    executes a run; here it comes with dagster.yaml and so reaches all of them. Any other storage
    that dagster.yaml names (MySQL, say) is used as it is, with upstream's batch size.
    """

    def __init__(self, *, event_storage: EventLogStorage, **others: Any) -> None:
        # dagster.yaml's `storage: {postgres: ...}` leaves no choice of the class.
        super().__init__(event_storage=_in_batches(event_storage), **others)

    @classmethod
    def config_schema(cls) -> Mapping[str, Field]:
        """Keys that this class adds to dagster.yaml: none (Dagster requires the method)."""
        return {}

    @classmethod
    def config_defaults(cls, base_dir: str) -> Mapping[str, ConfigurableClassData | None]:
        """Dagster's own defaults, with this project's SQLite event storage in its usual place."""
        defaults = dict(InstanceRef.config_defaults(base_dir))
        defaults["event_log_storage"] = check.not_none(defaults["event_log_storage"])._replace(
            module_name=BatchingSqliteEventLogStorage.__module__,
            class_name=BatchingSqliteEventLogStorage.__name__,
        )
        parts = ("run_storage", "event_log_storage", "schedule_storage")
        config = {part: check.not_none(defaults[part])._asdict() for part in parts}
        defaults["storage"] = ConfigurableClassData(
            CompositeStorage.__module__, CompositeStorage.__name__, yaml.dump(config)
        )
        return defaults

    def _get_event_batch_size(self) -> int:
        if isinstance(self.event_log_storage, WritingInBatches):
            return EVENT_BATCH_SIZE
        return int(super()._get_event_batch_size())


def _in_batches(storage: EventLogStorage) -> EventLogStorage:
    """The storage, or in place of stock PostgreSQL the one that takes batches."""
    if not type(storage).__module__.startswith("dagster_postgres."):
        return storage
    from dagster_postgres.event_log import PostgresEventLogStorage

    from sales_assets.instance.postgres_events import BatchingPostgresEventLogStorage

    # A class that somebody derived from stock stays.
    if type(storage) is not PostgresEventLogStorage or not is_for_this_dagster():
        return storage
    return BatchingPostgresEventLogStorage.instead_of(storage)
