"""What is said of a team in one line."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from sales_assets.operations.standing import Costs, Level, Standing
from sales_assets.operations.wording import name_of, verdict
from sales_assets_tests.operations.test_page import BAD, ITEM, OVER, WELL


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        (WELL, "nothing late, failing or parked; 1.2 CPU s this month"),
        (
            Standing("retail", replace(OVER, level=Level.WITHIN)),
            "nothing late, failing or parked; 12.3 CPU s and 150.00 EUR this month",
        ),
        (
            BAD,
            "1 late, 1 failing, 1 parked, over budget; 12.3 CPU s and 150.00 EUR this month",
        ),
        (
            Standing("retail", replace(OVER, level=Level.NEAR)),
            "near its budget; 12.3 CPU s and 150.00 EUR this month",
        ),
        (
            Standing("retail", Costs("2024-05", Decimal(0)), parked=(ITEM,)),
            "1 parked; 0.0 CPU s this month",
        ),
    ],
)
def test_a_team_in_one_line(standing: Standing, told: str) -> None:
    assert verdict(standing) == told


def test_what_is_nobody_s_is_called_so() -> None:
    assert name_of(Standing(None, Costs("2024-05"))) == "no team's"
