"""That the stand-in answers as the service does: its examples and its corners.

Belongs here: answers as pure functions. Does not: what holds for all days and values
(`test_laws`), faults and sockets.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from sales_assets_tests.frankfurter.answers import conditional, rounded
from sales_assets_tests.frankfurter.asking import DAYS, LINES, RATES, TODAY, ask, told
from sales_assets_tests.frankfurter.rates import Rates

EVERY_CURRENCY = 41


def refusal(target: str) -> tuple[int, str]:
    found = ask(target)
    assert found.headers["cache-control"] == "no-store"
    assert "etag" not in found.headers
    return found.status, json.loads(found.body)["message"]


def test_a_day_is_answered_as_documented() -> None:
    found = ask("2024-01-02?base=USD&symbols=EUR")

    assert found.body == (
        b'{"amount":1.0,"base":"USD","date":"2024-01-02","rates":{"EUR":0.91274}}'
    )
    assert found.headers["content-type"] == "application/json; charset=utf-8"
    assert found.headers["cache-control"] == "public, max-age=86400"


def test_a_saturday_is_answered_with_friday() -> None:
    assert told("2024-01-06?base=USD&symbols=EUR") == {
        "amount": "1.0",
        "base": "USD",
        "date": "2024-01-05",
        "rates": {"EUR": "0.91567"},
    }


def test_a_range_begins_before_a_holiday_and_fills_no_day() -> None:
    found = told("2024-01-01..2024-01-31?base=USD&symbols=EUR")

    assert (found["start_date"], found["end_date"]) == ("2023-12-29", "2024-01-31")
    assert found["rates"]["2023-12-29"] == {"EUR": "0.90498"}
    assert len(found["rates"]) == 23


def test_of_two_other_currencies_the_digits_are_lost_twice() -> None:
    rates = Rates({TODAY: {"USD": Decimal("1.08"), "GBP": Decimal("0.86"), "JPY": Decimal(160)}})

    found = told("latest?base=GBP&amount=100", rates)

    assert found["rates"] == {"EUR": "116.28", "JPY": "18605", "USD": "125.58"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5000.123456, "5000"),
        (5000.5, "5001"),
        (4999.123456, "4999.12"),
        (80.123456, "80.12"),
        (79.123456, "79.123"),
        (20.123456, "20.123"),
        (19.123456, "19.1235"),
        (1.123456, "1.1235"),
        (0.123456, "0.12346"),
        (0.0000655, "0.000066"),
        (214.415, "214.42"),
        (643.965, "643.96"),
    ],
)
def test_a_value_is_rounded_as_by_the_service(value: float, expected: str) -> None:
    assert f"{rounded(value):f}" == expected


def test_of_an_amount_in_euros_the_digits_are_rounded_too() -> None:
    assert told("2026-10-30?symbols=IDR,USD")["rates"] == {"IDR": "20275.17", "USD": "1.1172"}
    assert told("2026-10-30?symbols=IDR,USD&amount=1")["rates"]["IDR"] == "20275.17"
    assert told("2026-10-30?symbols=IDR,USD&amount=10")["rates"] == {
        "IDR": "202752",
        "USD": "11.172",
    }


def test_aliases_come_first_and_case_does_not_matter() -> None:
    expected = told("2024-01-02?base=USD&symbols=EUR,GBP")

    assert told("2024-01-02?from=usd&to=eur,gbp") == expected
    assert told("2024-01-02?from=Usd&base=JPY&to=Eur,gbp&symbols=CHF") == expected
    assert told("current?to=usd") == told("latest?symbols=USD")


def test_unknown_symbols_are_left_out_without_a_word() -> None:
    assert list(told("2024-01-02?symbols=USD,XXX,,EUR")["rates"]) == ["USD"]
    assert list(told("2024-01-02?base=USD&symbols=USD,GBP")["rates"]) == ["GBP"]


def test_a_currency_that_ended_is_in_no_later_publication() -> None:
    assert "HRK" in told("2022-12-30")["rates"]
    assert "HRK" not in told("2023-01-02")["rates"]
    assert list(told("2022-12-29..2023-01-10?symbols=HRK")["rates"]) == ["2022-12-29", "2022-12-30"]
    assert refusal("2023-01-02..2023-02-28?symbols=HRK") == (404, "not found")
    assert refusal("2023-01-14?symbols=HRK") == (404, "not found")


def test_for_two_weeks_the_last_rate_of_a_currency_hides_those_of_others() -> None:
    # The service looks back for each currency and then answers with one day.
    assert told("2023-01-13?symbols=HRK,USD") == {
        "amount": "1.0",
        "base": "EUR",
        "date": "2022-12-30",
        "rates": {"HRK": "7.5365"},
    }
    assert told("2023-01-13?symbols=HRK,AUD")["date"] == "2023-01-13"


def test_a_future_day_is_answered_with_the_latest_and_a_future_range_not_at_all() -> None:
    assert told("2026-11-05?symbols=USD") == told("latest?symbols=USD")
    assert told("2026-10-29..2030-01-01?symbols=USD")["end_date"] == "2026-10-30"
    assert refusal("2026-10-31..") == (404, "not found")
    assert told("2024-01-01..", RATES, date(2024, 1, 10))["end_date"] == "2024-01-10"
    assert told("2024-01-01..2024-02-01", RATES, date(2024, 1, 10))["end_date"] == "2024-01-10"


def test_after_two_weeks_without_a_publication_there_is_no_latest() -> None:
    known = RATES.until(date(2024, 1, 5))

    assert told("latest", known, date(2024, 1, 19))["date"] == "2024-01-05"
    assert ask("latest", known, date(2024, 1, 20)).status == 404


@pytest.mark.parametrize(
    ("target", "status", "message"),
    [
        ("latest?base=UAH", 404, "not found"),
        ("latest?base=", 404, "not found"),
        ("latest?symbols=XXX", 404, "not found"),
        ("latest?symbols=", 404, "not found"),
        ("latest?symbols=EUR", 404, "not found"),
        ("1999-01-01", 404, "not found"),
        ("1998-01-01..1998-12-31", 404, "not found"),
        ("2024-01-31..2024-01-01", 404, "not found"),
        ("latest/extra", 404, "not found"),
        ("latest?from=usd&to=USD", 422, "bad currency pair"),
        ("latest?base=EUR&symbols=EUR", 422, "bad currency pair"),
        ("2010-31-01", 422, "invalid date"),
        ("2023-02-29..2023-03-31", 422, "invalid date"),
        ("2023-02-01..2023-02-29", 422, "invalid date"),
        ("latest?amount=0", 422, "invalid amount"),
        ("latest?amount=-1", 422, "invalid amount"),
        ("latest?amount=ten", 422, "invalid amount"),
        ("latest?amount=", 422, "invalid amount"),
        ("latest?amount=1e400", 422, "invalid amount"),
        ("latest?amount=1e308&symbols=USD,IDR", 422, "rate is not a finite number"),
    ],
)
def test_a_call_is_refused_in_the_words_of_the_service(
    target: str, status: int, message: str
) -> None:
    assert refusal(target) == (status, message)


@pytest.mark.parametrize(
    ("text", "amount"), [("12abc", "12.0"), (".5", "0.5"), ("5.", "5.0"), ("1_000", "1000.0")]
)
def test_an_amount_is_what_its_text_begins_with(text: str, amount: str) -> None:
    assert told(f"latest?symbols=USD&amount={text}")["amount"] == amount


def test_currencies_are_those_of_the_last_two_weeks_with_their_names() -> None:
    found = told("currencies")

    assert list(found) == sorted({"EUR", *LINES["2026-10-30"]})
    assert found["USD"] == "United States Dollar"
    assert found["PLN"] == "Polish Złoty"
    then = date(2026, 1, 14)
    assert "BGN" in told("currencies", RATES.until(then), then)
    then = date(2026, 1, 15)
    assert "BGN" not in told("currencies", RATES.until(then), then)


def test_every_currency_of_the_file_has_a_name() -> None:
    codes = {code for line in LINES.values() for code in line}

    assert len(codes) == EVERY_CURRENCY
    for then in map(date.fromisoformat, DAYS[::200]):
        assert told("currencies", RATES.until(then), then)["EUR"] == "Euro"


def test_the_tag_is_of_the_day_and_not_of_what_is_said_about_it() -> None:
    one = ask("2024-01-05?symbols=USD").headers["etag"]

    assert one == ask("2024-01-06?base=USD").headers["etag"]
    assert one == ask("2024-01-01..2024-01-05").headers["etag"]
    assert one != ask("2024-01-04?symbols=USD").headers["etag"]


def test_who_has_the_answer_gets_none() -> None:
    full = ask("2024-01-05")
    tag = full.headers["etag"]

    for has in (tag, f'"other", {tag}', "*"):
        found = conditional(full, has)
        assert (found.status, found.body) == (304, b"")
        assert found.headers["etag"] == tag
    for lacks in (None, '"other"', tag.strip('"')):
        assert conditional(full, lacks) == full
    assert conditional(ask("1999-01-01"), "*").status == 404


def test_a_gap_of_years_in_a_currency_is_no_rate() -> None:
    gap = told("2008-12-01..2018-02-28?symbols=ISK")["rates"]

    days = sorted(map(date.fromisoformat, gap))
    assert max(b - a for a, b in pairwise(days)) > timedelta(days=3000)
    assert gap == {
        day: {"ISK": line["ISK"]}
        for day, line in LINES.items()
        if "2008-12-01" <= day <= "2018-02-28" and "ISK" in line
    }
