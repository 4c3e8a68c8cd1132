"""A pass that finds nothing asks for the same few rows, however long the history is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event

from sales_assets.alerts.states import CodeLocations, Daemon, Ticks
from sales_assets_tests.alerts.conftest import Small


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements that any engine executes within the block."""
    told: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        told.append(statement)

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)


def settled(small: Small) -> list[str]:
    """The statements of a pass when nothing has happened for long."""
    for _ in range(3):
        small.ahead += timedelta(seconds=61)
        assert small.passes() == []
    with counting() as told:
        small.passes()
    return told


def test_an_idle_pass_is_a_few_statements_and_writes_nothing(small: Small, tmp_path: Path) -> None:
    small.scene.router.sources = [
        Ticks(small.instance, lambda _: None),
        CodeLocations(tmp_path / "none.yaml", lambda _: None),
        Daemon(small.instance, 300),
    ]
    few = settled(small)
    for day in range(1, 8):
        small.run(f"2024-01-{day:02}")
    many = settled(small)
    assert len(many) == len(few) <= 10
    assert not [text for text in many if text.split()[0] in {"INSERT", "UPDATE", "DELETE", "BEGIN"}]


def test_the_events_are_found_by_their_type_and_number(small: Small) -> None:
    """And not by reading all that happened since."""
    with counting() as told:
        small.passes()
    [query] = [text for text in told if "event_logs.event" in text]
    storage = small.instance.event_log_storage
    with storage.index_connection() as connection:  # type: ignore[attr-defined]
        values = (0, "PIPELINE_FAILURE", "ASSET_CHECK_EVALUATION", "FRESHNESS_STATE_CHANGE", 9, 0)
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
    assert "idx_event_type" in repr(plan)
