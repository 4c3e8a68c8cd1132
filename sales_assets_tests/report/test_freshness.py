"""Which of the due days never came."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from sales_assets.partitions import Window
from sales_assets.report.freshness import freshness_of

MONDAY = date(2024, 1, 1)
WEEK = [date(2024, 1, day) for day in (1, 2, 4, 5, 8)]


def test_a_source_that_has_every_due_day_is_not_late() -> None:
    fresh = freshness_of(WEEK, WEEK)
    assert (fresh.last, fresh.due, fresh.late, fresh.missing_days) == (WEEK[-1], WEEK[-1], False, 0)


def test_a_last_drop_before_the_last_due_day_is_late() -> None:
    fresh = freshness_of(WEEK, WEEK[:2])
    assert fresh.late
    assert fresh.missing == (
        Window.of_keys("2024-01-04", "2024-01-05"),
        Window.of_keys("2024-01-08", "2024-01-08"),
    )
    assert freshness_of(WEEK, []).late


def test_a_gap_in_the_history_is_missing_and_not_late() -> None:
    fresh = freshness_of(WEEK, [WEEK[0], WEEK[-1]])
    assert (fresh.late, fresh.missing_days) == (False, 3)


def test_nothing_is_late_where_nothing_is_due() -> None:
    assert not freshness_of([], []).late
    assert freshness_of([], [MONDAY]).last == MONDAY


@given(
    due=st.sets(st.dates(MONDAY, date(2024, 3, 1))),
    held=st.sets(st.dates(MONDAY, date(2024, 3, 1))),
)
def test_missing_days_are_exactly_the_due_ones_without_a_drop(
    due: set[date], held: set[date]
) -> None:
    fresh = freshness_of(sorted(due), held)
    assert {day for window in fresh.missing for day in window.days()} == due - held
    assert fresh.late == bool(due and max(due) > max(held, default=date.min))
