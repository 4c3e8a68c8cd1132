"""What may be believed of an answer as a whole."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_assets.exchange_rates.answers import WrongAnswerError, read_rates
from sales_assets_tests.exchange_rates.builders import asking, months, saying, symbols, telling
from sales_assets_tests.frankfurter import answers, faults
from sales_assets_tests.frankfurter.faults import Fault
from sales_assets_tests.frankfurter.rates import read_rates as published

USD = asking("2024-01", "USD")


def answered(month: str, fault: Fault | None = None, symbols: str = "USD") -> str:
    """What the API says of a month, with a fault if there is one."""
    path = f"/v1/{asking(month).path}"
    full = answers.answer(path, f"base=EUR&symbols={symbols}", published(), date(2026, 10, 30))
    return (fault.change(full) if fault else full).body.decode()


def test_a_month_begins_with_the_last_publication_before_it() -> None:
    values = read_rates(USD, telling(answered("2024-01")))
    assert min(values) == date(2023, 12, 29)
    assert max(values) == date(2024, 1, 31)
    assert len(values) == 23
    assert values[date(2024, 1, 2)] == {"USD": Decimal("1.0956")}


@given(months(), symbols())
def test_every_answer_of_the_past_is_believed(month: Any, codes: tuple[str, ...]) -> None:
    request = asking(f"{month.start:%Y-%m}", *codes)
    full = answers.answer(
        f"/v1/{request.path}", f"symbols={','.join(codes)}", published(), date(2026, 10, 30)
    )
    if full.status != 404:
        found = read_rates(request, telling(full.body.decode()))
        assert all(
            value == published().by_day[day][code]
            for day, rates in found.items()
            for code, value in rates.items()
        )


@pytest.mark.parametrize("text", ["0.1", "1.100000", "1E+2", "123456789012345678901234567890.12"])
def test_digits_are_kept_as_they_stand(text: str) -> None:
    [rates] = read_rates(USD, saying(f'{{"2024-01-02": {{"USD": {text}}}}}')).values()
    assert str(rates["USD"]) == text


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e99999999999999999999"])
def test_numbers_that_are_none_are_kept_as_texts_beside_those_that_are(text: str) -> None:
    request = asking("2024-01", "GBP", "USD")
    found = read_rates(request, saying(f'{{"2024-01-02": {{"GBP": 0.9, "USD": {text}}}}}'))
    assert found == {date(2024, 1, 2): {"GBP": Decimal("0.9"), "USD": text}}


def test_currencies_that_were_not_asked_for_are_left_out() -> None:
    body = answered("2024-01", symbols="CHF,USD,GBP")
    assert {code for rates in read_rates(USD, telling(body)).values() for code in rates} == {"USD"}


def test_a_currency_that_is_missing_is_left_out_and_the_day_stays() -> None:
    body = answered("2024-01", faults.missing(None, date(2024, 1, 3)))
    assert read_rates(USD, telling(body))[date(2024, 1, 3)] == {}


@pytest.mark.parametrize(
    "fault",
    [
        faults.other_year(),
        faults.other_year(1),
        faults.shifted_dates(1),
        faults.shifted_dates(-1),
        faults.shifted_dates(7),
        faults.shifted_dates(-7),
        faults.shifted_dates(28),
        faults.no_dates(),
    ],
)
@pytest.mark.parametrize("month", ["2024-01", "2024-02", "2024-04"])
def test_an_answer_with_dates_that_cannot_be_is_refused_whole(month: str, fault: Fault) -> None:
    with pytest.raises(WrongAnswerError):
        read_rates(asking(month, "USD"), telling(answered(month, fault)))


@pytest.mark.parametrize(
    ("dates", "why"),
    [
        (["2024-01-06"], "2024-01-06"),  # a Saturday
        (["2024-02-01"], "2024-02-01"),
        (["2023-12-15"], "2023-12-15"),  # beyond the look-back
        (["2023-12-28", "2023-12-29"], "2023-12-28, 2023-12-29"),
        (["2024-13-01"], "is no answer with rates"),
        (["yesterday"], "is no answer with rates"),
    ],
)
def test_single_dates_that_cannot_be_are_told(dates: list[str], why: str) -> None:
    with pytest.raises(WrongAnswerError, match=why):
        read_rates(USD, saying({day: {"USD": 1.1} for day in ["2024-01-02", *dates]}))


def test_a_rate_of_the_day_after_tomorrow_cannot_be() -> None:
    rates = saying({"2024-01-04": {"USD": 1.1}}).body
    read_rates(USD, telling(rates, datetime(2024, 1, 3, tzinfo=UTC)))
    with pytest.raises(WrongAnswerError, match="2024-01-04"):
        read_rates(USD, telling(rates, datetime(2024, 1, 2, tzinfo=UTC)))


@pytest.mark.parametrize("wrong", [{"base": "USD"}, {"amount": 10}, {"amount": "NaN"}])
def test_an_answer_about_something_else_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(WrongAnswerError, match="1 EUR was asked for"):
        read_rates(USD, saying({"2024-01-02": {"USD": 1.1}}, **wrong))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["base", "amount", "rates", "2024-01-02", "USD"]), inner
            )
        ),
        max_leaves=8,
    )
)
def test_whatever_json_comes_is_read_or_refused(document: Any) -> None:
    try:
        read_rates(USD, telling(json.dumps(document)))
    except WrongAnswerError:
        return


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000, '{"rates": ' + "[" * 100_000])
def test_what_is_no_json_is_refused(body: str) -> None:
    with pytest.raises(WrongAnswerError):
        read_rates(USD, telling(body))
