"""dagster-celery's executor, for which a step whose process was killed is a failed step.

Belongs here: that difference. Does not: settings or queues (`workers`). Imported only where the
extra `distributed` is installed.

dagster-celery 0.29.27 answers such a step by starting no step any more, and then waits at full
speed, for ever, for the steps that it does not start.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from celery.exceptions import TaskRevokedError
from dagster._core.definitions.executor_definition import multiple_process_executor_requirements
from dagster._core.events import DagsterEvent
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.plan.step import ExecutionStep
from dagster._core.execution.retries import RetryMode
from dagster._serdes import serialize_value
from dagster._utils.error import serializable_error_info_from_exc_info
from dagster_celery.core_execution_loop import core_celery_execution_loop
from dagster_celery.executor import CELERY_CONFIG, CeleryExecutor, _submit_task


@dataclass(frozen=True)
class StepResult:
    """What Celery will say of a step: its events, or a failure where it has none."""

    result: Any
    context: PlanOrchestrationContext
    step: ExecutionStep

    def ready(self) -> bool:
        """Whether there is an answer."""
        return bool(self.result.ready())

    def revoke(self) -> None:
        """Take the task back if no worker has it yet."""
        self.result.revoke()

    def get(self) -> Sequence[str]:
        """The events, serialised."""
        try:
            events: Sequence[str] = self.result.get()
        except TaskRevokedError:
            raise
        except Exception:  # noqa: BLE001 (of whatever class, the task has ended without events)
            error = serializable_error_info_from_exc_info(sys.exc_info())
            failed = DagsterEvent.step_failure_event(
                self.context.for_step(self.step),
                StepFailureData(error, user_failure_data=None),  # type: ignore[no-untyped-call]
            )
            return [serialize_value(failed)]
        return events


def _submit(
    app: Any,
    context: PlanOrchestrationContext,
    step: ExecutionStep,
    queue: str,
    priority: int,
    known_state: Any,
) -> StepResult:
    result = _submit_task(app, context, step, queue, priority, known_state)  # type: ignore[no-untyped-call]
    return StepResult(result, context, step)


class StepwiseCeleryExecutor(CeleryExecutor):
    """The executor of runs; workers know nothing of it."""

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[DagsterEvent]:
        """Give steps to workers as they become due; the events of all of them."""
        events: Iterator[DagsterEvent] = core_celery_execution_loop(  # type: ignore[no-untyped-call]
            plan_context, execution_plan, step_execution_fn=_submit
        )
        return events


@dg.executor(
    name="celery",
    config_schema=CELERY_CONFIG,
    requirements=multiple_process_executor_requirements(),
)
def celery_executor(init_context: dg.InitExecutorContext) -> StepwiseCeleryExecutor:
    """Steps as tasks of Celery workers; configured as dagster-celery's own."""
    config = init_context.executor_config
    retries: Any = config["retries"]
    return StepwiseCeleryExecutor(  # type: ignore[no-untyped-call]
        broker=config.get("broker"),
        backend=config.get("backend"),
        config_source=config.get("config_source"),
        include=config.get("include"),
        retries=RetryMode.from_config(retries),
    )
