"""That whatever is asked for, the stand-in answers with what the ECB's file has.

Belongs here: what holds for every day, range and value. Does not: the examples and the corners of
the service (`test_answers`).
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets_tests.frankfurter.answers import rounded
from sales_assets_tests.frankfurter.asking import DAYS, LINES, RATES, TODAY, ask, last_day, told

DATES = st.dates(date(1998, 11, 1), date(2027, 1, 31))


def test_all_history_has_the_digits_of_the_file() -> None:
    found = told("1999-01-04..")

    assert found["rates"] == LINES
    assert len(found["rates"]) == 7126


@settings(deadline=None)
@given(DATES, st.integers(-10, 200))
def test_a_range_has_exactly_the_publications_between(first: date, length: int) -> None:
    last = first + timedelta(length)
    begin = last_day(str(first)) or str(first)
    between = [day for day in DAYS if begin <= day <= str(last)] if first <= TODAY else []

    found = ask(f"{first}..{last}?symbols=USD")

    assert found.status == (200 if between else 404)
    if between:
        document = json.loads(found.body)
        assert list(document["rates"]) == between
        assert (document["start_date"], document["end_date"]) == (between[0], between[-1])


@settings(deadline=None)
@given(DATES)
def test_a_day_is_answered_with_the_last_publication_until_then(day: date) -> None:
    expected = last_day(str(day))

    found = ask(str(day))

    assert found.status == (200 if expected else 404)
    if expected:
        document = json.loads(found.body, parse_float=str, parse_int=str)
        assert document["date"] == expected
        assert document["rates"] == LINES[expected]


@settings(deadline=None)
@given(st.dates(date(1999, 1, 4), TODAY), st.integers(-100, 10))
def test_nothing_is_known_that_was_not_published_yet(until: date, length: int) -> None:
    known, first = RATES.until(until), until + timedelta(length)

    found = ask(f"{first}..?symbols=USD", known, until)

    assert told("latest", known, until)["date"] == last_day(str(until))
    assert found.status == (404 if first > until else 200)
    if found.status == 200:
        assert max(json.loads(found.body)["rates"]) == last_day(str(until))


def test_rates_of_euros_in_dollars_are_those_of_dollars_in_euros() -> None:
    found = told("1999-01-04..?base=USD&symbols=EUR")["rates"]

    # A dollar's rate has no more than the four places that are kept of it.
    euros = {day: 1 / Decimal(line["USD"]) for day, line in LINES.items()}
    small, large = Decimal("0.00001"), Decimal("0.0001")
    assert {day: Decimal(rates["EUR"]) for day, rates in found.items()} == {
        day: euro.quantize(large if euro > 1 else small, ROUND_HALF_EVEN)
        for day, euro in euros.items()
    }


@given(st.floats(1e-7, 1e9))
def test_rounding_keeps_the_places_of_a_size_and_moves_by_half_a_step_at_most(value: float) -> None:
    places = [
        places
        for above, places in ((5000, 0), (80, 2), (20, 3), (1, 4), (0.0001, 5), (0, 6))
        if value > above
    ]
    step = Decimal(1).scaleb(-places[0])

    found = rounded(value)

    assert found % step == 0
    assert abs(found - Decimal(repr(value))) <= step / 2
