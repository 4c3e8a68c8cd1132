"""Numbers on their way into a warehouse: every digit arrives, whatever the exponent."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import zip_longest
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sales_assets.resources.snowflake_session import _bound
from sales_assets.resources.sql_warehouse import SqlWarehouse

DIGITS = 38
"""The most digits that a number has in either product."""


def fitting(whole: int, fraction: int) -> st.SearchStrategy[Decimal]:
    """Numbers with some digits at most before and after the point, written in all ways."""

    most = 10 ** (whole + fraction) - 1
    digits = st.integers(-most, most).map(lambda number: f"{number}E-{fraction}")
    small = st.builds("{}E-{}".format, st.integers(-9, 9), st.integers(0, fraction))
    large = st.builds("{}E+{}".format, st.integers(-9, 9), st.integers(0, whole - 1))
    return (digits | small | large).map(Decimal)


@given(st.decimals(allow_nan=False, allow_infinity=False))
@example(Decimal("1E-7"))
@example(Decimal("-1.5E-400"))
@example(Decimal("0E-7"))
@example(Decimal("1E+30"))
def test_every_finite_number_is_told_to_snowflake_in_all_its_digits(number: Decimal) -> None:
    [(kind, text)] = _bound([number])
    assert kind == "FIXED"
    assert re.fullmatch(r"-?\d+(\.\d+)?", text)
    assert Decimal(text) == number


def test_what_is_no_number_is_bound_as_it_is() -> None:
    values: list[Any] = [1, None, "1E-7", True]
    assert _bound(values) == tuple(values)


@pytest.mark.parametrize("fraction", [7, 20])
def test_a_warehouse_has_the_very_number_that_it_was_given(
    warehouse: SqlWarehouse, fraction: int
) -> None:
    column = (("number", f"DECIMAL({DIGITS},{fraction})"),)
    numbers = fitting(DIGITS - fraction, fraction)
    with warehouse._read() as session:

        @settings(
            max_examples=50,
            deadline=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture],
        )
        @given(asked=numbers, kept=st.lists(numbers, min_size=1, max_size=5))
        @example(asked=Decimal("1E-7"), kept=[Decimal("1E-7"), Decimal("1E+17")])
        def holds(asked: Decimal, kept: list[Decimal]) -> None:
            session.scratch("kept", column, [(number,) for number in kept])
            session.change("INSERT INTO kept SELECT ?", [asked])
            found = sorted(number for (number,) in session.query("SELECT number FROM kept"))
            for one, other in zip_longest(found, sorted([*kept, asked])):
                assert one == other

        holds()
