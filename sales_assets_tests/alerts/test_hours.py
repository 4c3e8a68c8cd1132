"""Quiet hours and the times of digests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sales_assets.alerts.hours import Daily, Quiet

NIGHT = Quiet.parse("22:00-07:00 Europe/Berlin")
NOON = Quiet.parse("12:00-13:30 America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2024-05-01T21:59:59+02:00", None),
        ("2024-05-01T22:00+02:00", "2024-05-02T07:00+02:00"),
        ("2024-05-01T23:59+02:00", "2024-05-02T07:00+02:00"),
        ("2024-05-02T00:00+02:00", "2024-05-02T07:00+02:00"),
        ("2024-05-02T06:59:59+02:00", "2024-05-02T07:00+02:00"),
        ("2024-05-02T07:00+02:00", None),
        ("2024-03-30T23:00+01:00", "2024-03-31T07:00+02:00"),  # summer time begins
        ("2024-10-26T23:00+02:00", "2024-10-27T07:00+01:00"),
    ],
)
def test_a_quiet_time_over_midnight(now: str, end: str | None) -> None:
    assert NIGHT.until(at(now)) == (at(end) if end else None)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2024-05-01T11:59-04:00", None),
        ("2024-05-01T12:00-04:00", "2024-05-01T13:30-04:00"),
        ("2024-05-01T13:30-04:00", None),
    ],
)
def test_a_quiet_time_within_a_day(now: str, end: str | None) -> None:
    assert NOON.until(at(now)) == (at(end) if end else None)


@given(st.integers(0, 3 * 366 * 24 * 60))
@example(433_500)  # 02:00 in Berlin, for the second time in that night
def test_the_end_of_a_quiet_time_is_later_and_not_quiet(minutes: int) -> None:
    now = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    for quiet in (NIGHT, NOON, Quiet.parse("01:30-02:30 Europe/Berlin")):
        end = quiet.until(now)
        assert end is None or (end > now and quiet.until(end) is None)


def test_the_last_moment_of_a_daily_time() -> None:
    daily = Daily.parse("07:30 Europe/Berlin")
    assert daily.last(at("2024-05-01T07:29+02:00")) == at("2024-04-30T07:30+02:00")
    assert daily.last(at("2024-05-01T07:30+02:00")) == at("2024-05-01T07:30+02:00")
    assert daily.last(at("2024-11-01T23:00+01:00")) == at("2024-11-01T07:30+01:00")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("22-7 Europe/Berlin", "is no quiet time; write it as"),
        ("22:00-22:00 UTC", "begins when it ends"),
        ("24:00-07:00 UTC", "is no quiet time"),
        ("22:00-07:00 Europe/Nowhere", "is no time zone"),
        ("22:00-07:00 ../../etc", "is no time zone"),
    ],
)
def test_what_is_no_quiet_time_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Quiet.parse(text)


def test_what_is_no_time_of_a_digest_is_refused() -> None:
    with pytest.raises(ValueError, match="is no time of a digest"):
        Daily.parse("7:30")
