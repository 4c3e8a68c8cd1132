"""How amounts are written: exactly, or rounded once to cents."""

from decimal import Decimal

import pytest

from sales_assets.amounts import cents, money, plain


@pytest.mark.parametrize(
    ("amount", "shown", "bare"),
    [
        ("0", "0.00", "0.00"),
        ("-1234.5000", "-1,234.50", "-1234.50"),
        ("1000000.0001", "1,000,000.0001", "1000000.0001"),
        ("1E+3", "1,000.00", "1000.00"),
    ],
)
def test_money_is_written_exactly(amount: str, shown: str, bare: str) -> None:
    assert (money(Decimal(amount)), plain(Decimal(amount))) == (shown, bare)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("1.005", "1.01"),
        ("-1.005", "-1.01"),
        ("1.0049999999", "1.00"),
        ("-0.0049999999", "0.00"),
        ("2", "2.00"),
        ("1234567890123456789012345678.9949999999", "1234567890123456789012345678.99"),
    ],
)
def test_a_sum_is_rounded_to_cents_halves_away_from_zero(amount: str, rounded: str) -> None:
    assert str(cents(Decimal(amount))) == rounded
