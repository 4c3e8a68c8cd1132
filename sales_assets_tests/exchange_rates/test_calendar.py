"""The bank's calendar against every publication that it has made."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.exchange_rates.calendar import (
    LOOK_BACK,
    due_at,
    is_business_day,
    last_publication,
    months,
    published_by,
)
from sales_assets.partitions import DAY, Window
from sales_assets_tests.exchange_rates.builders import FIRST, LAST, PUBLICATIONS

ALL = Window(FIRST, LAST + DAY)
DAYS = st.dates(date(1999, 1, 1), date(2030, 12, 31))


def test_the_calendar_has_exactly_the_days_on_which_the_bank_has_published() -> None:
    assert [day for day in ALL.days() if is_business_day(day)] == list(PUBLICATIONS.days)


def test_the_last_publication_is_the_one_on_or_before_a_day() -> None:
    for day in ALL.days():
        assert last_publication(day) == PUBLICATIONS.last_day(day)


def test_the_look_back_is_longer_than_any_closing() -> None:
    days = PUBLICATIONS.days
    assert max(b - a for a, b in itertools.pairwise(days)) < LOOK_BACK


@pytest.mark.parametrize(
    ("moment", "published"),
    [
        ("2024-01-10T15:59:59+00:00", "2024-01-09"),  # 16:59:59 in Frankfurt
        ("2024-01-10T16:00:00+00:00", "2024-01-10"),
        ("2024-07-10T14:59:59+00:00", "2024-07-09"),
        ("2024-07-10T15:00:00+00:00", "2024-07-10"),
        ("2024-03-29T16:30:00+00:00", "2024-03-28"),  # Good Friday
        ("2024-04-01T18:00:00+00:00", "2024-03-28"),  # Easter Monday
        ("2024-01-13T12:00:00+00:00", "2024-01-12"),
        ("2024-01-10T23:30:00+00:00", "2024-01-10"),  # the day after in Frankfurt
        ("2024-07-12T22:30:00+00:00", "2024-07-12"),
        ("2024-01-11T01:00:00+09:00", "2024-01-10"),
    ],
)
def test_rates_are_out_at_five_in_the_afternoon_in_frankfurt(moment: str, published: str) -> None:
    assert published_by(datetime.fromisoformat(moment)) == date.fromisoformat(published)


def test_what_a_day_is_due_is_out_from_then_on() -> None:
    for day in Window(date(2024, 3, 25), date(2024, 4, 8)).days():  # summer time, and Easter
        assert published_by(due_at(day)) == last_publication(day)
        assert published_by(due_at(day) - timedelta(minutes=1)) < last_publication(day)


@given(
    st.datetimes(datetime(1999, 1, 5), datetime(2030, 12, 31)),  # noqa: DTZ001
    st.integers(-12, 12),
)
def test_what_is_out_depends_on_the_moment_alone(moment: datetime, offset: int) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert published_by(aware) == published_by(aware.astimezone(timezone(timedelta(hours=offset))))
    assert published_by(aware) <= published_by(aware + timedelta(minutes=1))


@given(DAYS, st.integers(1, 800))
def test_the_months_of_a_window_are_whole_and_follow_each_other(start: date, length: int) -> None:
    window = Window(start, start + timedelta(days=length))
    found = list(months(window))
    assert all(month.start.day == month.end.day == 1 for month in found)
    assert all(27 < len(month) < 32 for month in found)
    assert all(a.end == b.start for a, b in itertools.pairwise(found))
    assert window.start in found[0]
    assert window.end - DAY in found[-1]
