"""That an answer can be wrong in what it says, while all else about it is right.

Belongs here: wrong dates and wrong values. Does not: faults of other kinds (`test_faults`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from sales_assets_tests.frankfurter import faults
from sales_assets_tests.frankfurter.faults import Fault
from sales_assets_tests.frankfurter.server import StandIn

DAY = "/2024-01-05?symbols=USD,GBP"
RANGE = "/2024-02-28..2024-03-01?symbols=USD,GBP"
RIGHT = {"USD": 1.0921, "GBP": 0.8621}
HISTORY = {
    "2024-02-28": {"GBP": 0.85548, "USD": 1.0808},
    "2024-02-29": {"GBP": 0.85655, "USD": 1.0826},
    "2024-03-01": {"GBP": 0.85588, "USD": 1.0813},
}


def rates(response: httpx.Response) -> Any:
    assert response.status_code == 200
    return response.json()["rates"]


@pytest.mark.parametrize(
    ("fault", "days"),
    [
        (faults.shifted_dates(), ["2024-02-29", "2024-03-01", "2024-03-02"]),
        (faults.shifted_dates(-1), ["2024-02-27", "2024-02-28", "2024-02-29"]),
        (faults.other_year(1), ["2025-02-28", "2025-02-28", "2025-03-01"]),
        (faults.no_dates(), ["2024-13-28", "2024-13-29", "2024-13-01"]),
    ],
)
def test_all_dates_of_an_answer_can_be_wrong(
    fault: Fault, days: list[str], stand_in: StandIn, client: httpx.Client
) -> None:
    stand_in.inject(fault, times=2)

    found = client.get(RANGE).json()

    assert [found["start_date"], found["end_date"]] == [days[0], days[-1]]
    assert list(found["rates"]) == list(dict.fromkeys(days))
    assert client.get("/2024-02-29?symbols=USD").json()["date"] == days[1]


def test_a_currency_can_be_missing_on_all_dates_or_on_one(
    stand_in: StandIn, client: httpx.Client
) -> None:
    stand_in.inject(faults.missing("USD"))
    stand_in.inject(faults.missing("USD", date(2024, 2, 29)), nth=2)

    everywhere, once = rates(client.get(RANGE)), rates(client.get(RANGE))

    assert everywhere == {day: {"GBP": some["GBP"]} for day, some in HISTORY.items()}
    assert once == {**HISTORY, "2024-02-29": {"GBP": 0.85655}}


@pytest.mark.parametrize(
    ("fault", "value"),
    [
        (faults.zero("USD"), 0),
        (faults.negative("USD"), -1.0921),
        (faults.tenfold("USD"), 10.921),
        (faults.text("USD"), "N/A"),
        (faults.text("USD", value="1.0921"), "1.0921"),
        (faults.null("USD"), None),
        (faults.null("USD", date(2024, 1, 4)), 1.0921),
    ],
)
def test_a_value_can_be_none_that_a_rate_has(
    fault: Fault, value: object, stand_in: StandIn, client: httpx.Client
) -> None:
    stand_in.inject(fault)

    assert rates(client.get(DAY)) == {**RIGHT, "USD": value}


def test_without_a_currency_a_fault_is_of_all(stand_in: StandIn, client: httpx.Client) -> None:
    stand_in.inject(faults.null())
    stand_in.inject(faults.missing(), nth=2)

    assert rates(client.get(DAY)) == {"GBP": None, "USD": None}
    assert rates(client.get(DAY)) == {}


def test_a_wrong_answer_has_the_tag_of_the_right_one(
    stand_in: StandIn, client: httpx.Client
) -> None:
    stand_in.inject(faults.zero())

    wrong, right = client.get(DAY), client.get(DAY)

    assert wrong.headers["etag"] == right.headers["etag"]
    assert wrong.content != right.content
