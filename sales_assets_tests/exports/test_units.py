"""What numbers are counted in, by the names of their columns."""

from __future__ import annotations

import pytest

from sales_assets.exports.units import IN_CURRENCY, IN_REPORTING, unit


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("net_revenue", IN_CURRENCY),
        ("amount", IN_CURRENCY),
        ("unit_price", IN_CURRENCY),
        ("reporting_net_revenue", IN_REPORTING),
        ("reporting_gross_amount", IN_REPORTING),
        ("stale_rate_lines", "lines"),
        ("line", "place in a sequence, from 1"),
        ("currency", ""),
        ("reporting_currency", ""),
        ("rate_state", ""),
    ],
)
def test_a_name_means_the_same_in_every_table(column: str, expected: str) -> None:
    assert unit(column) == expected
