"""Trying a step again that failed for what may pass.

Belongs here: which errors these are, how often and how soon. Does not: runs that died (Dagster's
run retries do these, by dagster.yaml), or days that failed altogether (`plan`).

Not Dagster's RetryPolicy: it tries again whatever the error is, a wrong contract too, and after
Ctrl-C. The layers do not multiply: a run that is itself another attempt tries none of its steps
again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import dagster as dg
import sqlalchemy as sa
from dagster._core.execution.context.compute import current_execution_context
from dagster._core.storage.tags import RETRY_NUMBER_TAG

from sales_assets.errors import TransientError, WarehouseBusyError
from sales_assets.healing.tags import HEALING_TAG

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Retries:
    """How often a step is tried again, and the first wait before that."""

    most: int = 3
    seconds: float = 5.0

    def __call__(self, function: Function) -> Function:
        """The same function of an asset, check or op, which asks for a retry if that may help."""
        if inspect.isgeneratorfunction(function):

            @wraps(function)
            def generate(*args: Any, **kwargs: Any) -> Iterator[Any]:
                try:
                    yield from function(*args, **kwargs)
                except Exception as error:
                    self.ask_again(error)
                    raise

            return generate  # type: ignore[return-value]

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except Exception as error:
                self.ask_again(error)
                raise

        return call  # type: ignore[return-value]

    def ask_again(self, error: Exception) -> None:
        """Raise RetryRequested if another attempt of the step may help and one is left."""
        context = current_execution_context.get()
        if context is None or not may_pass(error) or is_another_attempt(context.run):
            return
        done = context.op_execution_context.retry_number
        if done < self.most:
            context.log.warning(f"{error} (attempt {done + 1} of {self.most + 1})")
            raise dg.RetryRequested(self.most, self._wait(done + 1)) from error

    def _wait(self, number: int) -> float:
        policy = dg.RetryPolicy(
            self.most, self.seconds, dg.Backoff.EXPONENTIAL, dg.Jitter.PLUS_MINUS
        )
        return policy.calculate_delay(number)


RETRIES = Retries()
"""As the settings have it by default."""


def may_pass(error: BaseException) -> bool:
    """Whether the same step may succeed in a little while.

    Who waited for the warehouse has waited for as long as the settings say: another hour would
    only keep the run. Of the small database's errors those count that say nothing of the question:
    it is away, or somebody else writes.
    """
    if isinstance(error, TransientError):
        return not isinstance(error, WarehouseBusyError)
    if isinstance(error, sa.exc.DBAPIError):
        told = str(error.orig).lower()
        return (
            error.connection_invalidated
            or isinstance(error, sa.exc.InterfaceError)
            or (isinstance(error, sa.exc.OperationalError) and "no such" not in told)
        )
    return False


def is_another_attempt(run: dg.DagsterRun) -> bool:
    """Whether a run repeats one that failed: by Dagster after its process died, or by healing."""
    return RETRY_NUMBER_TAG in run.tags or HEALING_TAG in run.tags
