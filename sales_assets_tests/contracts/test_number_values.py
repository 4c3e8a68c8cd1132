"""How text becomes a number or an integer, exactly or not at all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Context, Decimal

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import NumberFormat
from sales_assets.contracts.sql import column_rules
from sales_assets_tests.contracts.builders import Desk, column
from sales_assets_tests.contracts.column_values import reasons, values

NUMBER = column("price", LogicalType.NUMBER)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", "5"),
        ("+5", "5"),
        ("-5", "-5"),
        ("-0", "0"),
        ("007", "7"),
        ("5.", "5"),
        ("5.1", "5.1"),
        ("5.1234", "5.1234"),
        ("5.12340000", "5.1234"),
        ("5.00000000000000000000", "5"),
        ("-0.0001", "-0.0001"),
        ("99999999999999.9999", "99999999999999.9999"),
        ("-99999999999999.9999", "-99999999999999.9999"),
        # never rounded
        ("5.12345", None),
        ("5.00001", None),
        ("0.00005", None),
        ("-0.00004999", None),
        # not in the type
        ("100000000000000", None),
        ("99999999999999.99999", None),
        ("1" * 60, None),
        # not a plain number
        (".5", None),
        ("-.5", None),
        ("1e3", None),
        ("1E-2", None),
        ("1_000", None),
        ("1,000", None),
        ("1.000,00", None),
        ("1 000", None),
        (" 5", None),
        ("5 ", None),
        ("\t5", None),
        ("5\u00a0", None),
        ("- 5", None),
        ("--5", None),
        ("5-", None),
        ("5.1.2", None),
        ("$5", None),
        ("5%", None),
        ("0x10", None),
        ("\u0665", None),
        ("\uff15", None),
        ("NaN", None),
        ("nan", None),
        ("inf", None),
        ("-Infinity", None),
        ("-", None),
        (".", None),
        ("five", None),
        ("true", None),
    ],
)
def test_a_number_is_taken_exactly_or_not_at_all(tools: Desk, text: str, value: str | None) -> None:
    expected = None if value is None else Decimal(value)

    assert values(tools, NUMBER, text) == [expected]
    told = f"price: '{text}' is no number with at most 4 decimals"
    assert reasons(tools, NUMBER, text) == ([told] if expected is None else [])


def test_a_reason_has_no_blank_behind_a_quote_but_that_of_the_value_which_it_refuses() -> None:
    spaced = replace(NUMBER, number=NumberFormat(decimal_char=",", group_char=" "))
    [rule] = column_rules(spaced)
    assert rule.reason.endswith(" 4 decimals, decimal '','', groups of three with a blank'")


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.decimals(Decimal("-99999999999999.9999"), Decimal("99999999999999.9999"), places=4),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from(["", "+", "0"]),
    st.sampled_from(["", "0", "000000"]),
)
def test_every_decimal_of_the_type_is_read_as_it_is_written(
    tools: Desk, numbers: list[Decimal], before: str, after: str
) -> None:
    texts = [f"{number:f}{after}" for number in numbers]
    texts = [text if text.startswith("-") else before + text for text in texts]

    assert values(tools, NUMBER, *texts) == numbers


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from("0123456789.-+eE_ "), max_size=26), st.integers(0, 18))
@example("1.23456", 4)
@example("9" * 18, 0)
def test_a_number_that_is_taken_is_what_python_makes_of_the_text(
    tools: Desk, text: str, scale: int
) -> None:
    (value,) = values(tools, column("n", LogicalType.NUMBER, sql_type=f"DECIMAL(18,{scale})"), text)

    if value is not None:
        assert value == Decimal(text)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 38).flatmap(lambda width: st.tuples(st.just(width), st.integers(0, width))),
    st.decimals(allow_nan=False, allow_infinity=False),
)
def test_a_type_takes_the_numbers_that_fit_it_and_no_others(
    tools: Desk, digits: tuple[int, int], number: Decimal
) -> None:
    width, scale = digits
    assume(-60 < number.adjusted() < 60)
    assume(len(number.as_tuple().digits) < 60)
    of = column("n", LogicalType.NUMBER, sql_type=f"DECIMAL({width},{scale})")
    text = f"{number:f}"

    rounded = number.quantize(Decimal(1).scaleb(-scale), context=Context(prec=200))
    fits = number == rounded and abs(number) < Decimal(10) ** (width - scale)

    assert values(tools, of, text) == [number if fits else None]


INTEGER = column("qty", LogicalType.INTEGER)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-5", -5),
        ("+5", 5),
        ("0005", 5),
        ("-0", 0),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", None),
        ("1.0", None),
        ("1.5", None),
        ("1.", None),
        ("1e3", None),
        ("1_000", None),
        ("1,000", None),
        (" 5", None),
        ("5 ", None),
        ("0x1F", None),
        ("0b1", None),
        ("true", None),
        ("\u0665", None),
    ],
)
def test_an_integer_is_whole_as_it_is_written(tools: Desk, text: str, value: int | None) -> None:
    assert values(tools, INTEGER, text) == [value]
    assert reasons(tools, INTEGER, text) == (
        [f"qty: '{text}' is no integer"] if value is None else []
    )


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50))
def test_every_integer_of_64_bits_is_read(tools: Desk, numbers: list[int]) -> None:
    assert values(tools, INTEGER, *map(str, numbers)) == numbers
