"""Runs whose steps are tasks of Celery workers: the executor, the queues, the workers' own app.

Belongs here: what runs and workers have to agree on, so that they cannot differ. Does not: which
step goes where (each asset says it), or how work is divided (`assets.staged_in_parts`).
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import dagster as dg

from sales_assets.errors import UsageError
from sales_assets.setting_kinds import ExecutorKind
from sales_assets.settings import PREFIX, Settings

if TYPE_CHECKING:
    from celery.app.base import Celery

STAGE, WAREHOUSE = "stage", "warehouse"
"""The queues: reading drops, which any number of workers do at once; everything else."""
QUEUES = (STAGE, WAREHOUSE)
QUEUE_TAG = "dagster-celery/queue"
WAREHOUSE_POOL = "warehouse"
"""The Dagster pool of steps that write to an embedded warehouse: it has one place."""
_TELL_TOO_MUCH = ("celery.app.trace", "alembic", "botocore.credentials", "snowflake.connector")
"""Loggers that tell of every step or every session what nobody asks."""
REDIS_PATIENCE_SECONDS = 3600
"""When Redis gives a task to another worker that has not ended; RabbitMQ sees a worker die."""


def queue_name(settings: Settings, queue: str) -> str:
    """The name of a queue on the broker."""
    return f"{settings.celery_queue_prefix}{queue}"


def on_queue(settings: Settings, queue: str) -> Mapping[str, str]:
    """The tag of an op whose steps go to a queue; none where no worker asks for it."""
    if settings.executor is ExecutorKind.IN_PROCESS:
        return {}
    return {QUEUE_TAG: queue_name(settings, queue)}


def warehouse_pool(settings: Settings) -> str | None:
    """The pool of steps that write to the warehouse, where several workers or runs could at once.

    A step that waits for the pool is not given to a worker yet; one that waits for the warehouse's
    lock keeps a worker busy. Where teams share the installation the daemon does not even start a
    run whose first steps would all wait for the pool.
    """
    if settings.executor is ExecutorKind.IN_PROCESS and settings.teams_file is None:
        return None
    return WAREHOUSE_POOL


def build_executor(settings: Settings) -> dg.ExecutorDefinition:
    """Who does the steps of a run."""
    if settings.executor is ExecutorKind.IN_PROCESS:
        return dg.in_process_executor
    try:
        from sales_assets.celery_executor import celery_executor
    except ImportError as error:
        raise _not_installed(error) from error
    # dagster-celery makes its one task anew for each step, which Celery remarks on.
    warnings.filterwarnings("ignore", "Task name 'execute_plan' is already registered")
    return celery_executor.configured(_executor_config(settings), name="celery")


def _executor_config(settings: Settings) -> dict[str, Any]:
    """What the executor is told; addresses by the names of their variables, as the UI shows it."""
    backend = "celery_backend" in settings.model_fields_set
    return {
        "broker": {"env": f"{PREFIX}CELERY_BROKER"},
        "backend": {"env": f"{PREFIX}CELERY_BACKEND"} if backend else "rpc://",
        "config_source": _celery_config(settings),
    }


def _celery_config(settings: Settings) -> dict[str, Any]:
    return {
        "task_default_queue": queue_name(settings, WAREHOUSE),
        # A worker that dies, or loses the broker, has its task done by another one. A task whose
        # process alone was killed, say for its memory, fails instead: it would kill the next too.
        "task_acks_late": True,
        "worker_prefetch_multiplier": 1,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "visibility_timeout": REDIS_PATIENCE_SECONDS,
            "max_retries": 3,
            "interval_start": 0,
            "interval_step": 0.2,
            "interval_max": 0.5,
        },
    }


def worker_app(settings: Settings) -> Celery:
    """The Celery app of a worker, from the settings that the executor has too."""
    if settings.celery_broker is None:
        raise UsageError(f"a worker needs {PREFIX}EXECUTOR=celery and {PREFIX}CELERY_BROKER")
    try:
        from dagster_celery.executor import CeleryExecutor
        from dagster_celery.make_app import make_app
        from dagster_celery.tasks import create_task
    except ImportError as error:
        raise _not_installed(error) from error
    executor = CeleryExecutor.for_cli(  # type: ignore[no-untyped-call]
        broker=settings.celery_broker.get_secret_value(),
        backend=settings.celery_backend.get_secret_value(),
        config_source=_celery_config(settings),
    )
    app: Celery = make_app(executor.app_args())  # type: ignore[no-untyped-call]
    create_task(app)  # type: ignore[no-untyped-call]
    return app


def work(
    settings: Settings, queues: Sequence[str], concurrency: int, name: str | None = None
) -> NoReturn:
    """Be a worker of some queues until a signal ends the process.

    Raises UsageError for a queue that no step is ever sent to.
    """
    if unknown := sorted(set(queues) - set(QUEUES)):
        raise UsageError(f"there is no queue {unknown[0]}; there are {', '.join(QUEUES)}")
    app = worker_app(settings)
    from sales_assets.costs.workers import meter_workers
    from sales_assets.instance.embedded import prepare_home  # which imports this module

    prepare_home(settings.dagster_home, settings)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    meter_workers(settings)
    for told_too_much in _TELL_TOO_MUCH:
        logging.getLogger(told_too_much).setLevel(logging.WARNING)
    app.worker_main(
        [
            "worker",
            f"--queues={','.join(queue_name(settings, queue) for queue in queues)}",
            f"--concurrency={concurrency}",
            f"--hostname={name or '-'.join(queues)}-{os.getpid()}@%h",
            "--prefetch-multiplier=1",
            "--loglevel=INFO",
            # Workers have nothing to tell each other, and need not wait for an answer.
            "--without-gossip",
            "--without-mingle",
        ]
    )
    raise SystemExit(0)


def _not_installed(error: ImportError) -> UsageError:
    return UsageError(
        f"{PREFIX}EXECUTOR=celery needs what `pip install -c constraints.txt -e '.[distributed]'` "
        f"installs ({error})"
    )
