"""The SQL storage of runs below the wrappers that Dagster puts around it.

Belongs here: finding it. Does not: any query.
"""

from __future__ import annotations

from dagster._core.storage.legacy_storage import LegacyRunStorage
from dagster._core.storage.runs import RunStorage, SqlRunStorage

from sales_assets.platform.scoping.closed import RefusedError


def sql_run_storage(storage: RunStorage) -> SqlRunStorage:
    """The SQL storage that a storage of runs reads from; RefusedError if it is none."""
    while isinstance(storage, LegacyRunStorage):
        storage = storage._storage.run_storage
    if not isinstance(storage, SqlRunStorage):
        raise RefusedError(
            f"{type(storage).__name__} is no SQL storage; with private teams, use PostgreSQL or "
            "SQLite in dagster.yaml"
        )
    return storage
