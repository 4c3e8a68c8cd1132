"""How amounts of money are written, everywhere that people read them.

Belongs here: text of a Decimal, and the one rounding that there is. Does not: sums, or currencies.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

_CENT = Decimal("0.01")
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
"""More digits than a sum in the warehouse has; halves away from zero, as where lines convert."""


def money(amount: Decimal) -> str:
    """The exact amount with thousands separators, with two decimals or as many as it has."""
    whole, _, decimals = f"{amount:,f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def plain(amount: Decimal) -> str:
    """The exact amount without separators: 1234.50."""
    return money(amount).replace(",", "")


def cents(amount: Decimal) -> Decimal:
    """The amount rounded to two decimals; of a sum, once, when all of it is added up."""
    rounded = amount.quantize(_CENT, context=_EXACT)
    return _EXACT.add(rounded, Decimal(0))  # without the minus of a negative zero
