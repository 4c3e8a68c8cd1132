"""Whatever comes in whatever order, drops, rates, outages or builds of some of the models: once the
rates are there, one run of any day ends with the tables of a build from scratch."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from sales_assets.partitions import DAY, Window
from sales_assets_tests.frankfurter.server import StandIn
from sales_assets_tests.harness import Installation
from sales_assets_tests.pipeline.rates import asking, last_rate, refresh

FIRST, LAST = date(2024, 1, 29), date(2024, 2, 9)
DAYS = list(Window(FIRST, LAST + DAY).days())
CONVERTED = ("core.fct_sales", "marts.daily_revenue", "marts.revenue_by_product")
"""With all that a changed rate touches; customers are of the other tests."""


class Story:
    """An installation, and what happens to it."""

    def __init__(self, made: Installation, stand_in: StandIn, seed: int) -> None:
        self._made = made
        self._stand_in = stand_in
        self._chance = random.Random(seed)
        self.drops: dict[date, str] = {}
        self.told: list[str] = []

    def go_on(self) -> None:
        """Let something happen."""
        happening = self._chance.choice(
            [
                self.drop,
                self.drop,
                self.drop,
                self.publish,
                self.rates,
                self.some_models,
                self.leave,
            ]
        )
        happening()

    def drop(self) -> None:
        """A day's sales, late ones among them, come or are restated, and are built."""
        day = self._chance.choice(DAYS)
        lines = [
            f"{n},{day - timedelta(days=self._chance.randrange(4))},{self._chance.randint(1, 99)},"
            f"{self._chance.choice(['EUR', 'USD', 'GBP'])}"
            for n in range(self._chance.randrange(1, 4))
        ]
        self.drops[day] = "\n".join(["order,sold_on,price,paid_in", *lines, ""])
        self._made.write_drop("bazaar", f"{day}.csv", self.drops[day])
        self.told.append(f"drop {day} {lines}")
        self._made.materialize(str(day), str(day))

    def publish(self) -> None:
        """The API knows publications up to some day."""
        until = self._chance.choice(DAYS)
        self.told.append(f"publish until {until}")
        self._stand_in.publish_until(until)

    def rates(self) -> None:
        """Rates of some days are asked for, and nothing is built."""
        first, last = sorted(self._chance.choices(DAYS, k=2))
        self.told.append(f"rates {first}..{last}")
        refresh(self._made, str(first), str(last))

    def some_models(self) -> None:
        """A build ends after the first models, as one that is killed does."""
        day = str(self._chance.choice(DAYS))
        self.told.append(f"some models {day}")
        self._build(day, [dg.AssetKey(["core", "fct_sales"])])

    def leave(self) -> None:
        """The API goes away, or comes back."""
        self.told.append("leave or come")
        try:
            self._stand_in.start()
        except RuntimeError:
            self._stand_in.stop()

    def end(self) -> None:
        """All rates are there, those of known days are asked for, and one day is built."""
        self._stand_in.publish_until(None)
        with suppress(RuntimeError):  # it is there
            self._stand_in.start()
        refresh(self._made, str(FIRST), str(LAST))
        self._build(str(self._chance.choice(DAYS)), None)

    def _build(self, day: str, keys: list[dg.AssetKey] | None) -> None:
        models = [
            key
            for key in self._made.definitions.resolve_asset_graph().materializable_asset_keys
            if key.path[0] in {"staging", "core", "marts"}
        ]
        staging = [key for key in models if key.path[0] == "staging"]
        job = self._made.definitions.resolve_implicit_global_asset_job_def()
        job.execute_in_process(
            instance=self._made.instance,
            asset_selection=models if keys is None else [*staging, *keys],
            tags={"dagster/partition": day},
        )


