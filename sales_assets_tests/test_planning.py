"""Windows and sources that are asked for: how they are understood, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from sales_assets.contracts.days import History
from sales_assets.errors import UsageError
from sales_assets.partitions import DAY, Window
from sales_assets.planning import find_contract, history_window, parse_window
from sales_assets_tests.planned import DAILY, MANY, day, span


def today() -> date:
    return datetime.now(UTC).date()


def test_a_window_is_parsed_with_both_ends() -> None:
    assert parse_window("2024-02-29", "2024-03-01") == (date(2024, 2, 29), date(2024, 3, 1))
    assert parse_window(None, "2024-03-01") == (None, date(2024, 3, 1))
    assert parse_window("2024-03-01", None) == (date(2024, 3, 1), None)
    assert parse_window(None, None) == (None, None)
    assert parse_window("2024-03-01", "2024-03-01") == (date(2024, 3, 1),) * 2


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("yesterday", None, "--from yesterday: is no date; write it as 2024-12-31"),
        (None, "2024-02-30", "--to 2024-02-30: is no date; write it as 2024-12-31"),
        ("1.3.2024", None, "--from 1.3.2024: is no date"),
        (
            "2024-03-02",
            "2024-03-01",
            "--from 2024-03-02 is after --to 2024-03-01; exchange them",
        ),
    ],
)
def test_a_wrong_window_is_refused_with_the_fix(
    first: str | None, last: str | None, told: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse_window(first, last)

    assert str(caught.value).startswith(told)


FIRST = date(2010, 1, 1)


def windowed(first: date | None, last: date | None, start: date, end: date | None) -> Window | None:
    contract = replace(DAILY, history=History(start, end))
    return history_window(contract, first, last, FIRST)


def test_by_default_a_window_is_the_sources_history_up_to_today() -> None:
    ended = windowed(None, None, day(1), day(20))

    assert ended == Window(day(1), day(20))
    before = today()
    going_on = windowed(None, None, day(1), None)
    assert going_on is not None
    assert going_on.start == day(1)
    assert going_on.end - DAY in {before, today()}
    to_come = windowed(None, None, before - DAY, before + timedelta(days=300))
    assert to_come in [Window(before - DAY, now + DAY) for now in (before, today())]


def test_days_that_are_asked_for_are_taken_even_outside_of_the_history() -> None:
    assert windowed(day(2), day(3), day(10), day(20)) == span(2, 3)
    assert windowed(day(25), day(26), day(10), day(20)) == span(25, 26)
    assert windowed(day(15), None, day(10), day(20)) == Window(day(15), day(20))
    assert windowed(None, day(12), day(10), day(20)) == span(10, 12)


def test_a_window_without_a_day_of_the_source_is_none() -> None:
    assert windowed(None, day(5), day(10), day(20)) is None
    assert windowed(day(25), None, day(10), day(20)) is None
    assert windowed(None, None, today() + timedelta(days=5), None) is None


def test_days_before_the_first_partition_or_in_the_future_are_refused() -> None:
    with pytest.raises(UsageError, match="lies before the first partition, 2010-01-01; set"):
        windowed(FIRST - DAY, None, day(1), None)
    with pytest.raises(UsageError, match="lies in the future; the last partition is today"):
        windowed(None, today() + timedelta(days=3), day(1), None)


def test_a_source_is_found_by_its_name_with_and_without_the_team() -> None:
    contracts = [DAILY, MANY]

    assert find_contract(contracts, "pizzaplace") is MANY
    assert find_contract(contracts, "webshop/uci_online_retail") is DAILY


def test_a_source_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError) as caught:
        find_contract([DAILY, MANY], "pizza")

    assert str(caught.value) == (
        "there is no source 'pizza'; there are webshop/uci_online_retail, retail/pizzaplace"
    )


def test_a_name_that_two_teams_use_has_to_be_told_apart() -> None:
    other = replace(MANY, team="franchise")

    with pytest.raises(UsageError) as caught:
        find_contract([MANY, other], "pizzaplace")

    assert str(caught.value) == (
        "source 'pizzaplace' is not clear; choose one of retail/pizzaplace, franchise/pizzaplace"
    )
    assert find_contract([MANY, other], "franchise/pizzaplace") is other
