"""Which days are worth asking for again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from sales_assets.exchange_rates.due import AGAIN_AFTER, PAUSE, days_to_ask, pause_after
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


@pytest.mark.parametrize("state", [DayState.INCOMPLETE, DayState.REFUSED])
def test_a_day_that_waits_for_a_person_is_asked_for_a_day_later(state: DayState) -> None:
    assert not asked(MONDAY, state, ago=timedelta(hours=23, minutes=59))
    assert asked(MONDAY, state, ago=timedelta(days=1))


@pytest.mark.parametrize("state", list(DayState))
def test_a_day_that_was_asked_for_without_a_currency_is_asked_for(state: DayState) -> None:
    assert asked(FRIDAY, state, symbols=("CHF", "USD"))


def test_days_are_in_order() -> None:
    known = {
        day: KnownDay(day, (), DayState.UNPUBLISHED, NOW) for day in (MONDAY, FRIDAY, SATURDAY)
    }
    assert days_to_ask(known, (), MONDAY, NOW) == [FRIDAY, SATURDAY, MONDAY]
    del known[SATURDAY]
    assert days_to_ask(known, (), MONDAY, NOW, {SATURDAY}) == [FRIDAY, SATURDAY, MONDAY]


def test_a_wanted_day_is_asked_for_only_if_nothing_is_known_of_it() -> None:
    known = {FRIDAY: KnownDay(FRIDAY, ("USD",), DayState.CURRENT, NOW)}
    assert days_to_ask(known, ("USD",), MONDAY, NOW, [MONDAY, FRIDAY]) == [MONDAY]


@pytest.mark.parametrize(
    ("late", "pause"),
    [
        (timedelta(hours=-3), PAUSE),
        (timedelta(hours=2), PAUSE),
        (timedelta(hours=4), timedelta(hours=1)),
        (timedelta(days=2), timedelta(hours=12)),
        (timedelta(days=900), AGAIN_AFTER),
    ],
)
def test_the_pause_is_a_quarter_of_how_late_the_newest_publication_was(
    late: timedelta, pause: timedelta
) -> None:
    moment = datetime(2024, 1, 8, 16, tzinfo=UTC) + late  # Frankfurt's 17:00
    assert pause_after(moment, {FRIDAY, MONDAY}, [FRIDAY, MONDAY], {}) == pause


def test_a_day_that_was_not_asked_for_or_waits_for_a_person_shortens_the_pause() -> None:
    assert pause_after(NOW, {FRIDAY}, [FRIDAY], {}) > PAUSE
    assert pause_after(NOW, {FRIDAY}, [SATURDAY, FRIDAY], {}) == PAUSE
    for state, is_short in {
        DayState.UNPUBLISHED: False,
        DayState.INCOMPLETE: True,
        DayState.REFUSED: True,
    }.items():
        known = {FRIDAY: KnownDay(FRIDAY, ("USD",), state, NOW)}
        assert (pause_after(NOW, {FRIDAY}, [FRIDAY], known) == PAUSE) is is_short