def converted(made: Installation) -> dict[str, list[tuple[object, ...]]]:
    return {table: made.query(f"SELECT * FROM {table} ORDER BY ALL") for table in CONVERTED}


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
def test_the_tables_are_those_of_a_build_from_scratch(tmp_path: Path, seed: int) -> None:
    with StandIn() as stand_in, asking(tmp_path / "told", stand_in, attempts=1) as made:
        story = Story(made, stand_in, seed)
        story.drop()
        for _ in range(9):
            story.go_on()
        story.end()
        with asking(tmp_path / "scratch", stand_in) as scratch:
            for day, text in story.drops.items():
                scratch.write_drop("bazaar", f"{day}.csv", text)
            scratch.materialize(str(FIRST), str(LAST))
            assert converted(made) == converted(scratch), story.told
        states = made.query("SELECT DISTINCT rate_state FROM fct_sales")
        assert {state for (state,) in states} <= {"current", "same_currency"}
        [(worst,)] = made.query(
            "SELECT coalesce(max(abs(reporting_net_amount * currency_rate - net_amount)), 0) "
            "FROM fct_sales WHERE rate_state = 'current'"
        )
        assert worst < 1e-8
        for day, currency, rate in made.query(
            "SELECT DISTINCT order_date, currency, currency_rate FROM fct_sales "
            "WHERE rate_state = 'current'"
        ):
            assert rate == last_rate(currency, day)[1]


def test_a_late_sale_of_a_day_whose_rate_came_after_others_reaches_the_marts(
    tmp_path: Path,
) -> None:
    """The drop of 7 February has orders of the 5th and the 6th; their rates come one by one."""
    with StandIn() as stand_in, asking(tmp_path / "home", stand_in) as made:
        stand_in.publish_until(date(2024, 2, 1))
        lines = ["1,2024-02-05,100,USD", "2,2024-02-06,100,USD"]
        text = "\n".join(["order,sold_on,price,paid_in", *lines, ""])
        made.write_drop("bazaar", "2024-02-07.csv", text)
        made.materialize("2024-02-01", "2024-02-07")
        stand_in.publish_until(None)
        for day in ("2024-02-06", "2024-02-05"):
            made.materialize(day, day, layers=["rates"])
        assert made.query("SELECT sum(stale_rate_lines) FROM daily_revenue") == [(0,)]
        assert made.query(
            "SELECT sum(reporting_net_revenue) - (SELECT sum(reporting_net_amount) FROM fct_sales) "
            "FROM daily_revenue"
        ) == [(0,)]


def test_a_day_that_cannot_be_built_stops_no_other(tmp_path: Path) -> None:
    with StandIn() as stand_in, asking(tmp_path / "home", stand_in) as made:
        for day in ("2024-02-01", "2024-02-05", "2024-02-06"):
            sold = f"order,sold_on,price,paid_in\n1,{day},100,USD\n"
            made.write_drop("bazaar", f"{day}.csv", sold)
        made.materialize("2024-02-01", "2024-02-01")
        made.materialize("2024-02-05", "2024-02-06", marts=False)
        with duckdb.connect(str(made.settings.warehouse_file)) as connection:
            connection.execute(
                "UPDATE main.revenue SET kind = 'gift' WHERE partition_date = '2024-02-05'"
            )
        failed = made.materialize("2024-02-05", "2024-02-05", layers=[], raise_on_error=False)
        assert not failed.success
        assert made.materialize("2024-02-06", "2024-02-06", layers=[]).success
        assert made.query("SELECT order_date::VARCHAR FROM daily_revenue") == [
            ("2024-02-01",),
            ("2024-02-06",),
        ]


def test_marts_that_were_not_built_after_their_sales_are_built_by_the_next_run(
    tmp_path: Path,
) -> None:
    with StandIn() as stand_in, asking(tmp_path / "home", stand_in) as made:
        story = Story(made, stand_in, 0)
        stand_in.publish_until(date(2024, 2, 1))
        sold = "order,sold_on,price,paid_in\n1,2024-02-05,100,USD\n"
        made.write_drop("bazaar", "2024-02-05.csv", sold)
        made.materialize("2024-02-01", "2024-02-05")
        stand_in.publish_until(None)
        refresh(made, "2024-02-05", "2024-02-05")
        story._build("2024-02-05", [dg.AssetKey(["core", "fct_sales"])])
        stale = "SELECT sum(stale_rate_lines) FROM daily_revenue"
        assert made.query(stale) == [(1,)], "the mart is as it was"
        story._build("2024-02-09", None)
        assert made.query(stale) == [(0,)]
