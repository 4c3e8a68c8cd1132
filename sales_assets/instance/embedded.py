"""The embedded instance: a folder with SQLite storage, made when it is first needed.

Belongs here: the instance's configuration file, limits that it must have, and opening the
instance. Does not: what runs on it. An existing dagster.yaml is never touched: whoever wants
PostgreSQL or other limits edits it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import yaml

from sales_assets.assets.exchange_rates import POOL


def instance_configuration() -> dict[str, object]:
    """The content of dagster.yaml for an embedded instance."""
    return {
        "instance_class": {
            "module": "sales_assets.instance.liveness",
            "class": "EmbeddedInstance",
        },
        "run_launcher": {
            "module": "sales_assets.instance.liveness",
            "class": "EmbeddedRunLauncher",
        },
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": "QueuedRunCoordinator",
            "config": {"dequeue_interval_seconds": 1},
        },
        "concurrency": {
            # One warehouse file has one writer: a second run would only wait for the first.
            "runs": {"max_concurrent_runs": 1},
            # A public API is called by one step at a time (docs/decisions/0011).
            "pools": {"default_limit": 1, "granularity": "op"},
        },
        # A killed process gives its place in a pool back.
        "run_monitoring": {
            "enabled": True,
            "poll_interval_seconds": 30,
            "free_slots_after_run_end_seconds": 60,
        },
        "retention": {
            "schedule": {"purge_after_days": 30},
            "sensor": {"purge_after_days": {"skipped": 2, "failure": 30, "success": 30}},
        },
        "python_logs": {"managed_python_loggers": ["sales_assets"], "python_log_level": "INFO"},
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
    }


def prepare_home(home: Path) -> None:
    """Write dagster.yaml if the folder has none."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "dagster.yaml"
    if not file.exists():
        header = "# Dagster's storage and limits for the embedded profile; yours to edit.\n"
        file.write_text(header + yaml.safe_dump(instance_configuration(), sort_keys=False))


@contextmanager
def embedded_instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """The instance that the UI shows, opened for this process."""
    prepare_home(home)
    os.environ["DAGSTER_HOME"] = str(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        limit_pool(instance, POOL)
        yield instance


def limit_pool(instance: dg.DagsterInstance, pool: str) -> None:
    """Give a pool one place, unless a person has said how many, for it or for all pools.

    A dagster.yaml from before there were pools says nothing of them, and Dagster then lets every
    run in.
    """
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return
    if instance.get_concurrency_config().pool_config.default_pool_limit is not None:
        return
    # A limit that comes from a default which is there no more is one that Dagster takes away.
    if not any(own.name == pool and not own.from_default for own in storage.get_pool_limits()):
        storage.set_concurrency_slots(pool, 1)
