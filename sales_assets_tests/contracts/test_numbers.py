"""Numbers as people write them: every way of writing one gives back exactly that number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import Dialect, NumberFormat
from sales_assets_tests.contracts.builders import Desk, column, contract


def read(tools: Desk, number: NumberFormat, texts: list[str]) -> list[Decimal | None]:
    """The values of texts in a column of this format; None for a rejected one."""
    columns = [column("value", LogicalType.NUMBER, number=number)]
    judged = contract(columns, {"amount": "value"}, dialect=Dialect(";", ""))
    found = tools.judge(judged, "value\n{}\n".format("\n".join(texts)).encode())
    values = {row["line"]: row["amount"] for row in found.accepted}
    return [values.get(line) for line in range(2, len(texts) + 2)]


def grouped(digits: str, group: str) -> str:
    """Digits in groups of three from the right."""
    first = len(digits) % 3 or 3
    return group.join([digits[:first], *(digits[n : n + 3] for n in range(first, len(digits), 3))])


FORMATS = st.builds(
    NumberFormat,
    decimal_char=st.just(","),
    group_char=st.sampled_from(["", ".", " ", "'"]),
    symbols=st.sampled_from([(), ("$",), ("kr.", "€"), ("US$", "$")]),
    accounting=st.booleans(),
    minor_units=st.sampled_from([0, 0, 2]),
)
NUMBERS = st.decimals(-(10**9), 10**9, places=2, allow_nan=False)


def written(number: Decimal, like: NumberFormat, way: int) -> str:
    """A number in one of the ways that a format allows."""
    whole, _, decimals = f"{abs(number):.2f}".partition(".")
    text = grouped(whole, like.group_char) if like.group_char and way % 2 else whole
    text += like.decimal_char + decimals
    symbol = like.symbols[way % len(like.symbols)] if like.symbols else ""
    text = f"{text} {symbol}".strip() if way % 3 else f"{symbol}{text}"
    if number.is_signed():
        text = f"({text})" if like.accounting and way % 5 else f"-{text}"
    return text


@settings(deadline=None, max_examples=60)
@given(FORMATS, st.lists(NUMBERS, min_size=1, max_size=20), st.integers(0, 29))
def test_a_written_number_is_read_as_that_number(
    tools: Desk, like: NumberFormat, numbers: list[Decimal], way: int
) -> None:
    texts = [written(number, like, way + n) for n, number in enumerate(numbers)]

    found = read(tools, like, texts)

    unit = Decimal(1).scaleb(-like.minor_units)
    assert found == [number * unit for number in numbers], texts


@settings(deadline=None, max_examples=60)
@given(
    FORMATS,
    st.lists(st.text("0123456789.,' -+()$€kr%", min_size=1, max_size=9), min_size=1, max_size=20),
)
def test_whatever_is_taken_has_the_digits_and_the_sign_of_its_text(
    tools: Desk, like: NumberFormat, texts: list[str]
) -> None:
    texts = [text for text in texts if text.strip()] or ["1"]
    for text, value in zip(texts, read(tools, like, texts), strict=True):
        if value is None:
            continue
        digits = "".join(sign for sign in text if sign.isdigit() or sign == like.decimal_char)
        for symbol in like.symbols:
            assert like.decimal_char not in symbol
        size = Decimal(digits.replace(like.decimal_char, ".") or "0").scaleb(-like.minor_units)
        assert abs(value) == size, text
        assert value.is_signed() == (bool(size) and any(sign in text for sign in "-(")), text


@pytest.mark.parametrize(
    ("like", "text"),
    [
        (NumberFormat(group_char=","), "1,23"),
        (NumberFormat(group_char=","), "0,500"),
        (NumberFormat(",", "."), "0.500"),
        (NumberFormat(",", "."), "1.2345"),
        (NumberFormat(","), "1.5"),
        (NumberFormat(symbols=("$",)), "€5"),
        (NumberFormat(symbols=("$",)), "$5$"),
        (NumberFormat(symbols=("$",)), "-$-5"),
        (NumberFormat(symbols=("$",)), "$"),
        (NumberFormat(accounting=True), "(5"),
        (NumberFormat(accounting=True), "-(5)"),
        (NumberFormat(accounting=True), "-5-"),
        (NumberFormat(accounting=True), "--"),
        (NumberFormat(percent=True), "50"),
        (NumberFormat(percent=True), "0.001%"),
        (NumberFormat(minor_units=2), "1.005"),
    ],
)
def test_what_the_format_does_not_state_is_no_number(
    tools: Desk, like: NumberFormat, text: str
) -> None:
    assert read(tools, like, [text]) == [None]
