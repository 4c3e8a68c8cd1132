"""Sales in many currencies become revenue in one, exactly, at the rates of their days."""

from __future__ import annotations

import json
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import dagster as dg
import httpx
import pytest

from sales_assets.assets.keys import EXCHANGE_RATES, FCT_SALES
from sales_assets.exchange_rates.tables import ANSWERS
from sales_assets_tests.frankfurter.changes import of_body
from sales_assets_tests.frankfurter.faults import Fault
from sales_assets_tests.frankfurter.server import StandIn
from sales_assets_tests.harness import UCI_CONTRACT, Installation
from sales_assets_tests.pipeline.rates import (
    BAZAAR,
    asking,
    last_evaluation,
    last_rate,
    rates,
    refresh,
    untrue,
)

IN_EUR = Decimal("2138454.00")
"""The web shop in euros by order date, of exact cross rates."""
OF_ROUNDED_QUOTES = Decimal("2138461.46")
"""The same of the API's own quotes of GBP in EUR, which have four decimals."""


def quotes_of_the_api(base: str, symbol: str, span: str) -> dict[str, Decimal]:
    with StandIn() as stand_in:
        answer = httpx.get(f"{stand_in.url}/{span}", params={"base": base, "symbols": symbol})
    found = json.loads(answer.text, parse_float=Decimal)["rates"]
    return {day: rates[symbol] for day, rates in found.items()}


def cents(amount: Fraction | Decimal) -> Decimal:
    whole = Fraction(amount) * 100
    return Decimal(round(whole)) / 100


@pytest.mark.long
def test_the_web_shop_in_euros_is_of_exact_cross_rates_and_not_of_the_apis_rounded_quotes(
    tmp_path: Path, uci_files: list[Path]
) -> None:
    with Installation(tmp_path / "home", [UCI_CONTRACT]) as made:
        made.land("uci_online_retail", *uci_files)
        made.materialize("2010-12-01", "2011-02-28")

        for table, column in (
            ("fct_sales", "reporting_net_amount"),
            ("daily_revenue", "reporting_net_revenue"),
            ("revenue_by_product", "reporting_net_revenue"),
            ("revenue_by_region", "reporting_net_revenue"),
        ):
            assert cents(made.query(f"SELECT sum({column}) FROM {table}")[0][0]) == IN_EUR, table

        by_day = made.query("SELECT order_date, sum(net_amount) FROM fct_sales GROUP BY ALL")
        quotes = quotes_of_the_api("GBP", "EUR", "2010-12-01..2011-02-28")
        exact, rounded = Fraction(0), Decimal(0)
        for day, pounds in by_day:
            exact += Fraction(pounds) / Fraction(last_rate("GBP", day)[1])
            rounded += pounds * quotes[max(at for at in quotes if at <= day.isoformat())]
        assert cents(exact) == IN_EUR
        assert cents(rounded) == OF_ROUNDED_QUOTES

        kept = made.query(
            "SELECT DISTINCT order_date, rate_date, currency_rate, reporting_rate FROM fct_sales"
        )
        assert len(kept) == 68
        assert all((at, rate, one) == (*last_rate("GBP", day), 1) for day, at, rate, one in kept)


def test_a_year_of_rates_takes_a_request_a_month_and_the_second_time_no_body(
    tmp_path: Path,
) -> None:
    with StandIn() as stand_in, asking(tmp_path / "home", stand_in) as made:
        refresh(made, "2023-02-02", "2024-02-01")
        first = rates(made)
        assert len(stand_in.requests) == 13, "though late sales need rates of January"
        assert min(day for day, _, _ in first) < date(2023, 2, 1)
        assert untrue(made) == []

        stand_in.forget()
        refresh(made, "2023-02-02", "2024-02-01")
        assert stand_in.requests == [], "the answers are fresh by what the API says of their age"

        with made.resources["rate_state"].engine.begin() as connection:
            connection.execute(ANSWERS.update().values(max_age=0))  # as on another day
        refresh(made, "2023-02-02", "2024-02-01")
        assert len(stand_in.requests) == 13
        assert {call.status for call in stand_in.requests} == {304}
        assert sum(call.sent for call in stand_in.requests) == 0
        assert rates(made) == first


def test_a_day_that_an_answer_lacks_is_asked_for_again_though_the_answer_is_fresh(
    tmp_path: Path,
) -> None:
    def without(body: bytes) -> bytes:
        content = json.loads(body)
        del content["rates"]["2024-01-10"]
        return json.dumps(content).encode()

    with StandIn() as stand_in, asking(tmp_path / "home", stand_in) as made:
        stand_in.inject(Fault("a hole", of_body(without)))
        refresh(made, "2024-01-08", "2024-01-12")
        lacking = last_evaluation(made, EXCHANGE_RATES, "rates_are_current")
        assert "2024-01-10" in str(lacking.metadata["days"].value)

        refresh(made, "2024-01-08", "2024-01-12")
        assert last_evaluation(made, EXCHANGE_RATES, "rates_are_current").passed
        assert [call.if_none_match for call in stand_in.requests] == [None, None]


