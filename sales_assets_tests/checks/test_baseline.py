"""A day is expected to be like the same weekdays before it, at the level of the last weeks."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.checks.baseline import (
    FEWEST_DAYS,
    FEWEST_OF_WEEKDAY,
    LEVEL_DAYS,
    TRAILING,
    Band,
    bands,
)

MONDAY = date(2024, 1, 1)
RHYTHM = [100, 100, 110, 120, 160, 220, 40]
"""Monday to Sunday, as of a shop."""

Series = dict[date, Decimal]


def days(numbers: Sequence[Decimal | int]) -> Series:
    return {MONDAY + timedelta(days=n): Decimal(number) for n, number in enumerate(numbers)}


def noisy(weeks: int, seed: int, growth: float = 1.0, deviation: float = 0.12) -> Series:
    """A shop's weeks, each day off by a normally distributed share."""
    chance = random.Random(seed)
    numbers = [
        RHYTHM[n % 7] * growth ** (n / 7) * chance.gauss(1, deviation) for n in range(7 * weeks)
    ]
    return days([round(Decimal(number), 4) for number in numbers])


def told(series: Series, after: int = 0) -> list[date]:
    """The days that stand out, from the number `after` on."""
    found = bands(series, series)
    return [day for day, band in found.items() if band.stands_out and day >= MONDAY + after * DAY]


DAY = timedelta(days=1)

amounts = st.decimals("0.0001", "1000000", places=4)
around = st.integers(50, 150)
"""Hundredths of what is usual."""


@given(number=amounts, length=st.integers(1, 150))
def test_a_series_that_never_changes_never_stands_out(number: Decimal, length: int) -> None:
    series = days([number] * length)
    assert told(series) == []
    assert len(bands(series, series)) == max(0, length - FEWEST_DAYS)


@given(number=amounts, weeks=st.integers(1, 12))
def test_the_same_week_again_and_again_never_stands_out_once_the_weekdays_are_known(
    number: Decimal, weeks: int
) -> None:
    series = days([number * part for _ in range(weeks) for part in RHYTHM])
    assert told(series, after=7 * FEWEST_OF_WEEKDAY) == []


@given(
    parts=st.lists(around, min_size=10, max_size=100),
    by=st.decimals("0.001", "100000", places=3),
)
def test_the_unit_of_the_numbers_changes_nothing(parts: list[int], by: Decimal) -> None:
    here, there = days(parts), days([by * part for part in parts])
    assert told(here) == told(there)
    for day, band in bands(here, here).items():
        other = bands(there, [day])[day]
        assert abs(other.expected - by * band.expected) <= Decimal("1e-20") * other.expected


@given(parts=st.lists(around, min_size=FEWEST_DAYS, max_size=90))
def test_ten_times_what_is_usual_always_stands_out_and_so_does_nothing_of_an_even_series(
    parts: list[int],
) -> None:
    series = days([100 * part for part in parts])
    last = MONDAY + len(parts) * DAY
    assert bands({**series, last: Decimal(100_000)}, [last])[last].stands_out
    even = {**days([100] * len(parts)), last: Decimal(0)}
    assert bands(even, [last])[last].stands_out


@given(parts=st.lists(around, min_size=10, max_size=80), seed=st.randoms())
def test_the_order_in_which_days_are_given_is_irrelevant(
    parts: list[int], seed: random.Random
) -> None:
    series = days(parts)
    shuffled = list(series.items())
    seed.shuffle(shuffled)
    assert bands(dict(shuffled), dict(shuffled)) == bands(series, series)


@given(parts=st.lists(around, min_size=70, max_size=120))
def test_neither_later_days_nor_those_before_the_eight_weeks_matter(parts: list[int]) -> None:
    series = days(parts)
    for day in list(series)[-3:]:
        near = {other: number for other, number in series.items() if day - TRAILING <= other <= day}
        assert bands(near, [day]) == bands(series, [day])


@given(parts=st.lists(st.decimals(-1000, 1000, places=2), min_size=0, max_size=90))
def test_of_any_numbers_a_day_that_does_not_stand_out_lies_in_its_band(
    parts: list[Decimal],
) -> None:
    series = days(parts)
    for day, band in bands(series, series).items():
        assert band.value == series[day]
        assert band.low <= band.expected <= band.high
        slack = Decimal("1e-40") * (1 + abs(band.value))
        outside = not band.low - slack <= band.value <= band.high + slack
        assert band.stands_out or not outside


def test_a_strong_rhythm_is_expected_and_a_busy_days_number_on_a_quiet_day_is_not() -> None:
    series = noisy(12, seed=1)
    sunday = MONDAY + 11 * timedelta(weeks=1) + 6 * DAY
    assert sunday.isoweekday() == 7
    usual = bands(series, [sunday])[sunday]
    assert not usual.stands_out
    assert 30 < usual.expected < 50
    saturdays = bands({**series, sunday: Decimal(220)}, [sunday])[sunday]
    assert saturdays.stands_out
    assert saturdays.by_weekday


