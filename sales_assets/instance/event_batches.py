"""What all event storages that write in batches have in common.

Belongs here: for which Dagster they are written, the size of a batch, how a planned check is
recorded. Does not: how rows reach a database (`sqlite_events`, `postgres_events`), which storage an
instance takes (`event_log`).

Why batches: Dagster writes each event by itself, in transactions and on connections of its own.
Being recorded (planned, then materialised) costs a partition of an asset 19 ms of CPU in SQLite
and 6 ms in PostgreSQL; in batches under 1 ms.

This leans on private parts of one Dagster version, `WRITTEN_FOR`. Under any other one a warning
says so, and the stock storage, which reads and writes the same tables, takes its place.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Final

from dagster import __version__ as dagster_version
from dagster import _check as check
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationPlanned,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster_shared.record import replace

WRITTEN_FOR: Final = "1.13.27"
EVENT_BATCH_SIZE: Final = 1000
"""Events of one transaction. Dagster ends a batch with its run's plan or its step's output."""


class WritingInBatches(SqlEventLogStorage):
    """Marks a storage that takes batches of `EVENT_BATCH_SIZE`, and plans checks once."""

    def _store_asset_check_evaluation_planned(
        self, event: EventLogEntry, event_id: int | None
    ) -> None:
        """Plan a check once per run; upstream plans one without partitions once per partition.

        A check's result carries no partition, so all but one of upstream's rows stay planned for
        ever, and the UI shows each as a skipped check.
        """
        dagster_event = event.get_dagster_event()
        planned = check.inst(dagster_event.event_specific_data, AssetCheckEvaluationPlanned)
        if planned.partitions_subset is not None:
            planned = replace(planned, partitions_subset=None)
            event = event._replace(
                dagster_event=dagster_event._replace(event_specific_data=planned)
            )
        super()._store_asset_check_evaluation_planned(event, event_id)


def is_for_this_dagster() -> bool:
    """Whether the Dagster installed is `WRITTEN_FOR`; a warning says what follows if it is not."""
    if dagster_version == WRITTEN_FOR:
        return True
    warnings.warn(
        f"{__name__} was written for dagster {WRITTEN_FOR}, and {dagster_version} is installed:"
        " events are stored one by one, as slowly as stock Dagster does. Run"
        " sales_assets_tests/instance against the new version, then raise WRITTEN_FOR.",
        stacklevel=2,
    )
    return False


def last_of_each(
    events: Sequence[EventLogEntry], ids: Sequence[int]
) -> Iterator[tuple[EventLogEntry, int]]:
    """The last event of each asset and type with its id, in the order of ids.

    An event sets only the columns of `asset_keys` that are its own type's, so that those of the
    others would be overwritten.
    """
    last = {
        (event.get_dagster_event().asset_key, event.dagster_event_type): (event, event_id)
        for event, event_id in zip(events, ids, strict=True)
    }
    yield from sorted(last.values(), key=lambda entry: entry[1])
