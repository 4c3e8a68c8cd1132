"""The instance: a folder with dagster.yaml, made when it is first needed.

Belongs here: the instance's configuration file, limits that it must have, and opening the
instance. Does not: what runs on it. An existing dagster.yaml is never touched: whoever wants
other limits edits it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import yaml

from sales_assets.assets.exchange_rates import POOL
from sales_assets.resources.files import whole
from sales_assets.setting_kinds import ExecutorKind
from sales_assets.settings import PREFIX, Settings
from sales_assets.workers import warehouse_pool

POSTGRES = f"{PREFIX}DAGSTER_POSTGRES_URL"
RUNS_ON_WORKERS = 4
"""Runs that may be under way at a time where workers do their steps."""
START_SECONDS = 300
"""How long a run's process may take to begin: it loads the definitions, on a busy machine."""
CANCEL_SECONDS = 180
"""How long a run may take to end that was told to."""


def instance_configuration(settings: Settings | None = None) -> dict[str, object]:
    """The content of dagster.yaml; without settings that of SQLite and one process.

    Addresses stay in the environment, since they may hold passwords and the UI shows this file.
    """
    in_postgres = settings is not None and settings.dagster_postgres_url is not None
    return {
        "instance_class": {
            "module": "sales_assets.instance.liveness",
            "class": "EmbeddedInstance",
        },
        "run_launcher": {
            "module": "sales_assets.instance.liveness",
            "class": "EmbeddedRunLauncher",
        },
        "run_coordinator": _run_coordinator(settings),
        "concurrency": {
            "runs": {"max_concurrent_runs": _runs_at_a_time(settings)},
            # A public API is called by one step at a time (docs/decisions/0011).
            "pools": {"default_limit": 1, "granularity": "op"},
        },
        # A killed process gives its place in a pool back; a run that is stuck is ended.
        "run_monitoring": {
            "enabled": True,
            "poll_interval_seconds": 30,
            "start_timeout_seconds": START_SECONDS,
            "cancel_timeout_seconds": CANCEL_SECONDS,
            "max_runtime_seconds": max(1, round(_option(settings, "run_hours") * 3600)),
            "free_slots_after_run_end_seconds": 60,
        },
        # Only of runs whose process died: a step that failed was tried again in its run.
        "run_retries": {
            "enabled": True,
            "max_retries": round(_option(settings, "run_retries")),
            "retry_on_asset_or_op_failure": False,
        },
        "retention": {
            "schedule": {"purge_after_days": 30},
            "sensor": {"purge_after_days": {"skipped": 2, "failure": 30, "success": 30}},
        },
        "python_logs": {"managed_python_loggers": ["sales_assets"], "python_log_level": "INFO"},
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        **({"storage": {"postgres": {"postgres_url": {"env": POSTGRES}}}} if in_postgres else {}),
    }


def _option(settings: Settings | None, name: str) -> float:
    """What the settings say, or their default."""
    return float(getattr(settings, name) if settings else Settings.model_fields[name].default)


def _run_coordinator(settings: Settings | None) -> dict[str, object]:
    often = {"dequeue_interval_seconds": 1}
    if settings is not None and settings.teams_file is not None:
        return {
            "module": "sales_assets.platform.queue.coordinator",
            "class": "TeamRunCoordinator",
            "config": {"teams_file": str(settings.teams_file.resolve()), **often},
        }
    return {
        "module": "dagster.core.run_coordinator",
        "class": "QueuedRunCoordinator",
        "config": often,
    }


def _runs_at_a_time(settings: Settings | None) -> int:
    """How many runs may be under way.

    One warehouse file has one writer: a second run would only wait for the first, unless workers
    stage for it meanwhile, or it is another team's, which is not to wait for all of a long run.
    """
    if settings is not None and settings.teams_file is not None:
        return settings.concurrent_runs
    on_workers = settings is not None and settings.executor is ExecutorKind.CELERY
    return RUNS_ON_WORKERS if on_workers else 1


def prepare_home(home: Path, settings: Settings | None = None) -> None:
    """Write dagster.yaml, as the settings say, if the folder has none."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "dagster.yaml"
    if not file.exists():
        header = "# Dagster's storage and limits; yours to edit.\n"
        text = header + yaml.safe_dump(instance_configuration(settings), sort_keys=False)
        with whole(file) as unfinished:  # workers that start together all write it
            unfinished.write_text(text)


@contextmanager
def embedded_instance(home: Path, settings: Settings | None = None) -> Iterator[dg.DagsterInstance]:
    """The instance that the UI shows, opened for this process."""
    prepare_home(home, settings)
    os.environ["DAGSTER_HOME"] = str(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        limit_pool(instance, POOL)
        if settings is not None and (pool := warehouse_pool(settings)):
            limit_pool(instance, pool)
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
