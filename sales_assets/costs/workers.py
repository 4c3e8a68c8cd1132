"""Metering Celery workers: what a task uses outside of its step is its run's.

Belongs here: which of Celery's signals does what. Does not: accounts, or writing them (`metering`).
"""

from __future__ import annotations

from typing import Any

from sales_assets.costs.meter import FAILURE, SUCCESS
from sales_assets.costs.metering import Metering, guarded, metering_at
from sales_assets.costs.processes import STEP_PROCESS, WORKER
from sales_assets.settings import Settings


def meter_workers(settings: Settings) -> None:
    """Meter a worker of this process, the processes that it makes, and their tasks."""
    from celery import signals
    from dagster._grpc.types import ExecuteStepArgs
    from dagster._serdes import unpack_value

    def of_task(kwargs: dict[str, Any]) -> tuple[Metering, str]:
        packed = kwargs["execute_step_args_packed"]
        return metering_at(settings, STEP_PROCESS), unpack_value(packed, ExecuteStepArgs).run_id

    def begin(kwargs: dict[str, Any]) -> None:
        meter, run_id = of_task(kwargs)
        meter.run_begins(run_id)

    def end(kwargs: dict[str, Any], state: str) -> None:
        meter, run_id = of_task(kwargs)
        meter.run_ends(run_id, SUCCESS if state == "SUCCESS" else FAILURE)

    def worker_ready(**_: Any) -> None:
        guarded(lambda: metering_at(settings, WORKER))

    def worker_process_init(**_: Any) -> None:
        guarded(lambda: metering_at(settings, STEP_PROCESS))

    def task_prerun(kwargs: dict[str, Any], **_: Any) -> None:
        guarded(lambda: begin(kwargs))

    def task_postrun(kwargs: dict[str, Any], state: str, **_: Any) -> None:
        guarded(lambda: end(kwargs, state))

    for receiver in (worker_ready, worker_process_init, task_prerun, task_postrun):
        getattr(signals, receiver.__name__).connect(receiver, weak=False)
