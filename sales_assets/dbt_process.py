"""dbt in this process: one call at a time, nothing left behind.

Belongs here: what dbt keeps per process, and taking it away. Does not: what dbt is called for
(`dbt_manifest`, `resources.dbt`).

dbt is imported inside functions: it takes longer to import than Dagster itself.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

_DBT_OF_THIS_PROCESS = threading.Lock()


@contextmanager
def dbt_process(environment: Mapping[str, str]) -> Iterator[None]:
    """The only way to call dbt in this process: one call at a time, nothing left behind.

    dbt keeps its adapters, event callbacks and environment per process, and dbt-duckdb keeps the
    database file open and locked until the process ends. A profile has no other door for values
    than the environment, so that is set for as long as dbt runs.
    """
    with _DBT_OF_THIS_PROCESS, _environment(environment):
        try:
            yield
        finally:
            _let_go()


def cancel_queries() -> None:
    """Interrupt the queries that dbt is running in other threads of this process."""
    from dbt.adapters.factory import FACTORY

    adapters: list[Any] = list(FACTORY.adapters.values())
    for adapter in adapters:
        if adapter.is_cancelable():
            with suppress(Exception):  # a connection that ended meanwhile needs no cancelling
                adapter.cancel_open_connections()


def _let_go() -> None:
    """Close the connections of all adapters and drop the callbacks."""
    from dbt.adapters.factory import FACTORY, reset_adapters
    from dbt_common.events.event_manager_client import cleanup_event_logger

    managers = [adapter.connections for adapter in FACTORY.adapters.values()]
    reset_adapters()  # type: ignore[no-untyped-call]
    for manager in managers:
        if hasattr(manager, "close_all_connections"):  # dbt-duckdb: one database for all threads
            with suppress(Exception):  # `env` raises if nothing was ever opened
                manager.env().close()
            manager.close_all_connections()
    cleanup_event_logger()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
