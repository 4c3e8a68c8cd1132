"""The API goes away and comes back: sales go on at the last rates, then are made good."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from sales_assets.assets.keys import EXCHANGE_RATES, FCT_SALES
from sales_assets.instance.ended_runs import failure_reasons
from sales_assets_tests.frankfurter.server import StandIn
from sales_assets_tests.harness import Installation
from sales_assets_tests.pipeline.rates import BAZAAR, asking, last_evaluation, last_rate
from sales_assets_tests.serving import serving, until

THURSDAY, FRIDAY = "2024-02-01", "2024-02-02"
CHECKS = ((EXCHANGE_RATES, "rates_are_current"), (FCT_SALES, "sales_are_converted"))
RATES_ALONE = ("rates",)
"""No layer of a source has this name: the rates are materialised, and the marts."""
SALES = (
    "SELECT order_date::VARCHAR, rate_state, rate_date::VARCHAR, reporting_net_amount "
    "FROM fct_sales ORDER BY 1"
)


def sell(made: Installation, day: str) -> None:
    text = f"order,sold_on,price,paid_in\n{day},{day},100,USD\n"
    made.write_drop("bazaar", f"{day}.csv", text)


def in_euros(rate_day: str) -> Decimal:
    rate = last_rate("USD", date.fromisoformat(rate_day))[1]
    return (100 / rate).quantize(Decimal("1e-10"), ROUND_HALF_UP)


def test_sales_go_on_at_the_last_rates_up_to_the_contracts_age_and_say_so(tmp_path: Path) -> None:
    with StandIn() as stand_in, asking(tmp_path / "home", stand_in) as made:
        stand_in.publish_until(date.fromisoformat(THURSDAY))
        for day in (THURSDAY, FRIDAY, "2024-02-06", "2024-02-07"):
            sell(made, day)
        made.materialize(THURSDAY, THURSDAY)
        stand_in.stop()
        made.materialize(FRIDAY, "2024-02-06")
        assert made.query(SALES) == [
            (THURSDAY, "current", THURSDAY, in_euros(THURSDAY)),
            (FRIDAY, "stale", THURSDAY, in_euros(THURSDAY)),
            ("2024-02-06", "stale", THURSDAY, in_euros(THURSDAY)),
        ]
        for key, name in (
            (EXCHANGE_RATES, "rates_are_current"),
            (FCT_SALES, "sales_are_converted"),
        ):
            warned = last_evaluation(made, key, name)
            assert not warned.passed
            assert warned.severity is dg.AssetCheckSeverity.WARN
            assert "5 days old" in str(warned.description)

        made.materialize("2024-02-07", "2024-02-07")
        assert made.query(SALES)[-1] == ("2024-02-07", "too_old", THURSDAY, None)
        assert made.query(
            "SELECT net_revenue, reporting_net_revenue, unconverted_lines FROM daily_revenue "
            "WHERE order_date = '2024-02-07'"
        ) == [(Decimal(100), None, 1)]
        for key, name in (
            (EXCHANGE_RATES, "rates_are_current"),
            (FCT_SALES, "sales_are_converted"),
        ):
            failed = last_evaluation(made, key, name)
            assert failed.severity is dg.AssetCheckSeverity.ERROR

        stand_in.start()
        stand_in.publish_until(None)
        made.materialize(FRIDAY, "2024-02-07", layers=RATES_ALONE)
        assert made.query(SALES) == [
            (day, "current", day, in_euros(day))
            for day in (THURSDAY, FRIDAY, "2024-02-06", "2024-02-07")
        ]
        for key, name in (
            (EXCHANGE_RATES, "rates_are_current"),
            (FCT_SALES, "sales_are_converted"),
        ):
            assert last_evaluation(made, key, name).passed


def test_late_sales_of_other_days_are_converted_again_with_the_day_of_their_rates(
    tmp_path: Path,
) -> None:
    with StandIn() as stand_in, asking(tmp_path / "home", stand_in) as made:
        stand_in.publish_until(date.fromisoformat(THURSDAY))
        text = f"order,sold_on,price,paid_in\nlate,{FRIDAY},100,USD\n"
        made.write_drop("bazaar", "2024-02-05.csv", text)
        made.materialize(THURSDAY, "2024-02-05")
        assert made.query(SALES) == [(FRIDAY, "stale", THURSDAY, in_euros(THURSDAY))]

        stand_in.publish_until(None)
        made.materialize(FRIDAY, FRIDAY, layers=RATES_ALONE)
        assert made.query(SALES) == [(FRIDAY, "current", FRIDAY, in_euros(FRIDAY))]
        for mart in ("daily_revenue", "revenue_by_product", "revenue_by_region"):
            assert made.query(f"SELECT reporting_net_revenue, stale_rate_lines FROM {mart}") == [
                (in_euros(FRIDAY), 0)
            ], mart


@pytest.mark.long
def test_days_of_an_outage_are_computed_again_by_themselves_when_the_api_returns(
    tmp_path: Path,
) -> None:
    with StandIn() as stand_in, Installation(tmp_path / "home", [BAZAAR]) as made:
        live = {
            "SALES_ASSETS_EXCHANGE_RATES": "live",
            "SALES_ASSETS_EXCHANGE_RATES_URL": stand_in.url,
        }

        def sales() -> list[tuple[Any, ...]]:
            try:
                return made.query(SALES)
            except Exception:  # noqa: BLE001  # there is no warehouse, or no such table yet
                return []

        with serving(made, settings=live):
            sell(made, THURSDAY)
            current = [(THURSDAY, "current", THURSDAY, in_euros(THURSDAY))]
            until("the sale before the outage", lambda: sales() == current, 300)

            stand_in.stop()
            # The month's answer is known, so the day has to be of another one.
            sell(made, "2024-03-01")
            last = "2024-02-29"
            stale = [("2024-03-01", "stale", last, in_euros(last))]
            until("the sale of the outage", lambda: sales() == current + stale, 400)

            stand_in.start()
            good = [("2024-03-01", "current", "2024-03-01", in_euros("2024-03-01"))]
            until("the sale made good", lambda: sales() == current + good, 600)
            under_way = dg.RunsFilter(statuses=NOT_FINISHED_STATUSES)
            until("the end of all runs", lambda: not made.instance.get_runs(under_way), 180)
            failed = made.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
        assert [failure_reasons(made.instance, run) for run in failed] == []