def test_a_currency_that_the_api_has_never_had_stops_no_other_sale(tmp_path: Path) -> None:
    contract = tmp_path / "bazaar.odcs.yaml"
    contract.write_text(BAZAAR.read_text().replace("{value: HRK}", "{value: AED}"))
    with StandIn() as stand_in, asking(tmp_path / "home", stand_in, [contract]) as made:
        sold = "order,sold_on,price,paid_in\n1,2024-01-08,1,USD\n2,2024-01-08,1,AED\n"
        made.write_drop("bazaar", "2024-01-08.csv", sold)
        made.materialize("2024-01-08", "2024-01-08")
        assert made.query("SELECT currency, rate_state FROM fct_sales ORDER BY 1") == [
            ("AED", "missing"),
            ("USD", "current"),
        ]
        found = last_evaluation(made, EXCHANGE_RATES, "api_answers")
        assert found.severity is dg.AssetCheckSeverity.ERROR
        assert "AED" in str(found.metadata["days"].value)
        assert last_evaluation(made, EXCHANGE_RATES, "rates_are_current").passed


def test_a_range_and_its_single_days_in_any_order_know_the_same_rates(tmp_path: Path) -> None:
    days = [date(2024, 3, 28 + n).isoformat() for n in range(4)]
    days += [date(2024, 4, n).isoformat() for n in range(1, 4)]
    known = "SELECT * EXCLUDE (expected_rate_date) FROM staging.stg_exchange_rates ORDER BY ALL"
    with StandIn() as stand_in:
        with asking(tmp_path / "range", stand_in) as made:
            made.materialize(days[0], days[-1], sources=[""])
            expected = [row for row in made.query(known) if row[0] >= date(2024, 3, 28)]
        with asking(tmp_path / "days", stand_in) as made:
            for day in reversed(days):
                made.materialize(day, day, sources=[""])
            assert [row for row in made.query(known) if row[0] >= date(2024, 3, 28)] == expected


def test_sales_are_converted_at_the_last_rates_on_or_before_their_dates(tmp_path: Path) -> None:
    with StandIn() as stand_in, asking(tmp_path / "home", stand_in) as made:
        made.write_drop(
            "bazaar",
            "2024-01-08.csv",
            "order,sold_on,price,paid_in\n"
            "on a Sunday,2024-01-07,100,USD\n"
            "on Monday,2024-01-08,100,GBP\n"
            "in euros,2024-01-08,100,EUR\n",
        )
        made.materialize("2024-01-08", "2024-01-08")
        friday, usd = last_rate("USD", date(2024, 1, 7))
        assert friday == date(2024, 1, 5)
        monday, gbp = last_rate("GBP", date(2024, 1, 8))
        ten = Decimal("1e-10")
        assert made.query(
            "SELECT order_id, reporting_net_amount, rate_date, currency_rate, rate_state "
            "FROM fct_sales ORDER BY 1"
        ) == [
            ("in euros", Decimal(100), None, None, "same_currency"),
            ("on Monday", (100 / gbp).quantize(ten, ROUND_HALF_UP), monday, gbp, "current"),
            ("on a Sunday", (100 / usd).quantize(ten, ROUND_HALF_UP), friday, usd, "current"),
        ]


def test_a_currency_that_has_ended_is_an_error_after_the_day_of_its_last_rate(
    tmp_path: Path,
) -> None:
    days = ("2022-12-30", "2022-12-31", "2023-01-02", "2023-01-03")
    with StandIn() as stand_in, asking(tmp_path / "home", stand_in) as made:
        for day in days:
            text = f"order,sold_on,price,paid_in\n1,{day},75.365,HRK\n"
            made.write_drop("bazaar", f"{day}.csv", text)
        made.materialize(days[0], days[-1])
        assert made.query(
            "SELECT order_date::VARCHAR, rate_state, reporting_net_amount FROM fct_sales ORDER BY 1"
        ) == [(days[0], "current", Decimal(10)), *((day, "ended", None) for day in days[1:])]
        assert made.query("SELECT count(*) FROM quarantined_rates") == [(0,)], "nobody waits for it"
        found = last_evaluation(made, FCT_SALES, "sales_are_converted")
        assert not found.passed
        assert found.severity is dg.AssetCheckSeverity.ERROR
        assert "HRK is published no more since 2022-12-30" in str(found.metadata["days"].value)
        assert last_evaluation(made, EXCHANGE_RATES, "rates_are_current").passed


def test_changing_the_reporting_currency_makes_all_of_history_anew(tmp_path: Path) -> None:
    sold = "order,sold_on,price,paid_in\n1,2024-01-{0},10,EUR\n2,2024-01-{0},10,USD\n"
    totals = "SELECT reporting_currency, sum(reporting_net_revenue) FROM daily_revenue GROUP BY ALL"
    home = tmp_path / "home"
    with Installation(home, [BAZAAR]) as made:
        for day in ("02", "03"):
            made.write_drop("bazaar", f"2024-01-{day}.csv", sold.format(day))
        made.materialize("2024-01-02", "2024-01-03")
        assert [currency for currency, _ in made.query(totals)] == ["EUR"]
    with Installation(home, [BAZAAR], reporting_currency="USD") as made:
        made.materialize("2024-01-03", "2024-01-03")
        usd = sum((10 * last_rate("USD", date(2024, 1, n))[1] + 10 for n in (2, 3)), Decimal(0))
        assert made.query(totals) == [("USD", usd)]