def test_before_a_weekday_has_days_enough_it_is_compared_with_all_days() -> None:
    series = noisy(FEWEST_OF_WEEKDAY + 1, seed=2)
    found = bands(series, series)
    first, later = MONDAY + 14 * DAY, MONDAY + 7 * FEWEST_OF_WEEKDAY * DAY
    assert not found[first].by_weekday
    assert found[later].by_weekday
    assert found[first].days == 14
    assert [day for day in told(series) if day < later] == []


def test_growth_is_followed() -> None:
    growing = noisy(52, seed=3, growth=1.03)
    assert len(told(growing)) <= 0.02 * len(growing)


@pytest.mark.parametrize("times", [0, Decimal("0.5"), 2], ids=["nothing", "half", "doubled"])
def test_what_is_wrong_for_days_stands_out_on_every_day_of_its_first_week(times: Decimal) -> None:
    even = days([100] * 70)
    for first in (MONDAY + 20 * DAY, MONDAY + 50 * DAY):
        series = {day: number * (times if day >= first else 1) for day, number in even.items()}
        week = {first + n * DAY for n in range(7)}
        assert week <= {*told(series)}


@pytest.mark.parametrize("times", [2, Decimal("0.4")], ids=["doubled", "less than half"])
def test_a_new_level_is_told_of_for_a_week_and_then_expected(times: Decimal) -> None:
    series, shifted = noisy(30, seed=4), MONDAY + 15 * timedelta(weeks=1)
    series = {day: number * (times if day >= shifted else 1) for day, number in series.items()}
    at_first = [day for day in told(series) if shifted <= day < shifted + LEVEL_DAYS * DAY]
    assert 4 <= len(at_first) <= LEVEL_DAYS // 2
    assert max(at_first) < shifted + LEVEL_DAYS // 2 * DAY
    later = [day for day in told(series) if day >= shifted + LEVEL_DAYS * DAY]
    assert len(later) <= 2


def test_one_odd_day_hides_no_other() -> None:
    series = noisy(20, seed=5)
    odd = [MONDAY + n * DAY for n in (90, 97)]
    for day in odd:
        assert bands({**series, **dict.fromkeys(odd, Decimal(0))}, [day])[day].stands_out


def test_a_closed_day_that_is_not_in_the_series_changes_no_other_days_band() -> None:
    series = noisy(10, seed=6)
    day = MONDAY + 60 * DAY
    closed = {other: number for other, number in series.items() if other.isoweekday() != 7}
    of_all, of_open = bands(series, [day])[day], bands(closed, [day])[day]
    assert (of_open.expected - of_all.expected).copy_abs() < of_all.expected / 10
    assert not of_open.stands_out


def test_a_weekday_on_which_nothing_is_usual_is_not_judged_and_spoils_no_other() -> None:
    quiet = {
        day: Decimal(0) if day.isoweekday() == 7 else number
        for day, number in noisy(10, seed=7).items()
    }
    found = bands(quiet, quiet)
    late = [day for day in quiet if day >= MONDAY + 7 * FEWEST_OF_WEEKDAY * DAY]
    assert {day for day in late if day not in found} == {d for d in late if d.isoweekday() == 7}
    assert not any(found[day].stands_out for day in late if day in found)


def test_where_single_large_orders_are_usual_one_more_is_no_news() -> None:
    chance = random.Random(8)
    lumpy = days([round(Decimal(chance.paretovariate(1)), 2) for _ in range(730)])
    assert len(told(lumpy)) <= 0.02 * len(lumpy)
    last, before = max(lumpy), sorted(lumpy.values())
    assert bands({**lumpy, last: 3 * before[-1]}, [last])[last].stands_out


def test_a_day_below_nothing_stands_out_where_none_ever_was() -> None:
    series = noisy(10, seed=9, deviation=0.5)
    series = {day: abs(number) for day, number in series.items()}
    last = max(series) + DAY
    assert bands({**series, last: Decimal(0)}, [last])[last].low == 0
    assert bands({**series, last: Decimal("-0.01")}, [last])[last].stands_out


def test_the_numbers_of_a_band_follow_from_the_rule() -> None:
    week = [9, 10, 11, 10, 9, 10, 11]
    last = MONDAY + 7 * DAY
    found = bands(days([*week, 15]), [last])[last]
    # Median of all 10; level 1.0; MAD 0.1; spread 0.14826; 3.5 of them 0.51891.
    assert found == Band(
        value=Decimal(15),
        low=Decimal("4.8109"),
        expected=Decimal(10),
        high=Decimal("15.1891"),
        stands_out=False,
        days=7,
        by_weekday=False,
    )


def test_days_that_are_not_in_the_series_have_no_band() -> None:
    assert bands(days([1] * 20), [MONDAY - DAY, MONDAY + 20 * DAY]) == {}
