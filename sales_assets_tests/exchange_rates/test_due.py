"""Which days are worth asking for again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from sales_assets.exchange_rates.due import days_to_ask
from sales_assets.exchange_rates.state import DayState, KnownDay

FRIDAY, SATURDAY, MONDAY = date(2024, 1, 5), date(2024, 1, 6), date(2024, 1, 8)
NOW = datetime(2024, 1, 8, 18, tzinfo=UTC)


def asked(
    day: date,
    state: DayState,
    *,
    until: date = MONDAY,
    symbols: tuple[str, ...] = ("USD",),
    ago: timedelta = timedelta(hours=1),
) -> bool:
    known = {day: KnownDay(day, ("GBP", "USD"), state, NOW - ago)}
    return days_to_ask(known, symbols, until, NOW) == [day]


def test_a_current_day_is_not_asked_for() -> None:
    assert not asked(MONDAY, DayState.CURRENT, ago=timedelta(days=900))


@pytest.mark.parametrize("day", [FRIDAY, SATURDAY])
def test_a_day_is_asked_for_once_the_publication_that_is_due_is_out(day: date) -> None:
    assert asked(day, DayState.UNPUBLISHED, until=FRIDAY)
    assert not asked(day, DayState.UNPUBLISHED, until=date(2024, 1, 4))
    assert not asked(MONDAY, DayState.UNPUBLISHED, until=FRIDAY)


def test_a_day_with_something_put_aside_is_asked_for_a_day_later() -> None:
    assert not asked(MONDAY, DayState.INCOMPLETE, ago=timedelta(hours=23, minutes=59))
    assert asked(MONDAY, DayState.INCOMPLETE, ago=timedelta(days=1))


@pytest.mark.parametrize("state", list(DayState))
def test_a_day_that_was_asked_for_without_a_currency_is_asked_for(state: DayState) -> None:
    assert asked(FRIDAY, state, symbols=("CHF", "USD"))


def test_days_are_in_order() -> None:
    known = {
        day: KnownDay(day, (), DayState.UNPUBLISHED, NOW) for day in (MONDAY, FRIDAY, SATURDAY)
    }
    assert days_to_ask(known, (), MONDAY, NOW) == [FRIDAY, SATURDAY, MONDAY]
