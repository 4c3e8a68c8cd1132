"""Dagster's storages in memory, for a thousand runs: the same tables, queries and results, sooner.

Belongs here: what they need not do again for each query. Does not: any other behaviour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, lru_cache
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log import InMemoryEventLogStorage
from dagster._core.storage.runs import InMemoryRunStorage
from dagster._serdes import deserialize_value
from sqlalchemy.pool import QueuePool
from typing_extensions import override

_read = lru_cache(maxsize=8192)(deserialize_value)
"""A run as its text says. The daemon reads all that wait at each look, and most are as before."""


def _keeping_connections(engine: sa.Engine) -> sa.Engine:
    """The same database, without a new connection for each query."""
    return sa.create_engine(engine.url, poolclass=QueuePool)


class RunStorage(InMemoryRunStorage):
    """Keeps its connections, and reads no text of a run twice."""

    _engine: sa.Engine

    def __init__(self) -> None:
        super().__init__()
        self._engine = _keeping_connections(self._engine)

    @override
    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        with self._engine.begin() as connection:
            yield connection

    @override
    def has_run_stats_index_cols(self) -> bool:
        return self._has_times

    @cached_property
    def _has_times(self) -> bool:
        return super().has_run_stats_index_cols()

    @override
    def _row_to_run(self, row: Mapping[str, Any]) -> dg.DagsterRun:
        run: dg.DagsterRun = _read(row["run_body"], dg.DagsterRun)
        return run.with_status(dg.DagsterRunStatus(row["status"]))


class EventStorage(InMemoryEventLogStorage):
    """Keeps its connections."""

    _engine: sa.Engine

    def __init__(self) -> None:
        super().__init__()
        self._engine = _keeping_connections(self._engine)

    @override
    @contextmanager
    def _connect(self) -> Iterator[sa.Connection]:
        with self._db_lock, self._engine.begin() as connection:
            yield connection
