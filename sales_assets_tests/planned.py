"""Sources and days for the tests of planning.

Belongs here: what several test files need. Does not: any expectation.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sales_assets.contracts.load import load_contract
from sales_assets.partitions import DAY, Window

TESTS = Path(__file__).parent
DAILY = load_contract(TESTS / "data" / "uci_online_retail.odcs.yaml")
MANY = load_contract(TESTS.parent / "sales_assets" / "sources" / "pizzaplace.odcs.yaml")


def day(number: int) -> date:
    return date(2011, 1, number)


def span(first: int, last: int) -> Window:
    return Window(day(first), day(last) + DAY)
