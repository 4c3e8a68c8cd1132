"""Working through a range of days in one run, so that what is done stays done.

Belongs here: recording days one by one, also when a later day fails. Does not: what a day's
work is (`raw`, `staged`, `revenue`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

import dagster as dg
from dagster._core.events import (
    DagsterEvent,
    DagsterEventBatchMetadata,
    generate_event_batch_id,
)
from dagster._core.execution.context.metadata_logging import (
    AssetMetadataHandle,
    OutputMetadataAccumulator,
)

from sales_assets.errors import UsageError
from sales_assets.partitions import Window, run_window

Metadata = Mapping[str, Any]


def window_of(context: dg.AssetExecutionContext) -> Window:
    """The run's days; raises UsageError for a run that was started without any."""
    window = run_window(context)
    if window is None:
        raise UsageError(f"{context.asset_key.to_user_string()}: choose a day or a range of days")
    return window


class Committed:
    """The days of a range whose work is done, with what is known of each."""

    def __init__(self) -> None:
        self.days: dict[date, Metadata] = {}

    def add(self, days: Iterable[tuple[date, Metadata]]) -> None:
        """Note days as done."""
        self.days.update(days)


@contextmanager
def committing(context: dg.AssetExecutionContext) -> Iterator[Committed]:
    """Collect the days that are done, and record them even if the range fails.

    A step that ends well records all its partitions by itself; one that fails records none. So
    on failure the days that were done are recorded here before the error goes on, and a rerun
    has only the rest to do.
    """
    committed = Committed()
    try:
        yield committed
    except BaseException:
        _record(context, committed)
        raise
    _attach(context, committed)


def _attach(context: dg.AssetExecutionContext, committed: Committed) -> None:
    """Leave each day's metadata with the step, which records all its partitions when it ends.

    `context.add_asset_metadata` lists the range and copies all metadata again for every day: for
    three assets of 4,300 days that took 54 CPU-s, against 0.1 in one go.
    """
    step = context.get_step_execution_context()
    step._metadata_accumulator = OutputMetadataAccumulator(
        per_output_metadata={
            **step._metadata_accumulator.per_output_metadata,
            **{
                AssetMetadataHandle(
                    asset_key=context.asset_key, partition_key=day.isoformat()
                ): dict(metadata)
                for day, metadata in committed.days.items()
            },
        }
    )


def _record(context: dg.AssetExecutionContext, committed: Committed) -> None:
    """Record days as materialised, in one batch: `context.log_event` writes each by itself."""
    batch: str = generate_event_batch_id()  # type: ignore[no-untyped-call]
    for number, (day, metadata) in enumerate(committed.days.items(), start=1):
        DagsterEvent.asset_materialization(
            context.get_step_execution_context(),
            dg.AssetMaterialization(
                context.asset_key, partition=day.isoformat(), metadata=dict(metadata)
            ),
            DagsterEventBatchMetadata(batch, is_end=number == len(committed.days)),
        )
