"""Which rates may enter, by example and by all that the bank has ever published."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.exchange_rates.answers import read_rates
from sales_assets.exchange_rates.currencies import ENDED, LIVE, has_ended
from sales_assets.exchange_rates.plausibility import Judged, as_rate, judge
from sales_assets_tests.exchange_rates.builders import PUBLICATIONS, asking, saying

MONDAY, TUESDAY, WEDNESDAY = (date(2024, 1, day) for day in (8, 9, 10))
LIMIT = Decimal(30)
BEFORE = {"USD": (date(2024, 1, 5), Decimal("1.1"))}


def judged(*values: Any, before: Any = BEFORE, let_in: Any = ()) -> Judged:
    """The verdict on values of the dollar from Monday on."""
    days = {MONDAY + timedelta(days=n): {"USD": value} for n, value in enumerate(values)}
    return judge(days, ["USD"], before, LIMIT, let_in)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0", "is not above zero"),
        ("-0.0", "is not above zero"),
        ("-1.1", "is not above zero"),
        ("-1e400", "is not above zero"),
        ('"1.1"', "is no number"),
        ('"N/A"', "is no number"),
        ("true", "is no number"),
        ("[1.1]", "is no number"),
        ("NaN", "is no number"),
        ("Infinity", "is no number"),
        ("1e99999999999999999999", "is no number"),
        ("null", "the currency is missing"),
        ("1.1000001", "has more than 6 decimals or is too large"),
        ("1e-400", "has more than 6 decimals or is too large"),
        ("1e400", "has more than 6 decimals or is too large"),
        ("1e12", "has more than 6 decimals or is too large"),
        (f"1.{'0' * 200}1", "has more than 6 decimals or is too large"),
    ],
)
def test_what_can_be_no_rate_is_put_aside_with_the_reason(text: str, reason: str) -> None:
    values = read_rates(asking("2024-01", "USD"), saying(f'{{"{MONDAY}": {{"USD": {text}}}}}'))
    found = judge(values, ["USD"], BEFORE, LIMIT)

    assert found.accepted == {MONDAY: {}}
    [aside] = found.quarantined
    assert (aside.rate_date, aside.currency, aside.reason) == (MONDAY, "USD", reason)
    assert bool(aside.value) == (text != "null")
    assert len(aside.value) <= 100


def test_a_currency_that_an_answer_lacks_is_put_aside_without_a_value() -> None:
    found = judge({MONDAY: {"USD": Decimal("1.1")}}, ["GBP", "USD"], {}, LIMIT)
    assert found.accepted == {MONDAY: {"USD": Decimal("1.1")}}
    assert [(q.currency, q.value) for q in found.quarantined] == [("GBP", "")]


def test_a_currency_that_has_ended_is_not_missed_and_one_that_ends_that_day_is() -> None:
    last = ENDED["HRK"]
    found = judge({last: {}, last + timedelta(days=3): {}}, ["HRK"], {}, LIMIT)
    assert [(q.rate_date, q.currency) for q in found.quarantined] == [(last, "HRK")]


@pytest.mark.parametrize(
    ("value", "enters"),
    [("1.43", True), ("1.430001", False), ("0.77", True), ("0.769999", False), ("11", False)],
)
def test_a_move_of_exactly_the_limit_enters_and_a_larger_one_does_not(
    value: str, enters: bool
) -> None:
    found = judged(Decimal(value))
    assert bool(found.accepted[MONDAY]) == enters
    assert bool(found.quarantined) != enters


def test_a_jump_is_told_with_what_it_is_compared_to() -> None:
    [aside] = judged(Decimal(11)).quarantined
    assert aside.value == "11"
    assert aside.reason == "900.0 % off 1.1 of 2024-01-05; the limit is 30 %"


def test_after_a_jump_the_next_is_compared_with_the_last_that_entered() -> None:
    found = judged(Decimal(11), Decimal(11), Decimal("1.12"))
    assert [q.rate_date for q in found.quarantined] == [MONDAY, TUESDAY]
    assert found.accepted[WEDNESDAY] == {"USD": Decimal("1.12")}


def test_a_person_lets_in_this_very_value_of_this_day_and_those_near_it_follow() -> None:
    values = [Decimal(2), Decimal("2.1")]
    found = judged(*values, let_in={(MONDAY, "USD", Decimal("2.00"))})
    assert found.accepted == {MONDAY: {"USD": values[0]}, TUESDAY: {"USD": values[1]}}
    for other in (
        (TUESDAY, "USD", Decimal(2)),
        (MONDAY, "GBP", Decimal(2)),
        (MONDAY, "USD", Decimal("2.000001")),
    ):
        assert judged(*values, let_in={other}).accepted == {MONDAY: {}, TUESDAY: {}}


def test_what_is_no_rate_cannot_be_let_in() -> None:
    assert judged(Decimal(0), let_in={(MONDAY, "USD", Decimal(0))}).accepted == {MONDAY: {}}


def test_a_first_day_without_a_recent_rate_is_compared_with_the_median() -> None:
    good = [Decimal("1.1"), Decimal("1.11"), Decimal("1.09")]
    long_ago = {"USD": (MONDAY - timedelta(days=15), Decimal(2))}
    for before in ({}, long_ago):
        found = judged(good[0] * 10, *good, before=before)
        assert [q.rate_date for q in found.quarantined] == [MONDAY]
        assert "which is the median around it" in found.quarantined[0].reason
    assert not judged(*good, before={}).quarantined


def test_a_rate_that_is_three_times_one_of_long_ago_may_not_enter_even_if_all_are() -> None:
    long_ago = {"USD": (MONDAY - timedelta(days=400), Decimal("1.1"))}
    for wrong in (Decimal("3.3"), Decimal("0.36")):
        found = judged(wrong, wrong, before=long_ago)
        assert len(found.quarantined) == 2
        assert found.quarantined[0].reason.startswith("3 times 1.1 of ")
    assert not judged(Decimal("3.29"), Decimal("3.29"), before=long_ago).quarantined


def test_a_first_rate_is_compared_with_what_another_source_knows() -> None:
    values = {MONDAY: {"USD": Decimal(11)}}
    asked = []

    def history(symbol: str, day: date) -> tuple[date, Decimal]:
        asked.append((symbol, day))
        return day - timedelta(days=3), Decimal("1.1")

    found = judge(values, ["USD"], {}, LIMIT, history=history)
    assert [q.rate_date for q in found.quarantined] == [MONDAY]
    assert asked == [("USD", MONDAY)]
    recent = {"USD": (MONDAY - timedelta(days=1), Decimal(11))}
    assert not judge(values, ["USD"], recent, LIMIT, history=history).quarantined


def test_a_rate_of_two_weeks_ago_is_recent() -> None:
    found = judged(Decimal(5), before={"USD": (MONDAY - timedelta(days=14), Decimal("1.1"))})
    assert [q.rate_date for q in found.quarantined] == [MONDAY]


def test_a_currency_that_loses_much_of_its_value_over_years_enters_in_one_load() -> None:
    """The Turkish lira from 9 to 30 for a euro, asked for at once, as a backfill does."""
    years = {day: r for day, r in PUBLICATIONS.by_day.items() if 2021 <= day.year <= 2023}
    assert judge(years, ["TRY"], {}, LIMIT).quarantined == ()


def test_all_that_the_bank_has_published_enters_but_for_the_icelandic_crash() -> None:
    """A load of all of history; of currencies from their first rate on, and where there is one."""
    found = judge(PUBLICATIONS.by_day, sorted(LIVE), {}, LIMIT)
    aside = [(q.currency, q.rate_date) for q in found.quarantined if q.value]
    assert {currency for currency, _ in aside} == {"ISK"}
    days = [day for _, day in aside]
    assert (len(days), min(days), max(days)) == (18, date(2008, 10, 8), date(2008, 11, 17))
    entered = sum(len(rates) for rates in found.accepted.values())
    published = sum(len(rates.keys() & LIVE) for rates in PUBLICATIONS.by_day.values())
    assert entered == published - len(days)


VALUES = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.booleans(),
    st.sampled_from([Decimal(0), Decimal(-1), Decimal("1E+20"), Decimal("1E-9")]),
    st.decimals("0.000001", "100000", places=6),
)


@given(
    st.dictionaries(
        st.sampled_from([date(2024, 1, 2) + timedelta(days=n) for n in range(60)]),
        st.dictionaries(st.sampled_from(["GBP", "USD", "RUB"]), VALUES),
    )
)
def test_whatever_was_asked_for_either_enters_or_is_put_aside(
    values: dict[date, dict[str, Any]],
) -> None:
    symbols = ["GBP", "RUB", "USD"]
    found = judge(values, symbols, BEFORE, LIMIT)
    entered = {(day, code) for day, rates in found.accepted.items() for code in rates}
    aside = [(q.rate_date, q.currency) for q in found.quarantined]
    asked = {(day, code) for day in values for code in symbols if not has_ended(code, day)}
    assert len(aside) == len(set(aside))
    assert entered | set(aside) == asked
    assert not entered & set(aside)
    assert all(values[day][code] == found.accepted[day][code] for day, code in entered)
    assert all(as_rate(rate)[0] for rates in found.accepted.values() for rate in rates.values())


def test_a_text_with_half_a_character_can_be_stored() -> None:
    [aside] = judged(json.loads('"\\ud83d"')).quarantined
    assert aside.value.encode().decode() == "?"
