"""Windows of days, and the one daily partitions definition.

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.partitions import DAY, Window, contiguous, daily_partitions, run_window

DAYS = st.dates(date(2023, 12, 20), date(2024, 3, 10))
WINDOWS = st.builds(
    lambda start, days: Window(start, start + timedelta(days=days)), DAYS, st.integers(1, 80)
)


def test_the_first_partition_is_the_first_day_and_the_last_is_today() -> None:
    first = date(2024, 2, 28)

    before = datetime.now(UTC).date()
    keys = daily_partitions(first).get_partition_keys()
    after = datetime.now(UTC).date()

    assert keys[:3] == ["2024-02-28", "2024-02-29", "2024-03-01"]
    assert before.isoformat() <= keys[-1] <= after.isoformat()


def test_a_window_from_key_to_key_holds_both() -> None:
    window = Window.of_keys("2024-02-28", "2024-03-01")

    assert (window.start, window.end) == (date(2024, 2, 28), date(2024, 3, 2))
    assert list(window.days()) == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    assert (window.first_key, window.last_key) == ("2024-02-28", "2024-03-01")
    assert str(window) == "2024-02-28..2024-03-01"
    assert str(Window.of_keys("2024-02-29", "2024-02-29")) == "2024-02-29"


@pytest.mark.parametrize("days", [0, -1])
def test_a_window_without_a_day_is_refused(days: int) -> None:
    start = date(2024, 1, 1)

    with pytest.raises(ValueError, match="holds no day"):
        Window(start, start + timedelta(days=days))


@given(WINDOWS)
def test_a_window_holds_its_start_and_not_its_end(window: Window) -> None:
    days = list(window.days())

    assert len(days) == len(window) == (window.end - window.start).days
    assert days == sorted(set(days))
    assert window.start in window
    assert window.end - DAY in window
    assert window.end not in window
    assert window.start - DAY not in window
    assert Window.of_keys(window.first_key, window.last_key) == window


@given(WINDOWS, st.integers(1, 40))
def test_chunks_are_the_window_without_gap_or_overlap(window: Window, size: int) -> None:
    chunks = list(window.chunks(size))

    assert [day for chunk in chunks for day in chunk.days()] == list(window.days())
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert 1 <= len(chunks[-1]) <= size


def test_chunks_of_no_days_are_refused() -> None:
    with pytest.raises(ValueError, match="holds no day"):
        list(Window.of_keys("2024-01-01", "2024-01-02").chunks(0))


@given(st.sets(DAYS, min_size=1))
def test_the_window_around_days_is_the_shortest_that_holds_them(days: set[date]) -> None:
    window = Window.around(days)

    assert all(day in window for day in days)
    assert {window.start, window.end - DAY} <= days


@given(WINDOWS, WINDOWS)
def test_the_overlap_holds_the_days_that_both_windows_hold(one: Window, other: Window) -> None:
    both = set(one.days()) & set(other.days())

    overlap = one.overlap(other)

    assert set(overlap.days() if overlap else ()) == both
    assert other.overlap(one) == overlap


@settings(deadline=None)
@given(st.lists(DAYS))
def test_contiguous_windows_hold_exactly_the_days_and_never_touch(days: list[date]) -> None:
    windows = contiguous(days)

    assert [day for window in windows for day in window.days()] == sorted(set(days))
    assert all(one.end < other.start for one, other in pairwise(windows))


def window_of_a_run(tags: dict[str, str], key: str | None = None) -> Window | None:
    found: list[Window | None] = []

    @dg.asset(
        partitions_def=daily_partitions(date(2024, 1, 1)) if tags or key else None,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def probe(context: dg.AssetExecutionContext) -> None:
        found.append(run_window(context))

    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize(
            [probe],
            instance=instance,
            tags=tags,
            partition_key=key,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    return found[0]


def test_a_run_of_one_partition_is_for_that_day() -> None:
    assert window_of_a_run({}, "2024-02-29") == Window.of_keys("2024-02-29", "2024-02-29")


def test_a_run_of_a_range_is_for_all_its_days() -> None:
    tags = {
        "dagster/asset_partition_range_start": "2024-02-28",
        "dagster/asset_partition_range_end": "2024-03-01",
    }

    assert window_of_a_run(tags) == Window.of_keys("2024-02-28", "2024-03-01")


def test_a_run_without_partitions_is_for_no_days() -> None:
    assert window_of_a_run({}) is None
